import type { Labels } from '#base/labels.ts'
import type { Logger } from '#base/logger.ts'
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
  for (const partition of partitionsOf(segments.all())) {
    const expired = partition.segments.filter((segment) => isPast(environment, segment, periodOf))
    await segments.remove(expired)
    let dayBytes = expired.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    let dayRows = expired.reduce((sum, { properties }) => sum + properties.rows, 0)
    const left = partition.segments.filter((segment) => !expired.includes(segment))
    for (const segment of left) {
      const drops = pastStreams(environment, segment, periodOf)
      if (drops.size === 0) continue
      dayBytes += await compactor.dropRows(segment, drops)
      for (const block of drops.keys()) dayRows += segment.directory.rows(block)
      rewritten++
    }
    if (left.length === 0) removedDays++
    if (dayRows > 0) {
      const { tenant, day } = partition
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

function isPast(
  { deleteDelayMs, nowMs }: Times,
  { directory, streams }: Segment,
  periodOf: (stream: Stream) => number,
): boolean {
  // Most segments are young, and their first block tells.
  for (let block = 0; block < directory.length; block++) {
    const periodMs = periodOf(streams[directory.stream(block)])
    if (periodMs === 0 || directory.maxMs(block) >= nowMs - deleteDelayMs - periodMs) return false
  }
  return true
}

/** All blocks of the streams whose retention all of the segment's day is past. */
function pastStreams(
  { deleteDelayMs, nowMs }: Times,
  segment: Segment,
  periodOf: (stream: Stream) => number,
): SegmentDrops {
  const drops = new Map<number, BlockDrop>()
  const dayEndMs = (segment.day + 1) * DAY_MS
  for (const stream of segment.streams) {
    const periodMs = periodOf(stream)
    if (periodMs === 0 || dayEndMs >= nowMs - deleteDelayMs - periodMs) continue
    const [from, to] = segment.blocksOf(stream)
    for (let block = from; block < to; block++) drops.set(block, 'all')
  }
  return drops
}
