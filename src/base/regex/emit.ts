import { canBeEmpty, type Range, type RegexNode } from './ast.ts'
import { foldRanges } from './classes.ts'

/** Counted repeats that V8's linear engine still takes. */
const MAX_COUNT = 16
/** Nodes beyond which a pattern is better left to the other engine. */
const MAX_NODES = 2000

const ASTRAL = '[\\ud800-\\udbff][\\udc00-\\udfff]'

/** A pattern for V8. */
export interface EmittedPattern {
  /** The text of a RegExp without flags. */
  readonly source: string
  /** Whether captures and the extent of a match are RE2's; if not, only whether there is a match is. */
  readonly exact: boolean
}

/**
 * Writes a tree as a RegExp without flags, the only kind that V8's linear fallback protects. `undefined` for
 * patterns that it would not protect, or that are known to be slow there.
 */
export function emitPattern(node: RegexNode): EmittedPattern | undefined {
  const survey: Survey = { nodes: 0, unbounded: 0, exact: true, eligible: true }
  look(node, survey, 1)
  if (!survey.eligible || survey.nodes > MAX_NODES) return undefined
  if (survey.unbounded > 1 && !startsFirmly(node)) return undefined
  return { source: emit(node), exact: survey.exact }
}

interface Survey {
  nodes: number
  unbounded: number
  exact: boolean
  eligible: boolean
}

function look(node: RegexNode, survey: Survey, counted: number): void {
  survey.nodes++
  switch (node.kind) {
    case 'assert':
      // These need a look-ahead, or see the middle of a surrogate pair.
      if (node.what === 'endLine' || node.what === 'notWord') survey.eligible = false
      break
    case 'class':
      if (!coversAstralWhollyOrNot(node.ranges)) survey.eligible = false
      break
    case 'capture':
      look(node.body, survey, counted)
      break
    case 'concat':
    case 'alternate':
      for (const part of node.parts) look(part, survey, counted)
      break
    case 'repeat': {
      const bound = node.max === Number.POSITIVE_INFINITY ? node.min : node.max
      const product = counted * Math.max(1, bound)
      if (product > MAX_COUNT) survey.eligible = false
      if (node.max === Number.POSITIVE_INFINITY) survey.unbounded++
      if (canBeEmpty(node.body) || (node.max > 1 && hasCapture(node.body))) survey.exact = false
      look(node.body, survey, product)
      break
    }
  }
}

function hasCapture(node: RegexNode): boolean {
  switch (node.kind) {
    case 'capture':
      return true
    case 'concat':
    case 'alternate':
      return node.parts.some(hasCapture)
    case 'repeat':
      return hasCapture(node.body)
    default:
      return false
  }
}

/** Whether matches can begin at few places: at the start of the text, or at a literal. */
function startsFirmly(node: RegexNode): boolean {
  switch (node.kind) {
    case 'assert':
      return node.what === 'begin'
    case 'literal':
      return node.text.length > 0
    case 'capture':
      return startsFirmly(node.body)
    case 'concat':
      return startsFirmly(node.parts[0])
    case 'alternate':
      return node.parts.every(startsFirmly)
    default:
      return false
  }
}

function coversAstralWhollyOrNot(ranges: readonly Range[]): boolean {
  const astral = ranges.filter(([, to]) => to > 0xffff)
  return astral.length === 0 || (astral.length === 1 && astral[0][0] <= 0x10000 && astral[0][1] === 0x10ffff)
}

function emit(node: RegexNode): string {
  switch (node.kind) {
    case 'empty':
      return '(?:)'
    case 'literal':
      return [...node.text].map((char) => (node.fold ? emitFolded(char) : emitChar(char))).join('')
    case 'class':
      return emitClass(node.ranges)
    case 'any':
      return node.newline ? `(?:[^\\ud800-\\udfff]|${ASTRAL})` : `(?:[^\\n\\ud800-\\udfff]|${ASTRAL})`
    case 'assert':
      return ASSERTIONS[node.what]
    case 'capture':
      return `(${emit(node.body)})`
    case 'concat':
      return node.parts.map((part) => (part.kind === 'alternate' ? `(?:${emit(part)})` : emit(part))).join('')
    case 'alternate':
      return node.parts.map(emit).join('|')
    case 'repeat': {
      const { min, max, lazy, body } = node
      return `(?:${emit(body)})${quantifier(min, max)}${lazy ? '?' : ''}`
    }
  }
}

const ASSERTIONS = {
  begin: '^',
  end: '$',
  beginLine: '(?<![^\\n])',
  endLine: '(?![^\\n])',
  word: '\\b',
  notWord: '\\B',
} as const

function quantifier(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`
  if (min === 0 && max === 1) return '?'
  return min === max ? `{${min}}` : `{${min},${max}}`
}

function emitChar(char: string): string {
  const code = char.codePointAt(0) ?? 0
  if (code > 0xffff) return `(?:${escapeUnit(char.charCodeAt(0))}${escapeUnit(char.charCodeAt(1))})`
  return /[A-Za-z0-9 _]/.test(char) ? char : escapeUnit(code)
}

function emitFolded(char: string): string {
  const code = char.charCodeAt(0)
  return emitClass(foldRanges([[code, code]]) ?? [[code, code]])
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`
}

function emitClass(ranges: readonly Range[]): string {
  let inside = ''
  let astral = false
  const add = (from: number, to: number): void => {
    if (from > to) return
    inside += from === to ? escapeUnit(from) : `${escapeUnit(from)}-${escapeUnit(to)}`
  }
  for (const [from, to] of ranges) {
    if (to > 0xffff) astral = true
    // Surrogates are only ever halves of pairs.
    add(from, Math.min(to, 0xd7ff))
    add(Math.max(from, 0xe000), Math.min(to, 0xffff))
  }
  const unit = inside === '' ? '[]' : `[${inside}]`
  return astral ? `(?:${unit}|${ASTRAL})` : unit
}
