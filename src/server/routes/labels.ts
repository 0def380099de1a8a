import { printPrometheusDuration as printLookback } from '#base/duration.ts'
import { labelsObject } from '#base/labels.ts'
import { parseSelector } from '#logql/syntax/parser.ts'
import type { LabelMatcher, StreamRef, TimeRange } from '#store/types.ts'
import { type Bounds, readBounds } from '../http/params.ts'
import { firstParam } from '../http/query-string.ts'
import { checkLength, checkSelectorLimits, clampToLookback } from '../query/check-limits.ts'
import { QueryError } from '../query/query-error.ts'
import type { QueryCall } from '../query/run-query.ts'

/** `GET|POST /loki/api/v1/labels`. */
export async function serveLabels(call: QueryCall): Promise<Iterable<string>> {
  const matchers = optionalSelector(call)
  const range = metadataRange(call)
  if (range === undefined) return listJson([])
  return listJson(await call.store.labelNames(call.tenant, matchers, range))
}

/** `GET|POST /loki/api/v1/label/{name}/values`. */
export async function serveLabelValues(call: QueryCall, name: string): Promise<Iterable<string>> {
  const matchers = optionalSelector(call)
  const range = metadataRange(call)
  if (range === undefined) return listJson([])
  return listJson(await call.store.labelValues(call.tenant, name, matchers, range))
}

/** `GET|POST /loki/api/v1/series`. */
export async function serveSeries(call: QueryCall): Promise<Iterable<string>> {
  const { params, store, tenant } = call
  const selectors = [...(params.get('match[]') ?? []), ...(params.get('match') ?? [])]
  const lists = selectors.map((text) => (isEverything(text) ? [] : parseSelector(text)))
  if (lists.length === 0) lists.push([])
  const range = metadataRange(call)
  if (range === undefined) return ['{"status":"success","data":[]}\n']
  const found = new Map<string, StreamRef>()
  for (const matchers of lists) {
    for (const stream of await store.series(tenant, matchers, range)) found.set(stream.key, stream)
  }
  const streams = [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  const data = streams.map(({ labels }) => labelsObject(labels))
  return [`{"status":"success","data":${JSON.stringify(data)}}\n`]
}

/** `{}` alone stands for every stream. */
export function isEverything(text: string): boolean {
  return /^\s*\{\s*\}\s*$/.test(text)
}

function optionalSelector({ params, limits }: QueryCall): LabelMatcher[] {
  const text = firstParam(params, 'query')
  if (text === '') return []
  const matchers = parseSelector(text)
  checkSelectorLimits(matchers, limits)
  return matchers
}

/** The window of a metadata request, or `undefined` where nothing can be in it. */
function metadataRange({ params, limits, nowMs }: QueryCall): TimeRange | undefined {
  const bounds = readBounds(params, nowMs)
  const clamped = clampToLookback(bounds, limits, nowMs)
  if (clamped === undefined) return undefined
  if (isReversed(clamped)) {
    const lookback = printLookback(limits.max_query_lookback)
    throw new QueryError(
      `this data is no longer available, it is past now - max_query_lookback (${lookback})`,
    )
  }
  checkLength(clamped, limits)
  return timeRange(clamped)
}

function isReversed({ start, end }: Bounds): boolean {
  return start.ms > end.ms || (start.ms === end.ms && start.ns > end.ns)
}

/** A window in whole milliseconds that holds all of `bounds`, its end included. */
export function timeRange({ start, end }: Bounds): TimeRange {
  return { fromMs: start.ms, toMs: end.ms + 1 }
}

/** Answers with a list; without `data` where it is empty, as Loki does. */
function listJson(values: readonly string[]): string[] {
  if (values.length === 0) return ['{"status":"success"}\n']
  return [`{"status":"success","data":${JSON.stringify(values)}}\n`]
}
