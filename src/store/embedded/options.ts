import { OperatorError } from '#base/errors.ts'
import type { Labels } from '#base/labels.ts'
import type { Logger } from '#base/logger.ts'
import type { DeleteSelection } from '../delete-types.ts'
import type { DeletionMode } from './delete-log.ts'
import type { DiskBudget } from './disk-budget.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'
import type { FsyncPolicy } from './wal.ts'

/** Settings of the embedded engine. Sizes left out have the defaults of {@link resolveOptions}. */
export interface EmbeddedOptions {
  /** Data directory; made where it is missing. One process at a time. */
  readonly dir: string
  readonly logger: Logger
  /**
   * `always`: a push is acknowledged after an fsync. Every N ms: after the write, so that `kill -9` loses
   * nothing and a power loss at most the last N ms.
   */
  readonly fsync: FsyncPolicy
  /**
   * How long the rows of a tenant's stream are kept, milliseconds; 0 = for ever. Without labels: those of a
   * stream that no rule means.
   */
  retentionMs(tenant: string, labels?: Labels): number
  /**
   * A row older than its stream's newest by more than this is refused (Loki: half of `max_chunk_age`); 0 =
   * take any.
   */
  readonly outOfOrderWindowMs: number
  /** How often segments are merged, and deleted rows removed, milliseconds. */
  readonly compactionIntervalMs: number
  /** How much time passes at least between two runs of retention. Default: every time segments are merged. */
  readonly retentionIntervalMs?: number
  /** How long rows past their retention stay, milliseconds. Default 0. */
  readonly retentionDeleteDelayMs?: number
  /** What the query of a delete request means. @throws Error where it is none */
  compileDelete?(query: string): DeleteSelection | Promise<DeleteSelection>
  /** Whether a tenant's deletes count. Default: rows are hidden and removed. */
  deletionMode?(tenant: string): DeletionMode
  /** How long deleted rows are only hidden, milliseconds. Default: a day. */
  readonly deleteCancelPeriodMs?: number
  /** Delete requests that are worked on in one run. */
  readonly deleteBatchSize?: number
  /** How much of the disk the store may take. Default: all of it. */
  readonly diskBudget?: DiskBudget
  /** How often the disk is looked at, milliseconds. */
  readonly diskCheckMs?: number
  /** Merging makes no file larger than about this. */
  readonly maxSegmentBytes?: number
  /** What the files are on; for tests. */
  readonly fs?: FileSystem
  /** Milliseconds since the epoch; for tests. */
  readonly clock?: () => number
  /**
   * Memory of rows not yet in segments, at which they are flushed. Twice this may be held while a flush runs.
   */
  readonly headBytes?: number
  /** Age at which the rows in memory are flushed even when they are few. */
  readonly headMaxAgeMs?: number
  /** A block ends at about this many line bytes. */
  readonly blockBytes?: number
  /** A log file ends at about this size. */
  readonly walFileBytes?: number
  /** Blocks, filters and counters kept for the next query, with all that was unpacked of them. */
  readonly cacheBytes?: number
  /** Block directories of segments kept for the next query; those in use stay whatever they take. */
  readonly directoryBytes?: number
  /** Segment files kept open. */
  readonly maxOpenFiles?: number
  /** How long a failed flush waits before it is tried again. */
  readonly flushRetryMs?: number
}

/** The options with every default filled in. */
export type ResolvedOptions = Required<EmbeddedOptions>

/** Fills in the defaults, which suit one machine with a few hundred megabytes for logs. */
export function resolveOptions(options: EmbeddedOptions): ResolvedOptions {
  return {
    fs: nodeFileSystem,
    clock: Date.now,
    retentionIntervalMs: 0,
    retentionDeleteDelayMs: 0,
    compileDelete: () => {
      throw new OperatorError('delete_query', 'this store was opened without a language for delete requests')
    },
    deletionMode: () => 'filter-and-delete',
    deleteCancelPeriodMs: 86_400_000,
    deleteBatchSize: 70,
    diskBudget: { max: undefined, minFree: undefined },
    diskCheckMs: 10_000,
    // Its filters are in memory while it is written; they are up to a third of it.
    maxSegmentBytes: 64 << 20,
    headBytes: 16 << 20,
    headMaxAgeMs: 30 * 60_000,
    blockBytes: 512 << 10,
    walFileBytes: 16 << 20,
    cacheBytes: 48 << 20,
    directoryBytes: 32 << 20,
    maxOpenFiles: 128,
    flushRetryMs: 2000,
    ...options,
  }
}
