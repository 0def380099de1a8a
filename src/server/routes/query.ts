import type { QueryResult } from '#logql/engine/types.ts'
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
import { checkBytesRead } from '../query/check-bytes.ts'
import { checkExpr, checkLength, clampToLookback } from '../query/check-limits.ts'
import { QueryError } from '../query/query-error.ts'
import { querySettings } from '../query/query-settings.ts'
import { readEncodingFlags, readQueryTags } from '../query/request.ts'
import { runInstant, runRange } from '../query/run-engine.ts'
import type { QueryCall } from '../query/run-query.ts'

/** `GET|POST /loki/api/v1/query_range`. */
export async function serveQueryRange(call: QueryCall): Promise<Iterable<string>> {
  const { params, limits, nowMs } = call
  const bounds = readBounds(params, nowMs)
  checkOrder(bounds)
  const limit = readLimit(params)
  const direction = readDirection(params)
  const stepMs = readStep(params, bounds)
  const intervalMs = readInterval(params)
  checkResolution(bounds, stepMs)
  const query = firstParam(params, 'query')
  const expr = parseExpr(query)
  const encoding: ResultEncoding = { flags: readEncodingFlags(call.request), direction }
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
  await checkBytesRead(call, expr, start.ms, end.ms)
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
  return resultJson(await runRange(call, expr, range), encoding)
}

/** `GET|POST /loki/api/v1/query`. */
export async function serveQueryInstant(call: QueryCall): Promise<Iterable<string>> {
  const { params, limits, nowMs } = call
  const time = readTime(firstParam(params, 'time'), { ms: nowMs, ns: 0 })
  readLimit(params)
  const direction = readDirection(params)
  const query = firstParam(params, 'query')
  const expr = parseExpr(query)
  checkExpr(expr, query, limits, readQueryTags(call.request))
  await checkBytesRead(call, expr, time.ms, time.ms)
  const instant = { query, timeMs: time.ms, timeNs: time.ns, ...querySettings(call) }
  const result = await runInstant(call, expr, instant)
  return resultJson(result, { flags: readEncodingFlags(call.request), direction })
}

function emptyResult(type: 'streams' | 'matrix'): QueryResult {
  const common = { stats: NO_STATS, warnings: [] }
  return type === 'streams' ? { ...common, type, streams: [] } : { ...common, type, series: [] }
}
