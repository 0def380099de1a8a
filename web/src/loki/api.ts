import type { LogRow } from '../rows/row.ts'
import { type QueryData, toRows, toSeries } from './entries.ts'
import { getJson } from './http.ts'
import { type QueryStats, summarize } from './stats.ts'

/** A range query as the page asks it. */
export interface RangeRequest {
  readonly query: string
  readonly startNs: string
  readonly endNs: string
  readonly limit?: number
  readonly direction?: 'backward' | 'forward'
  /** Distance between points of a metric query, ms. */
  readonly stepMs?: number
}

/** One series of numbers; times in ms, ascending. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly timesMs: readonly number[]
  readonly values: readonly number[]
}

/** What a range query returned. */
export interface RangeAnswer {
  readonly rows: readonly LogRow[]
  /** Metric queries; null for log queries. */
  readonly series: readonly Series[] | null
  readonly stats: QueryStats
  readonly warnings: readonly string[]
  /** From sending to having the answer, ms. */
  readonly roundTripMs: number
}

interface QueryBody {
  readonly data: QueryData & { readonly stats?: unknown }
  readonly warnings?: readonly string[]
}

/** Runs a range query. Rows come in the direction asked for, merged over streams. */
export async function queryRange(request: RangeRequest, signal: AbortSignal): Promise<RangeAnswer> {
  const started = performance.now()
  const params = {
    query: request.query,
    start: request.startNs,
    end: request.endNs,
    limit: request.limit,
    direction: request.direction,
    step: request.stepMs === undefined ? undefined : request.stepMs / 1000,
  }
  const body = await getJson<QueryBody>('query_range', params, signal)
  const isLog = body.data.resultType === 'streams'
  return {
    rows: isLog ? toRows(body.data, request.direction ?? 'backward') : [],
    series: isLog ? null : toSeries(body.data),
    stats: summarize(body.data.stats),
    warnings: body.warnings ?? [],
    roundTripMs: performance.now() - started,
  }
}

/** Runs a metric query at one moment; each series has at most one value. */
export async function queryInstant(query: string, timeNs: string, signal: AbortSignal): Promise<Series[]> {
  const body = await getJson<QueryBody>('query', { query, time: timeNs }, signal)
  return toSeries(body.data)
}

interface ListBody {
  readonly data?: readonly string[]
}

/** A window for label requests, nanoseconds since the epoch, decimal. */
export interface LabelWindow {
  readonly startNs: string
  readonly endNs: string
}

/** Names of stream labels seen in a window. */
export async function labelNames(window: LabelWindow, signal: AbortSignal): Promise<readonly string[]> {
  const body = await getJson<ListBody>('labels', { start: window.startNs, end: window.endNs }, signal)
  return body.data ?? []
}

/** Values of a stream label seen in a window, of the streams that `selector` matches. */
export async function labelValues(
  name: string,
  window: LabelWindow,
  selector: string | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const params = { start: window.startNs, end: window.endNs, query: selector }
  const body = await getJson<ListBody>(`label/${encodeURIComponent(name)}/values`, params, signal)
  return body.data ?? []
}
