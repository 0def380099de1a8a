import type { RegexNode } from '#base/regex/ast.ts'
import { joinLiterals } from '#base/regex/parse.ts'

/**
 * What Loki makes of a pattern before it matches anything: simple ones become comparisons of text, on the way
 * losing their anchors and every alternative that always matches. Answers depend on it.
 */
export type Leg =
  | { readonly kind: 'always' }
  | { readonly kind: 'nonEmpty' }
  /** The pattern is this text: equal to it in a label filter, containing it in a line filter. */
  | { readonly kind: 'text'; readonly text: string; readonly fold: boolean }
  /** The pattern is text with `.*` around it. */
  | { readonly kind: 'contains'; readonly text: string; readonly fold: boolean }

/**
 * The alternatives that a pattern comes down to, of which one must hold; `undefined` where it stays a
 * pattern.
 */
export function regexLegs(node: RegexNode): readonly Leg[] | undefined {
  const legs = legsOf(factor(node))
  if (legs === undefined) return undefined
  const telling = legs.filter((leg) => leg.kind !== 'always')
  return telling.length === 0 ? [{ kind: 'always' }] : telling
}

function legsOf(node: RegexNode): Leg[] | undefined {
  switch (node.kind) {
    case 'empty':
      return [{ kind: 'always' }]
    case 'literal':
      return [{ kind: 'text', text: node.text, fold: node.fold }]
    case 'capture':
      return legsOf(node.body)
    case 'repeat':
      if (isAnyStar(node)) return [{ kind: 'always' }]
      return isAny(node.body) && node.min === 1 && node.max === Number.POSITIVE_INFINITY
        ? [{ kind: 'nonEmpty' }]
        : undefined
    case 'alternate': {
      const legs = node.parts.map(legsOf)
      return legs.includes(undefined) ? undefined : legs.flatMap((leg) => leg ?? [])
    }
    case 'concat':
      return concatLegs(node.parts.map(uncapture))
    default:
      return undefined
  }
}

/** At most three parts: any number of `.*`, one literal, and alternatives only behind the literal. */
function concatLegs(parts: readonly RegexNode[]): Leg[] | undefined {
  const telling = parts.filter((part) => part.kind !== 'empty')
  if (telling.length > 3) return undefined
  let texts: { text: string; fold: boolean }[] | undefined
  for (const part of telling) {
    if (part.kind === 'repeat' && isAnyStar(part)) continue
    if (part.kind === 'literal') {
      if (texts !== undefined) return undefined
      texts = [{ text: part.text, fold: part.fold }]
    } else if (part.kind === 'alternate') {
      if (texts === undefined) return undefined
      texts = multiply(texts, part.parts)
      if (texts === undefined) return undefined
    } else return undefined
  }
  return texts?.map(({ text, fold }) => ({ kind: 'contains', text, fold }))
}

function multiply(
  texts: readonly { text: string; fold: boolean }[],
  alternatives: readonly RegexNode[],
): { text: string; fold: boolean }[] | undefined {
  const out: { text: string; fold: boolean }[] = []
  for (const before of texts) {
    for (const alternative of alternatives.map(uncapture)) {
      if (alternative.kind === 'empty') out.push(before)
      else if (alternative.kind === 'literal' && alternative.fold === before.fold) {
        out.push({ text: before.text + alternative.text, fold: before.fold })
      } else return undefined
    }
  }
  return out
}

function uncapture(node: RegexNode): RegexNode {
  return node.kind === 'capture' ? uncapture(node.body) : node
}

function isAny(node: RegexNode): boolean {
  return node.kind === 'any'
}

function isAnyStar(node: RegexNode & { kind: 'repeat' }): boolean {
  return isAny(node.body) && node.min === 0 && node.max === Number.POSITIVE_INFINITY
}

/**
 * Takes out common prefixes of neighbouring alternatives, and joins single characters to a class, as Go's
 * parser does.
 */
function factor(node: RegexNode): RegexNode {
  switch (node.kind) {
    case 'capture':
      return { kind: 'capture', body: factor(node.body) }
    case 'repeat':
      return { ...node, body: factor(node.body) }
    case 'concat':
      return joinLiterals(node.parts.map(factor))
    case 'alternate':
      return factorAlternatives(node.parts.map(factor))
    default:
      return node
  }
}

function factorAlternatives(parts: readonly RegexNode[]): RegexNode {
  const grouped: RegexNode[] = []
  for (let i = 0; i < parts.length; ) {
    let prefix = leadingText(parts[i])
    let end = i + 1
    while (end < parts.length && prefix !== '') {
      const common = commonPrefix(
        prefix,
        leadingText(parts[end]),
        leadingFold(parts[i]) === leadingFold(parts[end]),
      )
      if (common === '') break
      prefix = common
      end++
    }
    if (end === i + 1) grouped.push(parts[i])
    else {
      const rest = factorAlternatives(parts.slice(i, end).map((part) => withoutPrefix(part, prefix)))
      const head: RegexNode = { kind: 'literal', text: prefix, fold: leadingFold(parts[i]) }
      grouped.push(joinLiterals([head, rest]))
    }
    i = end
  }
  return joinCharacters(grouped)
}

function leadingText(node: RegexNode): string {
  if (node.kind === 'literal') return node.text
  return node.kind === 'concat' ? leadingText(node.parts[0]) : ''
}

function leadingFold(node: RegexNode): boolean {
  if (node.kind === 'literal') return node.fold
  return node.kind === 'concat' && leadingFold(node.parts[0])
}

function commonPrefix(a: string, b: string, sameFold: boolean): string {
  if (!sameFold) return ''
  let length = 0
  while (length < a.length && length < b.length && a[length] === b[length]) length++
  return a.slice(0, length)
}

function withoutPrefix(node: RegexNode, prefix: string): RegexNode {
  if (node.kind === 'literal') {
    const text = node.text.slice(prefix.length)
    return text === '' ? { kind: 'empty' } : { ...node, text }
  }
  if (node.kind !== 'concat') return node
  return joinLiterals([withoutPrefix(node.parts[0], prefix), ...node.parts.slice(1)])
}

/** Runs of single characters and classes become one class. */
function joinCharacters(parts: readonly RegexNode[]): RegexNode {
  const out: RegexNode[] = []
  for (const part of parts) {
    const last = out.at(-1)
    const ranges = characterRanges(part)
    const lastRanges = last === undefined ? undefined : characterRanges(last)
    if (ranges !== undefined && lastRanges !== undefined) {
      out[out.length - 1] = { kind: 'class', ranges: [...lastRanges, ...ranges] }
    } else if (part.kind !== 'empty' || last?.kind !== 'empty') out.push(part)
  }
  return out.length === 1 ? out[0] : { kind: 'alternate', parts: out }
}

function characterRanges(node: RegexNode): readonly (readonly [number, number])[] | undefined {
  if (node.kind === 'class') return node.ranges
  if (node.kind !== 'literal' || node.fold || [...node.text].length !== 1) return undefined
  const code = node.text.codePointAt(0) ?? 0
  return [[code, code]]
}
