import { type Token, tokenize } from './tokens.ts'

/** What may stand at a place of a query. `from` is where the text to replace begins. */
export type CompletionPlace =
  | {
      readonly kind: 'label-name' | 'field' | 'grouping' | 'expression' | 'matcher-op'
      readonly from: number
    }
  /** `parsed`: a parser stands before, so that fields are what is wanted next. */
  | { readonly kind: 'stage'; readonly from: number; readonly parsed: boolean }
  | {
      readonly kind: 'label-value'
      readonly from: number
      readonly label: string
      /** The other matchers of this selector, as a selector; empty if there are none. */
      readonly selector: string
      /** Whether the opening quote is already there. */
      readonly quoted: boolean
    }
  | { readonly kind: 'field-value'; readonly from: number; readonly field: string; readonly quoted: boolean }

/** Says what may be completed at an offset of a query; null where nothing may (inside a free string). */
export function completionPlace(query: string, at: number): CompletionPlace | null {
  const tokens = tokenize(query.slice(0, at))
  const last = tokens.at(-1)
  const typing = last !== undefined && last.to === at && (last.kind === 'word' || !last.closed) ? last : null
  const before = typing === null ? tokens : tokens.slice(0, -1)
  const from = typing?.from ?? at
  const open = lastOpenBrace(before)
  if (typing?.kind === 'string') return inString(before, open, from + 1)
  const previous = before.at(-1)
  if (open >= 0) return inSelector(before, open, from)
  if (previous === undefined) return { kind: 'expression', from }
  if (previous.text === '|') return { kind: 'stage', from, parsed: before.some(isParser) }
  if (isComparison(previous) && before.at(-2)?.kind === 'word') {
    return { kind: 'field-value', from, field: before.at(-2)?.text ?? '', quoted: false }
  }
  if (/^(and|or)$/i.test(previous.text) || (previous.text === ',' && inPipeline(before)))
    return { kind: 'field', from }
  if (inGrouping(before)) return { kind: 'grouping', from }
  if (previous.text === '(' || /^[-+*/%^]$/.test(previous.text)) return { kind: 'expression', from }
  return null
}

function isParser({ kind, text }: Token): boolean {
  return kind === 'word' && /^(json|logfmt|pattern|regexp|unpack)$/i.test(text)
}

function lastOpenBrace(tokens: readonly Token[]): number {
  for (let i = tokens.length - 1; i >= 0; i--) {
    if (tokens[i]?.text === '}') return -1
    if (tokens[i]?.text === '{') return i
  }
  return -1
}

function isComparison(token: Token): boolean {
  return ['=', '!=', '=~', '!~', '=='].includes(token.text)
}

function inSelector(before: readonly Token[], open: number, from: number): CompletionPlace | null {
  const previous = before.at(-1) as Token
  if (previous.text === '{' || previous.text === ',') return { kind: 'label-name', from }
  if (isComparison(previous)) return labelValue(before, open, from, false)
  return previous.kind === 'word' ? { kind: 'matcher-op', from } : null
}

function inString(before: readonly Token[], open: number, from: number): CompletionPlace | null {
  const op = before.at(-1)
  const name = before.at(-2)
  if (op === undefined || !isComparison(op) || name?.kind !== 'word') return null
  if (open >= 0) return labelValue(before, open, from, true)
  return { kind: 'field-value', from, field: name.text, quoted: true }
}

function labelValue(before: readonly Token[], open: number, from: number, quoted: boolean): CompletionPlace {
  const others = before.slice(open + 1, -2).map((token) => token.text)
  if (others.at(-1) === ',') others.pop()
  const label = before.at(-2)?.text ?? ''
  return {
    kind: 'label-value',
    from,
    label,
    selector: others.length === 0 ? '' : `{${others.join('')}}`,
    quoted,
  }
}

/** Between the `(` of `by (` or `without (` and its `)`. */
function inGrouping(tokens: readonly Token[]): boolean {
  for (let i = tokens.length - 1; i > 0; i--) {
    const text = tokens[i]?.text
    if (text === '(') return /^(by|without)$/i.test(tokens[i - 1]?.text ?? '')
    if (text !== ',' && tokens[i]?.kind !== 'word') return false
  }
  return false
}

/** Whether the last `|` is nearer than any parenthesis: a comma then joins label filters. */
function inPipeline(tokens: readonly Token[]): boolean {
  for (let i = tokens.length - 1; i >= 0; i--) {
    const text = tokens[i]?.text
    if (text === '(' || text === ')') return false
    if (text === '|') return true
  }
  return false
}
