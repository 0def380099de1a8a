import { unquoteString } from './quote.ts'
import { type Token, tokenize } from './tokens.ts'

/** A matcher of the stream selector, with its place in the query. */
export interface Matcher {
  readonly name: string
  readonly op: '=' | '!=' | '=~' | '!~'
  readonly value: string
  readonly from: number
  readonly to: number
}

/** A stage of the pipeline, with its place in the query. */
export interface Stage {
  /**
   * `line`: a line filter. `parser`: json, logfmt … `label`: one label comparison. `other`: everything
   * else.
   */
  readonly kind: 'line' | 'parser' | 'label' | 'other'
  /** Parsers: its keyword. Label comparisons: the label. Else empty. */
  readonly name: string
  /** Line filters and label comparisons: the operator. */
  readonly op: string
  /** Line filters and label comparisons with one string: its value; else null. */
  readonly value: string | null
  readonly from: number
  readonly to: number
}

/** A log query taken apart just far enough to add and remove filters. */
export interface LogQuery {
  readonly matchers: readonly Matcher[]
  /** Offsets of the selector's braces: `{` at `selectorFrom`, `}` at `selectorTo - 1`. */
  readonly selectorFrom: number
  readonly selectorTo: number
  readonly stages: readonly Stage[]
}

const LINE_OPS = new Set(['|=', '|~', '|>', '!=', '!~', '!>'])
const PARSERS = new Set(['json', 'logfmt', 'regexp', 'pattern', 'unpack'])

/**
 * Takes a log query apart. `null` for a metric query, a query in parentheses and text that is no query:
 * those are left to the person's own hands.
 */
export function scanLogQuery(query: string): LogQuery | null {
  const tokens = tokenize(query)
  if (tokens.some((token) => !token.closed)) return null
  const end = tokens.findIndex((token) => token.text === '}')
  if (tokens[0]?.text !== '{' || end < 0) return null
  const matchers = scanMatchers(tokens.slice(1, end))
  const stages = scanStages(tokens.slice(end + 1))
  if (matchers === null || stages === null) return null
  return { matchers, selectorFrom: tokens[0].from, selectorTo: (tokens[end] as Token).to, stages }
}

function scanMatchers(tokens: readonly Token[]): Matcher[] | null {
  const matchers: Matcher[] = []
  for (let i = 0; i < tokens.length; i += 4) {
    const [name, op, string, comma] = tokens.slice(i, i + 4)
    const value = string?.kind === 'string' ? unquoteString(string.text) : null
    if (name?.kind !== 'word' || string === undefined || value === null) return null
    if (op?.text !== '=' && op?.text !== '!=' && op?.text !== '=~' && op?.text !== '!~') return null
    if (comma !== undefined && comma.text !== ',') return null
    matchers.push({ name: name.text, op: op.text, value, from: name.from, to: string.to })
  }
  return matchers
}

function scanStages(tokens: readonly Token[]): Stage[] | null {
  const starts: number[] = []
  for (let i = 0; i < tokens.length; i++) if (startsStage(tokens, i)) starts.push(i)
  if (tokens.length > 0 && starts[0] !== 0) return null
  // A range `[5m]` or a bracket of a metric query around it: not a log query.
  if (tokens.some((token) => token.kind === 'op' && /[[\]{}]/.test(token.text))) return null
  return starts.map((start, n) => toStage(tokens.slice(start, starts[n + 1] ?? tokens.length)))
}

/** `!=` and `!~` start a line filter except where a label stands before them: `| status != "200"`. */
function startsStage(tokens: readonly Token[], i: number): boolean {
  const token = tokens[i] as Token
  if (token.kind !== 'op') return false
  if (token.text === '|') return true
  if (!LINE_OPS.has(token.text)) return false
  if (token.text !== '!=' && token.text !== '!~') return true
  const label = tokens[i - 1]
  const before = tokens[i - 2]
  if (label?.kind !== 'word' || before === undefined) return true
  const compares = ['|', ',', '('].includes(before.text) || /^(and|or)$/i.test(before.text)
  return !compares || /^(json|logfmt|unpack|decolorize)$/i.test(label.text)
}

function toStage(tokens: readonly Token[]): Stage {
  const first = tokens[0] as Token
  const place = { from: first.from, to: (tokens.at(-1) as Token).to }
  const [, second, third, fourth] = tokens
  if (first.text !== '|') {
    const value = tokens.length === 2 && second?.kind === 'string' ? unquoteString(second.text) : null
    return { kind: 'line', name: '', op: first.text, value, ...place }
  }
  const word = second?.kind === 'word' ? second.text.toLowerCase() : ''
  if (PARSERS.has(word)) return { kind: 'parser', name: word, op: '', value: null, ...place }
  const compared = tokens.length === 4 && fourth?.kind === 'string' ? unquoteString(fourth.text) : null
  if (second?.kind === 'word' && third !== undefined && compared !== null) {
    return { kind: 'label', name: second.text, op: third.text, value: compared, ...place }
  }
  return { kind: 'other', name: word, op: '', value: null, ...place }
}
