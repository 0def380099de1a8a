import type { FlushStats, HeadSet } from './head-set.ts'
import type { IngestStats } from './ingest.ts'
import type { ResolvedOptions } from './options.ts'
import { dayName } from './paths.ts'
import { partitionsOf, type RetentionRun } from './retention.ts'
import type { SegmentSet } from './segment-set.ts'

/** Counters since the start, and sizes now; all plain numbers, for metrics. */
export interface EmbeddedStats extends IngestStats, FlushStats {
  readonly walFailures: number
  readonly replayedRows: number
  readonly walTornTails: number
  readonly walCorruptRecords: number
  readonly corruptBlocks: number
  readonly corruptSegments: number
  readonly retentionFreedBytes: number
  readonly streams: number
  /** Memory of rows that are not in segments yet. */
  readonly headBytes: number
  readonly headRows: number
  /** Decoded blocks in memory. */
  readonly cachedBytes: number
}

/** One tenant's day on disk. */
export interface DayStatus {
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string
  readonly segments: number
  readonly rows: number
  /** Bytes of the lines as they came in, and of the files. */
  readonly lineBytes: number
  readonly sizeBytes: number
  /** When retention will remove it; undefined where it is kept for ever. */
  readonly expiresMs: number | undefined
}

/** What is kept of one tenant. */
export interface TenantStatus {
  readonly tenant: string
  readonly retentionMs: number
  readonly oldestMs: number | undefined
  readonly sizeBytes: number
  readonly days: readonly DayStatus[]
}

/** What is kept. */
export interface EmbeddedStatus {
  readonly dir: string
  /** Oldest row of all, milliseconds. */
  readonly oldestMs: number | undefined
  readonly sizeBytes: number
  readonly headRows: number
  readonly tenants: readonly TenantStatus[]
  readonly lastRetention: RetentionRun | undefined
}

/** Sums up what is on disk and in memory, for people. */
export function makeStatus(
  segments: SegmentSet,
  heads: HeadSet,
  options: ResolvedOptions,
  lastRetention: RetentionRun | undefined,
): EmbeddedStatus {
  const partitions = partitionsOf(segments.all())
  const byTenant = Map.groupBy(partitions, ({ tenant }) => tenant)
  const inMemory = oldestInMemory(heads)
  const names = [...new Set([...byTenant.keys(), ...inMemory.keys()])].sort()
  const tenants = names.map((tenant) => {
    const own = byTenant.get(tenant) ?? []
    const retentionMs = options.retentionMs(tenant)
    const oldest = Math.min(inMemory.get(tenant) ?? Infinity, ...own.map(({ minMs }) => minMs))
    return {
      tenant,
      retentionMs,
      oldestMs: finite(oldest),
      sizeBytes: own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      days: own.map((partition) => ({
        day: dayName(partition.day),
        segments: partition.segments.length,
        rows: partition.rows,
        lineBytes: partition.lineBytes,
        sizeBytes: partition.sizeBytes,
        expiresMs: retentionMs > 0 ? partition.maxMs + retentionMs : undefined,
      })),
    }
  })
  return {
    dir: options.dir,
    oldestMs: finite(Math.min(...tenants.map(({ oldestMs }) => oldestMs ?? Infinity))),
    sizeBytes: tenants.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    headRows: heads.all().reduce((sum, head) => sum + head.rows, 0),
    tenants,
    lastRetention,
  }
}

function finite(ms: number): number | undefined {
  return Number.isFinite(ms) ? ms : undefined
}

function oldestInMemory(heads: HeadSet): Map<string, number> {
  const oldest = new Map<string, number>()
  for (const head of heads.all()) {
    for (const [{ tenant }, { portions }] of head.streams) {
      for (const { minMs } of portions) oldest.set(tenant, Math.min(minMs, oldest.get(tenant) ?? Infinity))
    }
  }
  return oldest
}
