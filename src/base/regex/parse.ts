import type { Range, RegexNode } from './ast.ts'
import { foldRanges, negateRanges, normalizeRanges, PERL_CLASSES, POSIX_CLASSES } from './classes.ts'

/** Thrown inside the parser where a pattern uses what the tree does not cover. */
class NotCovered extends Error {}

interface Flags {
  fold: boolean
  dotAll: boolean
  multiLine: boolean
  swapGreed: boolean
}

const ESCAPED_CHARS: Record<string, number> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 }

/**
 * Parses a pattern that RE2 accepts; what RE2 refuses must have been refused before. `undefined` for the few
 * constructs the tree does not cover (Unicode classes, folding beyond ASCII): those go to the other engine.
 */
export function parsePattern(source: string): RegexNode | undefined {
  try {
    return new PatternParser(source).parse()
  } catch (thrown) {
    if (thrown instanceof NotCovered) return undefined
    throw thrown
  }
}

class PatternParser {
  readonly #chars: readonly string[]
  #at = 0
  #flags: Flags = { fold: false, dotAll: false, multiLine: false, swapGreed: false }

  constructor(source: string) {
    this.#chars = [...source]
  }

  parse(): RegexNode {
    const node = this.#alternation()
    if (this.#at < this.#chars.length) throw new NotCovered()
    return node
  }

  #peek(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.#chars[this.#at + i] !== text[i]) return false
    return true
  }

  #accept(text: string): boolean {
    if (!this.#peek(text)) return false
    this.#at += text.length
    return true
  }

  #take(): string {
    const char = this.#chars[this.#at++]
    if (char === undefined) throw new NotCovered()
    return char
  }

  #alternation(): RegexNode {
    const parts = [this.#concatenation()]
    while (this.#accept('|')) parts.push(this.#concatenation())
    return parts.length === 1 ? parts[0] : { kind: 'alternate', parts }
  }

  #concatenation(): RegexNode {
    const parts: RegexNode[] = []
    while (this.#at < this.#chars.length && !this.#peek('|') && !this.#peek(')')) {
      const atom = this.#atom()
      if (atom === undefined) continue
      // Text between \Q and \E comes in one; a repeat applies to its last character.
      const before = parts.length
      parts.push(...(Array.isArray(atom) ? atom : [atom as RegexNode]))
      if (parts.length > before) parts.push(this.#repeats(parts.pop() as RegexNode))
    }
    return joinLiterals(parts)
  }

  /** One atom, several characters, or nothing where only flags changed. */
  #atom(): RegexNode | RegexNode[] | undefined {
    const char = this.#take()
    switch (char) {
      case '(':
        return this.#group()
      case '[':
        return this.#bracket()
      case '.':
        return { kind: 'any', newline: this.#flags.dotAll }
      case '^':
        return { kind: 'assert', what: this.#flags.multiLine ? 'beginLine' : 'begin' }
      case '$':
        return { kind: 'assert', what: this.#flags.multiLine ? 'endLine' : 'end' }
      case '\\':
        return this.#escape()
      default:
        return this.#literal(char)
    }
  }

  #literal(char: string): RegexNode {
    if (!this.#flags.fold) return { kind: 'literal', text: char, fold: false }
    const code = char.codePointAt(0) ?? 0
    if (code > 0x7f) throw new NotCovered()
    return { kind: 'literal', text: char, fold: /[a-zA-Z]/.test(char) }
  }

  #group(): RegexNode | undefined {
    const outer = { ...this.#flags }
    let captures = true
    if (this.#accept('?P<') || this.#accept('?<')) {
      while (this.#take() !== '>');
    } else if (this.#accept('?')) {
      captures = false
      if (!this.#flagsUpTo()) return undefined
    }
    const body = this.#alternation()
    if (!this.#accept(')')) throw new NotCovered()
    this.#flags = outer
    return captures ? { kind: 'capture', body } : body
  }

  /** Reads `i-s:` or `i-s)`. Returns whether a body follows. */
  #flagsUpTo(): boolean {
    let value = true
    for (;;) {
      const char = this.#take()
      if (char === ':') return true
      if (char === ')') return false
      if (char === '-') value = false
      else if (char === 'i') this.#flags.fold = value
      else if (char === 's') this.#flags.dotAll = value
      else if (char === 'm') this.#flags.multiLine = value
      else if (char === 'U') this.#flags.swapGreed = value
      else throw new NotCovered()
    }
  }

  #repeats(node: RegexNode): RegexNode {
    for (;;) {
      const bounds = this.#bounds()
      if (bounds === undefined) return node
      const lazy = this.#accept('?') !== this.#flags.swapGreed
      node = { kind: 'repeat', min: bounds[0], max: bounds[1], lazy, body: node }
    }
  }

  #bounds(): [number, number] | undefined {
    if (this.#accept('*')) return [0, Number.POSITIVE_INFINITY]
    if (this.#accept('+')) return [1, Number.POSITIVE_INFINITY]
    if (this.#accept('?')) return [0, 1]
    if (!this.#peek('{')) return undefined
    const rest = this.#chars.slice(this.#at, this.#at + 12).join('')
    const match = /^\{(\d+)(,(\d*))?\}/.exec(rest)
    if (match === null) return undefined
    this.#at += match[0].length
    const min = Number(match[1])
    if (match[2] === undefined) return [min, min]
    return [min, match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3])]
  }

  #escape(): RegexNode | RegexNode[] {
    const char = this.#take()
    switch (char) {
      case 'A':
        return { kind: 'assert', what: 'begin' }
      case 'z':
        return { kind: 'assert', what: 'end' }
      case 'b':
        return { kind: 'assert', what: 'word' }
      case 'B':
        return { kind: 'assert', what: 'notWord' }
      case 'Q': {
        const out: RegexNode[] = []
        while (this.#at < this.#chars.length && !this.#accept('\\E')) out.push(this.#literal(this.#take()))
        return out
      }
    }
    const ranges = this.#perlClass(char)
    if (ranges !== undefined) return { kind: 'class', ranges: this.#folded(ranges) }
    return this.#literal(String.fromCodePoint(this.#escapedChar(char)))
  }

  #perlClass(char: string): Range[] | undefined {
    const positive = PERL_CLASSES.get(char)
    if (positive !== undefined) return [...positive]
    const negative = PERL_CLASSES.get(char.toLowerCase())
    if (negative !== undefined) return negateRanges(negative)
    if (char === 'p' || char === 'P' || char === 'C') throw new NotCovered()
    return undefined
  }

  /** The perl classes are closed under ASCII folding, but for the two letters that fold beyond it. */
  #folded(ranges: Range[]): Range[] {
    if (!this.#flags.fold) return ranges
    return ranges.some(([, to]) => to > 0x7f) ? notCovered() : (foldRanges(ranges) ?? notCovered())
  }

  /** The code point that an escape spells, its first character taken. */
  #escapedChar(char: string): number {
    const simple = ESCAPED_CHARS[char]
    if (simple !== undefined) return simple
    if (/[0-7]/.test(char)) {
      let digits = char
      while (digits.length < 3 && /[0-7]/.test(this.#chars[this.#at] ?? '')) digits += this.#take()
      return Number.parseInt(digits, 8)
    }
    if (char === 'x') {
      if (!this.#accept('{')) return Number.parseInt(this.#take() + this.#take(), 16)
      let digits = ''
      while (!this.#accept('}')) digits += this.#take()
      return Number.parseInt(digits, 16)
    }
    if (/[A-Za-z0-9]/.test(char)) throw new NotCovered()
    return char.codePointAt(0) ?? 0
  }

  #bracket(): RegexNode {
    const negated = this.#accept('^')
    let ranges: Range[] = []
    for (let first = true; first || !this.#peek(']'); first = false) {
      const posix = this.#posixClass() ?? this.#perlInBracket()
      if (posix !== undefined) {
        ranges.push(...posix)
        continue
      }
      const from = this.#bracketChar()
      let to = from
      if (this.#peek('-') && this.#chars[this.#at + 1] !== ']') {
        this.#take()
        to = this.#bracketChar()
      }
      ranges.push([from, to])
    }
    this.#take()
    ranges = normalizeRanges(ranges)
    if (this.#flags.fold) ranges = foldRanges(ranges) ?? notCovered()
    // In RE2 a negated class leaves the newline out only if it is named.
    return { kind: 'class', ranges: negated ? negateRanges(ranges) : ranges }
  }

  #posixClass(): Range[] | undefined {
    if (!this.#peek('[:')) return undefined
    const match = /^\[:(\^?)([a-z]+):\]/.exec(this.#chars.slice(this.#at, this.#at + 12).join(''))
    const ranges = match === null ? undefined : POSIX_CLASSES.get(match[2])
    if (match === null || ranges === undefined) return undefined
    this.#at += match[0].length
    return match[1] === '^' ? negateRanges(normalizeRanges(ranges)) : [...ranges]
  }

  #perlInBracket(): Range[] | undefined {
    if (!this.#peek('\\')) return undefined
    const ranges = this.#perlClass(this.#chars[this.#at + 1] ?? '')
    if (ranges !== undefined) this.#at += 2
    return ranges
  }

  #bracketChar(): number {
    const char = this.#take()
    return char === '\\' ? this.#escapedChar(this.#take()) : (char.codePointAt(0) ?? 0)
  }
}

function notCovered(): never {
  throw new NotCovered()
}

/** One node for the parts; neighbouring characters of one kind become one literal. */
export function joinLiterals(parts: readonly RegexNode[]): RegexNode {
  const joined: RegexNode[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (part.kind === 'empty') continue
    if (part.kind === 'literal' && last?.kind === 'literal' && last.fold === part.fold) {
      joined[joined.length - 1] = { kind: 'literal', text: last.text + part.text, fold: part.fold }
    } else if (part.kind === 'concat') joined.push(...part.parts)
    else joined.push(part)
  }
  if (joined.length === 0) return { kind: 'empty' }
  return joined.length === 1 ? joined[0] : { kind: 'concat', parts: joined }
}
