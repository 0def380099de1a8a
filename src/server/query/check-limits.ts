import { printGoDuration, printPrometheusDuration } from '#base/duration.ts'
import { compileRegex } from '#base/regex/regex.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { Limits } from '#config/schema/limits.ts'
import type { Expr, LogRange, Matcher } from '#logql/syntax/ast.ts'
import type { Bounds } from '../http/params.ts'
import { QueryError } from './query-error.ts'

/**
 * What is left of a window after `max_query_lookback`; `undefined` where all of it is too old, which is
 * answered with
 * nothing rather than an error.
 */
export function clampToLookback(bounds: Bounds, limits: Limits, nowMs: number): Bounds | undefined {
  if (limits.max_query_lookback === 0) return bounds
  const oldest: Timestamp = { ms: nowMs - limits.max_query_lookback, ns: 0 }
  if (bounds.end.ms < oldest.ms) return undefined
  return bounds.start.ms >= oldest.ms ? bounds : { start: oldest, end: bounds.end }
}

/** `max_query_length`: how much time a query may span. */
export function checkLength({ start, end }: Bounds, limits: Limits): void {
  const lengthMs = end.ms - start.ms
  if (limits.max_query_length === 0 || lengthMs <= limits.max_query_length) return
  const limit = printPrometheusDuration(limits.max_query_length)
  const length = printGoDuration(lengthMs)
  throw new QueryError(`the query time range exceeds the limit (query length: ${length}, limit: ${limit})`)
}

/** The limits that look at what a query says, in Loki's order. */
export function checkExpr(expr: Expr, text: string, limits: Limits, tags: ReadonlyMap<string, string>): void {
  if (limits.max_query_parallelism === 0 || limits.tsdb_max_query_parallelism === 0) {
    throw new QueryError('querying is disabled, please contact your Loki operator', 429)
  }
  const selectors: (readonly Matcher[])[] = []
  const ranges: LogRange[] = []
  collect(expr, selectors, ranges)
  checkMatchers(selectors, limits)
  if (limits.max_query_range > 0) {
    const longest = Math.max(0, ...ranges.map(({ rangeMs }) => rangeMs))
    if (longest > limits.max_query_range) {
      const [range, limit] = [longest, limits.max_query_range].map(printPrometheusDuration)
      throw new QueryError(`[interval] value exceeds limit: [${range}] > [${limit}]`)
    }
  }
  if (isBlocked(expr, text, limits, tags)) throw new QueryError('query blocked by policy')
}

function checkMatchers(selectors: readonly (readonly Matcher[])[], limits: Limits): void {
  const all = selectors.flat()
  const max = limits.max_streams_matchers_per_query
  if (max > 0 && all.length > max) {
    throw new QueryError(
      `max streams matchers per query exceeded, matchers-count > limit (${all.length} > ${max})`,
    )
  }
  for (const selector of selectors) checkSelectorLimits(selector, limits)
}

/** `required_labels` and `minimum_labels_number`, of one selector. */
export function checkSelectorLimits(selector: readonly { readonly name: string }[], limits: Limits): void {
  const present = selector.map(({ name }) => name)
  const missing = limits.required_labels.filter((name) => !present.includes(name))
  if (missing.length > 0) {
    const lists = `[${missing.join(' ')}], labels present in the query were [${present.join(' ')}]`
    throw new QueryError(`stream selector is missing required matchers ${lists}`)
  }
  const minimum = limits.minimum_labels_number
  if (present.length < minimum) {
    const counts =
      `(present: [${present.join(' ')}], number_present: ${present.length}, ` +
      `required_number_label_matchers: ${minimum})`
    throw new QueryError(`stream selector has less label matchers than required: ${counts}`)
  }
}

/** Every selector and range of a query. */
export function collect(expr: Expr, selectors: (readonly Matcher[])[], ranges: LogRange[]): void {
  switch (expr.kind) {
    case 'log':
      selectors.push(expr.matchers)
      return
    case 'rangeAgg':
      selectors.push(expr.range.log.matchers)
      ranges.push(expr.range)
      return
    case 'vectorAgg':
    case 'labelReplace':
      collect(expr.expr, selectors, ranges)
      return
    case 'binary':
      collect(expr.left, selectors, ranges)
      collect(expr.right, selectors, ranges)
      return
    default:
      return
  }
}

/** `blocked_queries`: the first rule that fits decides. */
function isBlocked(expr: Expr, text: string, limits: Limits, tags: ReadonlyMap<string, string>): boolean {
  return limits.blocked_queries.some(({ pattern, regex, hash, types, query_tags: wanted }) => {
    if (
      !Object.entries(wanted).every(([name, value]) => tags.get(name)?.toLowerCase() === value.toLowerCase())
    ) {
      return false
    }
    const kinds = types.split(',').filter((type) => type !== '')
    if (kinds.length > 0 && !kinds.includes(queryKind(expr))) return false
    if (hash !== 0) return hash === fnv32(text)
    if (pattern === '') return true
    if (!regex) return text.trim() === pattern.trim()
    return compileRegex(pattern).test(text)
  })
}

/** Loki's three kinds: `metric`, log queries with a `filter`, and `limited` ones without. */
function queryKind(expr: Expr): string {
  if (expr.kind !== 'log') return 'metric'
  return expr.stages.length > 0 ? 'filter' : 'limited'
}

/** FNV-1, 32 bits: how queries are named in Loki's own log lines. */
function fnv32(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = (Math.imul(hash, 0x01000193) ^ byte) >>> 0
  return hash
}
