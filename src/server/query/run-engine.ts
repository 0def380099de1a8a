import type { Limits } from '#config/schema/limits.ts'
import type { LokiConfig } from '#config/schema/root.ts'
import { queryInstant, queryRange } from '#logql/engine/engine.ts'
import type { InstantQuery, QueryResult, RangeQuery } from '#logql/engine/types.ts'
import { tooManySeries } from '#logql/metrics/too-many-series.ts'
import type { Expr, LogRange, MetricExpr } from '#logql/syntax/ast.ts'
import { collect } from './check-limits.ts'
import { isDivisible } from './divisible.ts'
import { engineLimits } from './engine-limits.ts'
import { answerFromTiles } from './instant-tiles.ts'
import type { QueryReuse } from './query-reuse.ts'
import { gridOf, type ReadSpan } from './range-reuse.ts'
import type { QueryCall } from './run-query.ts'

/** Runs a range query, for which the engine reads as little as what is known allows. */
export async function runRange(call: QueryCall, expr: Expr, query: RangeQuery): Promise<QueryResult> {
  const limits = engineLimits(call.limits)
  const compute = (part: RangeQuery, signal: AbortSignal): Promise<QueryResult> =>
    queryRange(call.store, call.tenant, part, limits, signal)
  const { reuse } = call
  if (reuse === undefined || isBypassed(call)) return await compute(query, call.signal)
  if (expr.kind === 'log') {
    const key = JSON.stringify(['log', call.tenant, query, limits])
    const { startMs, startNs, endMs, endNs, stepMs, parts, ...shape } = query
    const isKept = startMs > call.nowMs - call.keptMs && query.direction === 'backward' && mayKeepLines(query)
    const shapeKey = JSON.stringify([call.tenant, shape])
    return await share(call, reuse, key, query.endMs + 1, (signal) =>
      isKept
        ? reuse.logs.run(call.tenant, shapeKey, query, (part) => compute(part, signal))
        : compute(query, signal),
    )
  }
  const span = spanOf(expr)
  const { firstMs, lastMs } = gridOf(query)
  const isKept = span !== undefined && mayKeep(call, query, expr, firstMs - span.mostMs)
  const key = JSON.stringify(['range', call.tenant, query, limits])
  return await share(call, reuse, key, lastMs + 1 - (span?.leastMs ?? 0), async (signal) => {
    if (!isKept) return await compute(query, signal)
    const memory = reuse.panes.begin(call.tenant)
    try {
      return await reuse.ranges.run(call.tenant, query, span, limits.max_query_series, (part) =>
        compute({ ...part, memory }, signal),
      )
    } finally {
      memory.end()
    }
  })
}

/** Runs an instant query, or joins the same one that is under way. */
export async function runInstant(call: QueryCall, expr: Expr, query: InstantQuery): Promise<QueryResult> {
  const limits = engineLimits(call.limits)
  const compute = (signal: AbortSignal): Promise<QueryResult> =>
    queryInstant(call.store, call.tenant, query, limits, signal)
  const { reuse } = call
  if (reuse === undefined || isBypassed(call) || expr.kind === 'log') return await compute(call.signal)
  const key = JSON.stringify(['instant', call.tenant, query, limits])
  const span = spanOf(expr)
  const isKept = span !== undefined && mayKeep(call, query, expr, query.timeMs - span.mostMs)
  return await share(call, reuse, key, query.timeMs + 1 - (span?.leastMs ?? 0), async (signal) => {
    const known = isKept ? await instantFromTiles(call, reuse, expr, query, signal) : undefined
    return known ?? (await compute(signal))
  })
}

/** Answers an instant query from tiles, where that gives the same. */
async function instantFromTiles(
  call: QueryCall,
  reuse: QueryReuse,
  expr: MetricExpr,
  query: InstantQuery,
  signal: AbortSignal,
): Promise<QueryResult | undefined> {
  const { store, tenant } = call
  const own = engineLimits(call.limits)
  // Series of parts are no series of the answer.
  const limits = { ...own, max_query_series: 0 }
  const result = await answerFromTiles(expr, query, {
    range: (tiles, tileMs) => {
      const span = { leastMs: 0, mostMs: tileMs }
      return reuse.ranges.run(tenant, tiles, span, 0, (part) =>
        queryRange(store, tenant, part, limits, signal),
      )
    },
    instant: (edge) => queryInstant(store, tenant, edge, limits, signal),
  })
  const most = own.max_query_series
  if (result !== undefined && most > 0 && result.samples.length > most) throw tooManySeries(most)
  return result
}

/** Joins a run of the same query, unless rows before `endMs` were appended since that began. */
async function share(
  call: QueryCall,
  { shared, watch }: QueryReuse,
  key: string,
  endMs: number,
  work: (signal: AbortSignal) => Promise<QueryResult>,
): Promise<QueryResult> {
  const result = await shared.run(
    key,
    call.signal,
    ({ dirtyFromMs }) => dirtyFromMs >= endMs,
    () => watch.begin(call.tenant),
    async (begun, signal) => {
      try {
        return await work(signal)
      } finally {
        begun.end()
      }
    },
  )
  return result as QueryResult
}

/** `Cache-Control: no-cache`, and questions about how an answer is found, are answered afresh. */
function isBypassed({ request: { headers } }: QueryCall): boolean {
  const isFresh = String(headers['cache-control'] ?? '').includes('no-cache')
  return isFresh || headers['x-logboom-explain'] === '1'
}

/** Whether each line of a query is there or not whatever the others are, and whenever it is asked. */
function mayKeepLines({ query, intervalMs, limit }: RangeQuery): boolean {
  return intervalMs === 0 && limit > 0 && !query.includes('{{')
}

/** Whether points of this query stay as they are until rows are appended. */
function mayKeep(
  call: QueryCall,
  { query }: RangeQuery | InstantQuery,
  expr: MetricExpr,
  readsFromMs: number,
): boolean {
  // What retention may remove is not for ever as it was; templates can tell the time.
  return readsFromMs > call.nowMs - call.keptMs && !query.includes('{{') && isDivisible(expr)
}

function spanOf(expr: MetricExpr): ReadSpan | undefined {
  const ranges: LogRange[] = []
  collect(expr, [], ranges)
  if (ranges.length === 0) return undefined
  return {
    leastMs: Math.min(...ranges.map(({ offsetMs }) => offsetMs)),
    mostMs: Math.max(...ranges.map(({ rangeMs, offsetMs }) => rangeMs + offsetMs)),
  }
}

/** How long every line of a tenant is kept, ms; Infinity where nothing is removed. */
export function keptForMs({ compactor }: LokiConfig, limits: Limits): number {
  if (!compactor.retention_enabled) return Number.POSITIVE_INFINITY
  const periods = [limits.retention_period, ...limits.retention_stream.map(({ period }) => period)]
  return Math.min(...periods.filter((ms) => ms > 0), Number.POSITIVE_INFINITY)
}
