import { labelsText } from '#base/labels.ts'
import type { QueryResult, RangeQuery, ResultSeries } from '#logql/engine/types.ts'
import { tooManySeries } from '#logql/metrics/too-many-series.ts'
import { compareLabels } from '#logql/metrics/vector.ts'
import { NO_STATS } from '../json/stats.ts'
import type { AppendWatch } from './append-watch.ts'

/** What a range query reads, and so what may change its points. */
export interface ReadSpan {
  /**
   * The least and the most that a range lies behind its step: a point at t reads (t - most, t - least].
   */
  readonly leastMs: number
  readonly mostMs: number
}

/** Keeps points of range queries, for a dashboard that asks again a little later. */
export interface RangeReuse {
  /**
   * Answers a range query: points that are known and cannot have changed, and the others from `compute`,
   * which is asked for a part of the range. The same to the last bit as `compute` of the whole, where the
   * query is divisible (see divisible.ts).
   */
  run(
    tenant: string,
    query: RangeQuery,
    span: ReadSpan,
    maxSeries: number,
    compute: (query: RangeQuery) => Promise<QueryResult>,
  ): Promise<QueryResult>
  readonly stats: ReuseStats
}

/** Numbers for metrics. */
export interface ReuseStats {
  /** Points that were asked for, and those of them that were known. */
  points: number
  pointsReused: number
  bytes: number
  entries: number
}

interface Extent {
  readonly key: string
  readonly tenant: string
  readonly span: ReadSpan
  readonly firstMs: number
  /** The last point that is known; moves back as rows are appended that it might have to count. */
  lastMs: number
  readonly series: readonly ResultSeries[]
  readonly bytes: number
}

/** As many points as one query may ask for. */
const MAX_POINTS = 11_000
const SERIES_BYTES = 400
const POINT_BYTES = 16

/** Keeps up to `maxBytes` of points, those used last. */
export function makeRangeReuse(watch: AppendWatch, maxBytes: number): RangeReuse {
  // In the order of their last use.
  const extents = new Map<string, Extent>()
  const byTenant = new Map<string, Set<Extent>>()
  const stats: ReuseStats = { points: 0, pointsReused: 0, bytes: 0, entries: 0 }

  const forget = (extent: Extent): void => {
    extents.delete(extent.key)
    const siblings = byTenant.get(extent.tenant)
    siblings?.delete(extent)
    if (siblings?.size === 0) byTenant.delete(extent.tenant)
    stats.bytes -= extent.bytes
    stats.entries = extents.size
  }
  const keep = (extent: Extent): void => {
    const before = extents.get(extent.key)
    if (before !== undefined) forget(before)
    if (extent.bytes > maxBytes / 4 || extent.lastMs < extent.firstMs) return
    extents.set(extent.key, extent)
    const siblings = byTenant.get(extent.tenant) ?? new Set()
    byTenant.set(extent.tenant, siblings.add(extent))
    stats.bytes += extent.bytes
    for (const oldest of extents.values()) {
      if (stats.bytes <= maxBytes) break
      forget(oldest)
    }
    stats.entries = extents.size
  }
  watch.onChange((tenant, fromMs) => {
    for (const extent of byTenant.get(tenant) ?? []) {
      const sureMs = fromMs + extent.span.leastMs - 1
      if (extent.lastMs > sureMs) extent.lastMs = sureMs
      if (extent.lastMs < extent.firstMs) forget(extent)
    }
  })

  return {
    stats,
    async run(tenant, query, span, maxSeries, compute) {
      const { firstMs, lastMs } = gridOf(query)
      const key = `${tenant}\0${query.stepMs}\0${query.query}`
      const watched = watch.begin(tenant)
      try {
        const known = partOf(extents.get(key), firstMs, lastMs, query.stepMs)
        const nextMs = known === undefined ? firstMs : known.lastMs + query.stepMs
        stats.points += (lastMs - firstMs) / query.stepMs + 1
        stats.pointsReused += (nextMs - firstMs) / query.stepMs
        const fresh =
          nextMs > lastMs
            ? undefined
            : await compute(known === undefined ? query : { ...query, startMs: nextMs, startNs: 0 })
        if (fresh !== undefined && (fresh.type !== 'matrix' || fresh.warnings.length > 0)) return fresh
        const all = joined(known?.series ?? [], fresh?.series ?? [])
        const sureMs = Math.min(lastMs, watched.dirtyFromMs + span.leastMs - 1)
        const from = known?.firstMs ?? firstMs
        keep(makeExtent(key, tenant, span, from, sureMs, all, query.stepMs))
        const series = cut(all, firstMs, lastMs)
        if (maxSeries > 0 && series.length > maxSeries) throw tooManySeries(maxSeries)
        return { ...(fresh ?? { stats: NO_STATS, warnings: [] }), type: 'matrix', series }
      } finally {
        watched.end()
      }
    },
  }
}

/** First and last point of a query: the multiples of the step around its ends, as the engine has them. */
export function gridOf({ startMs, endMs, endNs, stepMs }: RangeQuery): { firstMs: number; lastMs: number } {
  const endUpMs = endNs > 0 ? endMs + 1 : endMs
  return { firstMs: Math.floor(startMs / stepMs) * stepMs, lastMs: Math.ceil(endUpMs / stepMs) * stepMs }
}

/** What of an extent is of use for a query that begins at `firstMs`. */
function partOf(
  extent: Extent | undefined,
  firstMs: number,
  lastMs: number,
  stepMs: number,
): { firstMs: number; lastMs: number; series: readonly ResultSeries[] } | undefined {
  if (extent === undefined || extent.firstMs > firstMs) return undefined
  const knownMs = Math.min(Math.floor(extent.lastMs / stepMs) * stepMs, lastMs)
  if (knownMs < firstMs) return undefined
  const from = Math.max(extent.firstMs, lastMs - MAX_POINTS * stepMs)
  return { firstMs: from, lastMs: knownMs, series: cut(extent.series, from, knownMs) }
}

/** The points of [firstMs, lastMs]; series without any are left out. */
function cut(series: readonly ResultSeries[], firstMs: number, lastMs: number): readonly ResultSeries[] {
  return series.flatMap((one) => {
    const { labels, timesMs, values } = one
    if (timesMs.length === 0) return []
    if (timesMs[0] >= firstMs && timesMs[timesMs.length - 1] <= lastMs) return [one]
    const from = lowerBound(timesMs, firstMs)
    const to = lowerBound(timesMs, lastMs + 1)
    return from < to ? [{ labels, timesMs: timesMs.slice(from, to), values: values.slice(from, to) }] : []
  })
}

function lowerBound(times: readonly number[], wanted: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle] < wanted) low = middle + 1
    else high = middle
  }
  return low
}

/** Series of two parts of a range, the later part behind the earlier. */
function joined(early: readonly ResultSeries[], late: readonly ResultSeries[]): readonly ResultSeries[] {
  if (early.length === 0 || late.length === 0) return early.length === 0 ? late : early
  const byKey = new Map(early.map((one) => [labelsText(one.labels), one]))
  for (const one of late) {
    const key = labelsText(one.labels)
    const before = byKey.get(key)
    if (before === undefined) byKey.set(key, one)
    else {
      const timesMs = [...before.timesMs, ...one.timesMs]
      byKey.set(key, { labels: before.labels, timesMs, values: [...before.values, ...one.values] })
    }
  }
  return [...byKey.values()].sort((a, b) => compareLabels(a.labels, b.labels))
}

function makeExtent(
  key: string,
  tenant: string,
  span: ReadSpan,
  firstMs: number,
  lastMs: number,
  all: readonly ResultSeries[],
  stepMs: number,
): Extent {
  const sureMs = Math.floor(lastMs / stepMs) * stepMs
  const series = cut(all, firstMs, sureMs)
  let bytes = 2 * key.length
  for (const { timesMs } of series) bytes += SERIES_BYTES + POINT_BYTES * timesMs.length
  return { key, tenant, span, firstMs, lastMs: sureMs, series, bytes }
}
