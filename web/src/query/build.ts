import { quoteRegex, quoteString, regexAlternatives } from './quote.ts'
import { type LogQuery, type Matcher, type Stage, scanLogQuery } from './scan.ts'

/** Where a field lives, which decides how a query can filter on it. */
export type FieldSource = 'label' | 'metadata' | 'parsed' | 'json' | 'logfmt'

/** A condition on one field: `=` only this, `!=` not this. */
export interface FieldCondition {
  readonly source: FieldSource
  readonly name: string
  readonly op: '=' | '!='
  readonly value: string
}

/**
 * The query with a condition added. A stream label goes into the selector; anything else becomes a label
 * filter, after the parser that makes the field. Returns null where the query cannot be taken apart
 * (metric queries).
 */
export function addCondition(query: string, condition: FieldCondition): string | null {
  if (condition.source === 'label') return addMatcher(query, condition.name, condition.op, condition.value)
  const needs = condition.source === 'json' || condition.source === 'logfmt' ? condition.source : null
  const parsed = needs === null ? query : ensureParser(query, needs)
  return parsed === null ? null : addLabelFilter(parsed, condition.name, condition.op, condition.value)
}

/**
 * Adds a matcher; `=` replaces what the selector said about this label, `!=` stands beside other
 * exclusions.
 */
export function addMatcher(query: string, name: string, op: '=' | '!=', value: string): string | null {
  const parts = scanLogQuery(query)
  if (parts === null) return null
  const rest = parts.matchers.filter((m) => m.name !== name || (op === '!=' && keepsBeside(m, value)))
  return withMatchers(query, parts, [...rest.map(printMatcher), `${name}${op}${quoteString(value)}`])
}

/** Whether `name!=value` adds something to the matcher; it drops a `=` on the value it contradicts. */
function keepsBeside(matcher: Matcher, value: string): boolean {
  return matcher.value !== value || (matcher.op !== '=' && matcher.op !== '!=')
}

/** The values a label is held to by `=` or by an alternation this page wrote; empty if it is free. */
export function selectedValues(query: string, name: string): string[] {
  const matcher = scanLogQuery(query)?.matchers.find((m) => m.name === name && /^=~?$/.test(m.op))
  if (matcher === undefined) return []
  return matcher.op === '=' ? [matcher.value] : (regexAlternatives(matcher.value) ?? [])
}

/**
 * Holds a label to some values: none frees it, one is `=`, more are an alternation. A selector that would
 * match everything gets `anyOf=~".+"`, because Loki refuses a selector without a non-empty matcher.
 */
export function selectValues(query: string, name: string, values: readonly string[], anyOf: string): string {
  const parts = scanLogQuery(query)
  const rest = (parts?.matchers ?? []).filter(
    (m) => m.name !== name && !(m.name === anyOf && m.value === '.+'),
  )
  const matchers = rest.map(printMatcher)
  if (values.length === 1) matchers.unshift(`${name}=${quoteString(values[0] ?? '')}`)
  if (values.length > 1) matchers.unshift(`${name}=~${quoteString(values.map(quoteRegex).join('|'))}`)
  if (!rest.some(isPositive) && values.length === 0) matchers.unshift(`${anyOf}=~".+"`)
  return parts === null ? `{${matchers.join(', ')}}` : (withMatchers(query, parts, matchers) as string)
}

function isPositive(matcher: Matcher): boolean {
  return (matcher.op === '=' && matcher.value !== '') || (matcher.op === '=~' && matcher.value === '.+')
}

/** Adds a line filter behind those that are there, before anything that parses. */
export function addLineFilter(query: string, op: '|=' | '!=' | '|~' | '!~', text: string): string | null {
  const parts = scanLogQuery(query)
  if (parts === null) return null
  const same = (s: Stage) => s.kind === 'line' && s.op === op && s.value === text
  if (parts.stages.some(same)) return query
  const firstOther = parts.stages.findIndex((stage) => stage.kind !== 'line')
  const lines = firstOther < 0 ? parts.stages : parts.stages.slice(0, firstOther)
  const at = lines.at(-1)?.to ?? parts.selectorTo
  return insert(query, at, ` ${op} ${quoteString(text)}`)
}

/** Adds `| name="value"` at the end; the opposite condition on the same value and repeats go away. */
export function addLabelFilter(query: string, name: string, op: '=' | '!=', value: string): string | null {
  const parts = scanLogQuery(query)
  if (parts === null) return null
  const clashes = (s: Stage) =>
    s.kind === 'label' &&
    s.name === name &&
    (op === '=' ? /^=~?$/.test(s.op) || s.value === value : s.value === value)
  const cleaned = removeStages(query, parts.stages.filter(clashes))
  return insert(cleaned, endOf(cleaned), ` | ${name}${op}${quoteString(value)}`)
}

/** Makes a label match any of some values: one is `=`, more are `=~`; none removes the condition. */
export function setLabelFilter(query: string, name: string, values: readonly string[]): string | null {
  const parts = scanLogQuery(query)
  if (parts === null) return null
  const mine = (s: Stage) => s.kind === 'label' && s.name === name && /^=~?$/.test(s.op)
  const cleaned = removeStages(query, parts.stages.filter(mine))
  if (values.length === 0) return cleaned
  if (values.length === 1)
    return insert(cleaned, endOf(cleaned), ` | ${name}=${quoteString(values[0] ?? '')}`)
  const pattern = quoteString(values.map(quoteRegex).join('|'))
  return insert(cleaned, endOf(cleaned), ` | ${name}=~${pattern}`)
}

/** The values the pipeline holds a label to; empty if it is free. */
export function filteredValues(query: string, name: string): string[] {
  const mine = (s: Stage) => s.kind === 'label' && s.name === name && /^=~?$/.test(s.op)
  const stage = scanLogQuery(query)?.stages.find(mine)
  if (stage === undefined || stage.value === null) return []
  return stage.op === '=' ? [stage.value] : (regexAlternatives(stage.value) ?? [])
}

/** Appends the parser that makes a field, unless some parser of that kind is already there. */
export function ensureParser(query: string, parser: 'json' | 'logfmt'): string | null {
  const parts = scanLogQuery(query)
  if (parts === null) return null
  if (parts.stages.some((stage) => stage.kind === 'parser' && stage.name === parser)) return query
  return insert(query, endOf(query), ` | ${parser}`)
}

/** Whether the pipeline parses lines, so that a line may carry `__error__`. */
export function hasParser(query: string): boolean {
  return scanLogQuery(query)?.stages.some((stage) => stage.kind === 'parser') ?? false
}

/** The texts a line must contain, to be marked in the list. */
export function lineNeedles(query: string): string[] {
  const stages = scanLogQuery(query)?.stages ?? []
  return stages.flatMap((s) => (s.kind === 'line' && s.op === '|=' && s.value ? [s.value] : []))
}

/** The selector alone. */
export function selectorOf(query: string): string | null {
  const parts = scanLogQuery(query)
  return parts === null ? null : query.slice(parts.selectorFrom, parts.selectorTo)
}

/** The selector that matches exactly one stream. */
export function streamSelector(labels: Readonly<Record<string, string>>): string {
  const matchers = Object.entries(labels).map(([name, value]) => `${name}=${quoteString(value)}`)
  return `{${matchers.join(', ')}}`
}

function printMatcher(matcher: Matcher): string {
  return `${matcher.name}${matcher.op}${quoteString(matcher.value)}`
}

function withMatchers(query: string, parts: LogQuery, matchers: readonly string[]): string {
  const selector = `{${matchers.join(', ')}}`
  return query.slice(0, parts.selectorFrom) + selector + query.slice(parts.selectorTo)
}

function removeStages(query: string, stages: readonly Stage[]): string {
  let out = query
  for (const stage of stages.toReversed()) out = `${out.slice(0, stage.from).trimEnd()}${out.slice(stage.to)}`
  return out
}

function endOf(query: string): number {
  const parts = scanLogQuery(query)
  return parts?.stages.at(-1)?.to ?? parts?.selectorTo ?? query.length
}

function insert(query: string, at: number, text: string): string {
  return query.slice(0, at) + text + query.slice(at)
}
