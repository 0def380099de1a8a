import { queryInstant, queryRange } from '#logql/engine/engine.ts'
import type { QueryLimits, QueryResult } from '#logql/engine/types.ts'
import { parseExpr } from '#logql/syntax/parser.ts'
import {
  checkOrder,
  checkResolution,
  readBounds,
  readDirection,
  readInterval,
  readLimit,
  readStep,
  readTime,
} from '../http/params.ts'
import { firstParam } from '../http/query-string.ts'
import { type ResultEncoding, resultJson } from '../json/results.ts'
import { NO_STATS } from '../json/stats.ts'
import { checkExpr, checkLength, clampToLookback } from '../query/check-limits.ts'
import { QueryError } from '../query/query-error.ts'
import { querySettings } from '../query/query-settings.ts'
import { readQueryTags } from '../query/request.ts'
import type { QueryCall } from '../query/run-query.ts'

/** `GET|POST /loki/api/v1/query_range`. */
export async function serveQueryRange(call: QueryCall): Promise<Iterable<string>> {
  const { params, limits, nowMs, store, tenant, signal } = call
  const bounds = readBounds(params, nowMs)
  checkOrder(bounds)
  const limit = readLimit(params)
  const direction = readDirection(params)
  const stepMs = readStep(params, bounds)
  const intervalMs = readInterval(params)
  checkResolution(bounds, stepMs)
  const query = firstParam(params, 'query')
  const expr = parseExpr(query)
  const encoding: ResultEncoding = { flags: encodingFlags(call), direction }
  const isLog = expr.kind === 'log'
  const most = limits.max_entries_limit_per_query
  if (isLog && most > 0 && limit > most) {
    const why = `limit > max_entries_limit_per_query (${limit} > ${most})`
    throw new QueryError(`max entries limit per query exceeded, ${why}`)
  }
  checkExpr(expr, query, limits, readQueryTags(call.request))
  const clamped = clampToLookback(bounds, limits, nowMs)
  if (clamped === undefined) return resultJson(emptyResult(isLog ? 'streams' : 'matrix'), encoding)
  checkLength(clamped, limits)
  const { start, end } = clamped
  const range = {
    query,
    startMs: start.ms,
    startNs: start.ns,
    endMs: end.ms,
    endNs: end.ns,
    stepMs,
    intervalMs,
    limit,
    direction,
    ...querySettings(call),
  }
  return resultJson(await queryRange(store, tenant, range, engineLimits(call), signal), encoding)
}

/** `GET|POST /loki/api/v1/query`. */
export async function serveQueryInstant(call: QueryCall): Promise<Iterable<string>> {
  const { params, limits, nowMs, store, tenant, signal } = call
  const time = readTime(firstParam(params, 'time'), { ms: nowMs, ns: 0 })
  readLimit(params)
  const direction = readDirection(params)
  const query = firstParam(params, 'query')
  const expr = parseExpr(query)
  checkExpr(expr, query, limits, readQueryTags(call.request))
  const instant = { query, timeMs: time.ms, timeNs: time.ns, ...querySettings(call) }
  const result = await queryInstant(store, tenant, instant, engineLimits(call), signal)
  return resultJson(result, { flags: encodingFlags(call), direction })
}

function emptyResult(type: 'streams' | 'matrix'): QueryResult {
  const common = { stats: NO_STATS, warnings: [] }
  return type === 'streams' ? { ...common, type, streams: [] } : { ...common, type, series: [] }
}

/** Bytes one query may hold: far more than a dashboard needs, far less than a small machine has. */
const QUERY_MEMORY_BYTES = 256 * 2 ** 20

/** The limits the engine watches over while it runs. */
export function engineLimits({ limits }: QueryCall): QueryLimits {
  return {
    max_query_series: limits.max_query_series,
    max_query_memory: QUERY_MEMORY_BYTES,
    query_timeout: limits.query_timeout,
  }
}

/** `X-Loki-Response-Encoding-Flags`, in the order sent. */
export function encodingFlags({ request }: QueryCall): string[] {
  const header = request.headers['x-loki-response-encoding-flags']
  return String(header ?? '')
    .split(',')
    .map((flag) => flag.trim())
    .filter((flag) => flag !== '')
}
