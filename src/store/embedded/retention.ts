import type { Logger } from '#base/logger.ts'
import { dayName } from './paths.ts'
import type { Segment } from './segment.ts'
import type { SegmentSet } from './segment-set.ts'

/** What one run of retention did. */
export interface RetentionRun {
  readonly atMs: number
  readonly partitions: number
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

/** Removes every partition whose newest row is older than its tenant's retention. */
export async function applyRetention(
  segments: SegmentSet,
  retentionMs: (tenant: string) => number,
  nowMs: number,
  logger: Logger,
): Promise<RetentionRun> {
  const expired = partitionsOf(segments.all()).filter(({ tenant, maxMs }) => {
    const keepMs = retentionMs(tenant)
    return keepMs > 0 && maxMs < nowMs - keepMs
  })
  for (const partition of expired) {
    await segments.remove(partition.segments)
    logger.info(
      {
        tenant: partition.tenant,
        day: dayName(partition.day),
        rows: partition.rows,
        freedBytes: partition.sizeBytes,
      },
      'a day past its retention was removed',
    )
  }
  return {
    atMs: nowMs,
    partitions: expired.length,
    freedBytes: expired.reduce((sum, partition) => sum + partition.sizeBytes, 0),
    rows: expired.reduce((sum, partition) => sum + partition.rows, 0),
  }
}
