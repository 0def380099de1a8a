import type { Labels } from '#base/labels.ts'
import type { Logger } from '#base/logger.ts'
import type { Catalog } from './catalog.ts'
import type { Compactor } from './compactor.ts'
import { DAY_MS, dayName } from './paths.ts'
import type { BlockDrop, SegmentDrops } from './rewrite.ts'
import type { Segment } from './segment.ts'
import type { SegmentSet } from './segment-set.ts'
import type { Stream } from './stream.ts'

/** What one run of retention did. */
export interface RetentionRun {
  readonly atMs: number
  /** Days of which everything was removed. */
  readonly partitions: number
  /** Segments that were rewritten, because only some of their streams were past their retention. */
  readonly rewritten: number
  readonly freedBytes: number
  readonly rows: number
}

/** The segments of one tenant and day. */
export interface Partition {
  readonly tenant: string
  readonly day: number
  readonly segments: readonly Segment[]
  readonly sizeBytes: number
  readonly lineBytes: number
  readonly rows: number
  readonly minMs: number
  readonly maxMs: number
}

/** All partitions by tenant, then day. */
export function partitionsOf(segments: readonly Segment[]): Partition[] {
  const groups = Map.groupBy(segments, (segment) => `${segment.properties.tenant} ${segment.day}`)
  const partitions = [...groups.values()].map((group) => ({
    tenant: group[0].properties.tenant,
    day: group[0].day,
    segments: group,
    sizeBytes: group.reduce((sum, segment) => sum + segment.sizeBytes, 0),
    lineBytes: group.reduce((sum, segment) => sum + segment.properties.lineBytes, 0),
    rows: group.reduce((sum, segment) => sum + segment.properties.rows, 0),
    minMs: group.reduce((min, segment) => Math.min(min, segment.properties.minMs), Infinity),
    maxMs: group.reduce((max, segment) => Math.max(max, segment.properties.maxMs), -Infinity),
  }))
  return partitions.sort((a, b) => (a.tenant === b.tenant ? a.day - b.day : a.tenant < b.tenant ? -1 : 1))
}

/**
 * How long the rows of a stream are kept, milliseconds; 0 = for ever. Without labels: those of a stream that
 * no rule means.
 */
export type RetentionRules = (tenant: string, labels?: Labels) => number

/** What retention works with. */
export interface RetentionEnvironment {
  readonly catalog: Catalog
  readonly segments: SegmentSet
  readonly compactor: Compactor
  readonly rules: RetentionRules
  /** How long rows stay on disk once they are past their retention, milliseconds. */
  readonly deleteDelayMs: number
  readonly nowMs: number
  readonly logger: Logger
}

/** {@link RetentionRules}, asked once per stream. */
export function makePeriods(rules: RetentionRules): (stream: Stream) => number {
  const known = new Map<Stream, number>()
  return (stream) => {
    let periodMs = known.get(stream)
    if (periodMs === undefined) known.set(stream, (periodMs = rules(stream.tenant, stream.labels)))
    return periodMs
  }
}

/** The shortest time that a stream of a tenant is kept, milliseconds; asked once per tenant. */
function makeShortest(catalog: Catalog, periodOf: (stream: Stream) => number): (tenant: string) => number {
  const known = new Map<string, number>()
  return (tenant) => {
    let shortestMs = known.get(tenant)
    if (shortestMs === undefined) {
      const streams = catalog.select(tenant, [])
      shortestMs = streams.reduce((least, stream) => Math.min(least, periodOf(stream) || Infinity), Infinity)
      known.set(tenant, shortestMs)
    }
    return shortestMs
  }
}

/**
 * Removes what is past its retention. A segment goes as a whole when the newest row of each of its streams is
 * too old. One of which only some streams are is rewritten when all of its day is past their retention: at
 * most once per period, so that a day's rows are not rewritten again and again as they age one by one.
 */
export async function applyRetention(environment: RetentionEnvironment): Promise<RetentionRun> {
  const { segments, compactor, logger, nowMs } = environment
  const periodOf = makePeriods(environment.rules)
  let freedBytes = 0
  let rows = 0
  let rewritten = 0
  let removedDays = 0
  const shortestOf = makeShortest(environment.catalog, periodOf)
  for (const partition of partitionsOf(segments.all())) {
    const { minMs, tenant, day } = partition
    // Most days are too young for any stream, and need not be looked at.
    const cutMs = nowMs - environment.deleteDelayMs - shortestOf(tenant)
    if (minMs >= cutMs && (day + 1) * DAY_MS >= cutMs) continue
    const expired: Segment[] = []
    for (const segment of partition.segments) {
      if (await isPast(environment, segment, periodOf)) expired.push(segment)
    }
    await segments.remove(expired)
    let dayBytes = expired.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    let dayRows = expired.reduce((sum, { properties }) => sum + properties.rows, 0)
    const left = partition.segments.filter((segment) => !expired.includes(segment))
    for (const segment of left) {
      const past = pastStreams(environment, segment, periodOf)
      if (past.length === 0) continue
      await segments.using([segment], async () => {
        const drops = blocksOf(segment, past)
        dayBytes += await compactor.dropRows(segment, drops)
        for (const block of drops.keys()) dayRows += segment.directory.rows(block)
      })
      rewritten++
    }
    if (left.length === 0) removedDays++
    if (dayRows > 0) {
      logger.info(
        { tenant, day: dayName(day), rows: dayRows, freedBytes: dayBytes, wholeDay: left.length === 0 },
        'rows past their retention were removed',
      )
    }
    freedBytes += dayBytes
    rows += dayRows
  }
  return { atMs: nowMs, partitions: removedDays, rewritten, freedBytes, rows }
}

type Times = Pick<RetentionEnvironment, 'deleteDelayMs' | 'nowMs'>

/** Whether the newest row of each stream is too old. The directory is asked only where the ends differ. */
async function isPast(
  { segments, deleteDelayMs, nowMs }: Times & Pick<RetentionEnvironment, 'segments'>,
  segment: Segment,
  periodOf: (stream: Stream) => number,
): Promise<boolean> {
  let shortestMs = Infinity
  let longestMs = 0
  for (const stream of segment.streams) {
    const periodMs = periodOf(stream) || Infinity
    shortestMs = Math.min(shortestMs, periodMs)
    longestMs = Math.max(longestMs, periodMs)
  }
  const { maxMs } = segment.properties
  if (longestMs === Infinity || maxMs >= nowMs - deleteDelayMs - shortestMs) return false
  if (maxMs < nowMs - deleteDelayMs - longestMs) return true
  return await segments.using([segment], async () => {
    const { directory, streams } = segment
    for (let block = 0; block < directory.length; block++) {
      const periodMs = periodOf(streams[directory.stream(block)])
      if (directory.maxMs(block) >= nowMs - deleteDelayMs - periodMs) return false
    }
    return true
  })
}

/** The streams whose retention all of the segment's day is past. */
function pastStreams(
  { deleteDelayMs, nowMs }: Times,
  segment: Segment,
  periodOf: (stream: Stream) => number,
): Stream[] {
  const dayEndMs = (segment.day + 1) * DAY_MS
  // No period is so short that a day which is not over is past it.
  if (dayEndMs >= nowMs - deleteDelayMs) return []
  return segment.streams.filter((stream) => {
    const periodMs = periodOf(stream)
    return periodMs > 0 && dayEndMs < nowMs - deleteDelayMs - periodMs
  })
}

/** All blocks of these streams. */
function blocksOf(segment: Segment, streams: readonly Stream[]): SegmentDrops {
  const drops = new Map<number, BlockDrop>()
  for (const stream of streams) {
    const [from, to] = segment.blocksOf(stream)
    for (let block = from; block < to; block++) drops.set(block, 'all')
  }
  return drops
}
