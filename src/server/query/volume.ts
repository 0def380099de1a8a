import { type Labels, labelsText, labelValue, makeLabels } from '#base/labels.ts'
import type { CountRun, LabelMatcher, LogStore, StreamRef, TimeRange } from '#store/types.ts'
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
  const runs = (await store.counts(tenant, matchers, minutes)) ?? []
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
  const byStream = new Map<StreamRef, Sum[]>()
  for (const run of runs) {
    sumRun(run, request, (stampMs, bytes) => {
      let sums = byStream.get(run.stream)
      if (sums === undefined) {
        sums = groupsOf(run.stream.labels, request).map(seriesOf)
        byStream.set(run.stream, sums)
      }
      for (const sum of sums) {
        sum.bytes.set(stampMs, (sum.bytes.get(stampMs) ?? 0) + bytes)
        sum.total += bytes
      }
    })
  }
  return [...series]
    .sort(([aKey, a], [bKey, b]) => b.total - a.total || (aKey < bKey ? -1 : 1))
    .slice(0, request.limit)
    .map(([, entry]) => entry)
}

function tooManySeries(limit: number): QueryError {
  return new QueryError(`the query hit the max number of series limit (limit: ${limit} series)`)
}

/** Hands on what a run's cells have in each bucket, where that is anything. */
function sumRun(
  { columns, from, to }: CountRun,
  request: VolumeRequest,
  add: (stampMs: number, bytes: number) => void,
): void {
  const { range } = request
  let bucketEndMs = Number.NEGATIVE_INFINITY
  let bytes = 0
  const close = (): void => {
    if (bytes > 0) add(Math.min(bucketEndMs - 1, range.toMs), bytes)
    bytes = 0
  }
  for (let i = from; i < to; i++) {
    const minuteMs = columns.minute[i] * MINUTE_MS
    if (minuteMs >= bucketEndMs) {
      close()
      bucketEndMs = bucketEnd(minuteMs, request)
    }
    bytes += (columns.bytes[i] + columns.metadataBytes[i]) * overlap(minuteMs, range)
  }
  close()
}

/** Which share of a minute lies in the range. */
function overlap(minuteMs: number, { fromMs, toMs }: TimeRange): number {
  const shared = Math.min(minuteMs + MINUTE_MS, toMs) - Math.max(minuteMs, fromMs)
  return Math.max(0, shared) / MINUTE_MS
}

/**
 * The first moment behind the bucket of a minute. Buckets lie on multiples of the step and are stamped with
 * their last millisecond; the last one with the end.
 */
function bucketEnd(minuteMs: number, { range, stepMs }: VolumeRequest): number {
  if (stepMs === 0) return Number.POSITIVE_INFINITY
  return (Math.floor(Math.max(minuteMs, range.fromMs) / stepMs) + 1) * stepMs
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
