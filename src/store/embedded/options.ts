import type { Logger } from '#base/logger.ts'
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
   * How long a tenant's rows are kept, milliseconds; 0 = for ever. Whole days are dropped, when all of a day
   * is older.
   */
  retentionMs(tenant: string): number
  /**
   * A row older than its stream's newest by more than this is refused (Loki: half of `max_chunk_age`); 0 =
   * take any.
   */
  readonly outOfOrderWindowMs: number
  /** How often retention runs, milliseconds. */
  readonly compactionIntervalMs: number
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
  /** Decoded blocks kept for the next query. */
  readonly cacheBytes?: number
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
    headBytes: 24 << 20,
    headMaxAgeMs: 30 * 60_000,
    blockBytes: 512 << 10,
    walFileBytes: 16 << 20,
    cacheBytes: 32 << 20,
    maxOpenFiles: 128,
    flushRetryMs: 2000,
    ...options,
  }
}
