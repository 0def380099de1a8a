import type { DeleteLog } from './delete-log.ts'
import type { DiskState } from './disk-budget.ts'
import type { FlushStats, HeadSet } from './head-set.ts'
import type { IngestStats } from './ingest.ts'
import type { ResolvedOptions } from './options.ts'
import { dayName } from './paths.ts'
import { makePeriods, type Partition, partitionsOf, type RetentionRun } from './retention.ts'
import type { SegmentSet } from './segment-set.ts'
import type { Stream } from './stream.ts'
import type { UpkeepJobs, UpkeepStats } from './upkeep-jobs.ts'

/** Counters since the start, and sizes now; all plain numbers, for metrics. */
export interface EmbeddedStats extends IngestStats, FlushStats, UpkeepStats, UpkeepGauges {
  readonly walFailures: number
  readonly replayedRows: number
  readonly walTornTails: number
  readonly walCorruptRecords: number
  readonly corruptBlocks: number
  readonly corruptSegments: number
  readonly streams: number
  /** Memory of rows that are not in segments yet. */
  readonly headBytes: number
  readonly headRows: number
  /** Decoded blocks in memory. */
  readonly cachedBytes: number
}

/** What upkeep finds; times in seconds since the epoch, 0 while there is none. */
export interface UpkeepGauges {
  readonly diskSegments: number
  readonly diskSegmentBytes: number
  /** Oldest row in a segment. */
  readonly oldestSeconds: number
  readonly lastRetentionSeconds: number
  readonly lastCompactionSeconds: number
  /** Segments and log files, what is free, and the budget; 0 before the first look, or without one. */
  readonly diskUsedBytes: number
  readonly diskFreeBytes: number
  readonly diskMaxBytes: number
  readonly diskMinFreeBytes: number
  readonly deletesPending: number
  readonly deletesProcessed: number
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
  /** When the last of it is past its retention and goes; undefined where some is kept for ever. */
  readonly expiresMs: number | undefined
}

/** What is kept of one tenant. */
export interface TenantStatus {
  readonly tenant: string
  /** Of streams that no rule means; 0 = for ever. */
  readonly retentionMs: number
  readonly oldestMs: number | undefined
  readonly sizeBytes: number
  readonly days: readonly DayStatus[]
  /** Requests to delete rows that are not done yet. */
  readonly pendingDeletes: number
}

/** What is kept. */
export interface EmbeddedStatus {
  readonly dir: string
  /** Oldest row of all, milliseconds. */
  readonly oldestMs: number | undefined
  readonly sizeBytes: number
  readonly headRows: number
  readonly tenants: readonly TenantStatus[]
  /** When the next day goes because of its retention; undefined where nothing ever does. */
  readonly nextDropMs: number | undefined
  readonly lastRetention: RetentionRun | undefined
  readonly lastCompactionMs: number | undefined
  /** Bytes given back since the start, by why. */
  readonly freed: { readonly retention: number; readonly budget: number; readonly deletes: number }
  /** Undefined before the first look. */
  readonly disk: DiskState | undefined
}

/** What a status is made of. */
export interface StatusSources {
  readonly segments: SegmentSet
  readonly heads: HeadSet
  readonly options: ResolvedOptions
  readonly upkeep: UpkeepJobs
  readonly deletes: DeleteLog
}

/** Sums up what is on disk and in memory, for people. */
export function makeStatus(sources: StatusSources): EmbeddedStatus {
  const { segments, heads, options, upkeep, deletes } = sources
  const byTenant = Map.groupBy(partitionsOf(segments.all()), ({ tenant }) => tenant)
  const inMemory = oldestInMemory(heads)
  const names = [...new Set([...byTenant.keys(), ...inMemory.keys()])].sort()
  const periodOf = makePeriods(options.retentionMs)
  const tenants = names.map((tenant): TenantStatus => {
    const own = byTenant.get(tenant) ?? []
    const oldest = Math.min(inMemory.get(tenant) ?? Infinity, ...own.map(({ minMs }) => minMs))
    return {
      tenant,
      retentionMs: options.retentionMs(tenant),
      oldestMs: finite(oldest),
      sizeBytes: own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      days: own.map((partition) => dayStatus(partition, periodOf, options.retentionDeleteDelayMs)),
      pendingDeletes: deletes.list(tenant).filter(({ processed }) => !processed).length,
    }
  })
  const drops = tenants.flatMap(({ days }) => days.map(({ expiresMs }) => expiresMs ?? Infinity))
  const { retentionFreedBytes, budgetFreedBytes, deletesFreedBytes } = upkeep.stats
  return {
    dir: options.dir,
    oldestMs: finite(Math.min(...tenants.map(({ oldestMs }) => oldestMs ?? Infinity))),
    sizeBytes: tenants.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    headRows: heads.all().reduce((sum, head) => sum + head.rows, 0),
    tenants,
    nextDropMs: finite(Math.min(...drops)),
    lastRetention: upkeep.lastRetention,
    lastCompactionMs: upkeep.lastCompactionMs,
    freed: { retention: retentionFreedBytes, budget: budgetFreedBytes, deletes: deletesFreedBytes },
    disk: upkeep.disk,
  }
}

/** The numbers of {@link UpkeepGauges}. */
export function upkeepGauges(upkeep: UpkeepJobs, segments: SegmentSet, deletes: DeleteLog): UpkeepGauges {
  const all = segments.all()
  const oldestMs = all.reduce((min, { properties }) => Math.min(min, properties.minMs), Infinity)
  const disk = upkeep.disk
  const { pending, processed } = deletes.counts()
  return {
    diskSegments: all.length,
    diskSegmentBytes: all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    oldestSeconds: (finite(oldestMs) ?? 0) / 1000,
    lastRetentionSeconds: (upkeep.lastRetention?.atMs ?? 0) / 1000,
    lastCompactionSeconds: (upkeep.lastCompactionMs ?? 0) / 1000,
    diskUsedBytes: disk?.usedBytes ?? 0,
    diskFreeBytes: disk?.freeBytes ?? 0,
    diskMaxBytes: disk?.maxBytes ?? 0,
    diskMinFreeBytes: disk?.minFreeBytes ?? 0,
    deletesPending: pending,
    deletesProcessed: processed,
  }
}

function dayStatus(
  partition: Partition,
  periodOf: (stream: Stream) => number,
  deleteDelayMs: number,
): DayStatus {
  let longestMs = 0
  for (const { streams } of partition.segments) {
    for (const stream of streams) longestMs = Math.max(longestMs, periodOf(stream) || Infinity)
  }
  return {
    day: dayName(partition.day),
    segments: partition.segments.length,
    rows: partition.rows,
    lineBytes: partition.lineBytes,
    sizeBytes: partition.sizeBytes,
    expiresMs: finite(partition.maxMs + longestMs + deleteDelayMs),
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
