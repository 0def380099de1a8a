import { type Labels, labelsText, labelValue, makeLabels } from '#base/labels.ts'
import type { CountCell, LabelMatcher, LogStore, TimeRange } from '#store/types.ts'
import { QueryError } from './query-error.ts'

/** What a volume is summed up by. */
export interface VolumeRequest {
  readonly matchers: readonly LabelMatcher[]
  /** `targetLabels`; empty means: the labels the selector names, or all where it names none. */
  readonly targets: readonly string[]
  readonly by: 'series' | 'labels'
  readonly range: TimeRange
  /** Length of the buckets, ms; 0 for one bucket over the whole range. */
  readonly stepMs: number
  readonly limit: number
  readonly maxSeries: number
}

/** Bytes of one series per bucket; a bucket is known by the moment it is stamped with, ms. */
export interface VolumeSeries {
  readonly labels: Labels
  readonly bytes: ReadonlyMap<number, number>
  readonly total: number
}

/** A series while it is summed up. */
interface Sum {
  readonly labels: Labels
  readonly bytes: Map<number, number>
  total: number
}

const MINUTE_MS = 60_000

/**
 * Sums up bytes of lines and structured metadata from the store's per-minute counters; a minute that is only
 * partly in the range counts in part.
 * Largest first, at most `limit`.
 * @throws QueryError when there are more than `maxSeries` series
 */
export async function sumVolume(
  store: LogStore,
  tenant: string,
  request: VolumeRequest,
): Promise<VolumeSeries[]> {
  const { range, targets } = request
  const present: LabelMatcher[] = targets.map((name) => ({
    name,
    op: '=~',
    value: '.+',
    matches: (value) => value !== '',
  }))
  const minutes = {
    fromMs: Math.floor(range.fromMs / MINUTE_MS) * MINUTE_MS,
    toMs: Math.ceil(range.toMs / MINUTE_MS) * MINUTE_MS,
  }
  const matchers = [...request.matchers, ...present]
  const cells = (await store.counts(tenant, matchers, minutes)) ?? []
  const series = new Map<string, Sum>()
  const seriesOf = (labels: Labels): Sum => {
    const key = labelsText(labels)
    const known = series.get(key)
    if (known !== undefined) return known
    if (series.size >= request.maxSeries) throw tooManySeries(request.maxSeries)
    const made = { labels, bytes: new Map(), total: 0 }
    series.set(key, made)
    return made
  }
  const byStream = new Map<object, Sum[]>()
  for (const cell of cells) {
    const bytes = (cell.bytes + cell.metadataBytes) * overlap(cell, range)
    if (bytes === 0) continue
    let sums = byStream.get(cell.stream)
    if (sums === undefined) {
      sums = groupsOf(cell.stream.labels, request).map(seriesOf)
      byStream.set(cell.stream, sums)
    }
    const stampMs = bucketStamp(cell.minuteMs, request)
    for (const sum of sums) {
      sum.bytes.set(stampMs, (sum.bytes.get(stampMs) ?? 0) + bytes)
      sum.total += bytes
    }
  }
  return [...series]
    .sort(([aKey, a], [bKey, b]) => b.total - a.total || (aKey < bKey ? -1 : 1))
    .slice(0, request.limit)
    .map(([, entry]) => entry)
}

function tooManySeries(limit: number): QueryError {
  return new QueryError(`the query hit the max number of series limit (limit: ${limit} series)`)
}

/** Which share of a cell's minute lies in the range. */
function overlap({ minuteMs }: CountCell, { fromMs, toMs }: TimeRange): number {
  const shared = Math.min(minuteMs + MINUTE_MS, toMs) - Math.max(minuteMs, fromMs)
  return Math.max(0, shared) / MINUTE_MS
}

/**
 * Buckets lie on multiples of the step and are stamped with their last millisecond; the last one with the
 * end.
 */
function bucketStamp(minuteMs: number, { range, stepMs }: VolumeRequest): number {
  if (stepMs === 0) return range.toMs
  const endMs = (Math.floor(Math.max(minuteMs, range.fromMs) / stepMs) + 1) * stepMs
  return endMs > range.toMs ? range.toMs : endMs - 1
}

/** The label sets a stream counts for: one in `series` mode, one per label name in `labels` mode. */
function groupsOf(labels: Labels, { by, targets, matchers }: VolumeRequest): Labels[] {
  if (by === 'labels') {
    const names = targets.length > 0 ? targets : labels.map(([name]) => name)
    return names.map((name): Labels => [[name, '']])
  }
  const names = targets.length > 0 ? targets : [...new Set(matchers.map(({ name }) => name))]
  if (names.length === 0) return [labels]
  return [makeLabels(names.map((name) => [name, labelValue(labels, name)] as const))]
}
