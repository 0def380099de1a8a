import type { Logger } from '#base/logger.ts'
import { errorCode } from './disk.ts'
import type { FileSystem } from './file-system.ts'
import { dayName, walDir } from './paths.ts'
import type { Segment } from './segment.ts'
import type { SegmentSet } from './segment-set.ts'

/** A size of a disk: bytes, or a share of all of the file system that the store is on, 0 … 1. */
export type DiskSize = { readonly bytes: number } | { readonly share: number }

/** How much of a disk the store may take. */
export interface DiskBudget {
  /** Most that segments and log files may take; undefined for no limit. */
  readonly max: DiskSize | undefined
  /** What is to stay free for everything else; undefined for no such floor. */
  readonly minFree: DiskSize | undefined
}

/** What the disk looks like, and what the budget makes of it. Bytes. */
export interface DiskState {
  /** Segments and log files. */
  readonly usedBytes: number
  readonly freeBytes: number
  readonly totalBytes: number
  /** The budget in bytes; undefined where none is set. */
  readonly maxBytes: number | undefined
  readonly minFreeBytes: number | undefined
  /** By how much the budget is exceeded; 0 where it is kept. */
  readonly excessBytes: number
}

/** What dropping for the sake of the budget has done since the start. */
export interface BudgetStats {
  budgetFreedBytes: number
  budgetDroppedRows: number
  budgetDroppedSegments: number
}

/** Measures the disk. */
export async function measureDisk(
  fs: FileSystem,
  dir: string,
  segments: SegmentSet,
  budget: DiskBudget,
): Promise<DiskState> {
  const { bsize, blocks, bavail } = await fs.statfs(dir)
  const totalBytes = bsize * blocks
  const freeBytes = bsize * bavail
  const segmentBytes = segments.all().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const usedBytes = segmentBytes + (await logBytes(fs, dir))
  const maxBytes = bytesOf(budget.max, totalBytes)
  const minFreeBytes = bytesOf(budget.minFree, totalBytes)
  const excessBytes = Math.max(0, usedBytes - (maxBytes ?? Infinity), (minFreeBytes ?? 0) - freeBytes)
  return { usedBytes, freeBytes, totalBytes, maxBytes, minFreeBytes, excessBytes }
}

function bytesOf(size: DiskSize | undefined, totalBytes: number): number | undefined {
  if (size === undefined) return undefined
  return 'bytes' in size ? size.bytes : Math.floor(size.share * totalBytes)
}

async function logBytes(fs: FileSystem, dir: string): Promise<number> {
  let bytes = 0
  for (const { name } of await fs.readdir(walDir(dir))) {
    try {
      bytes += (await fs.stat(`${walDir(dir)}/${name}`)).size
    } catch (thrown) {
      // A log file whose rows have just come into a segment.
      if (errorCode(thrown) !== 'ENOENT') throw thrown
    }
  }
  return bytes
}

/**
 * Drops the oldest segments of all tenants until the budget is kept: oldest by their newest row, so that what
 * is left has no holes. Returns the state before.
 */
export async function keepBudget(
  environment: {
    readonly fs: FileSystem
    readonly dir: string
    readonly segments: SegmentSet
    readonly logger: Logger
    readonly stats: BudgetStats
  },
  budget: DiskBudget,
): Promise<DiskState> {
  const { fs, dir, segments, logger, stats } = environment
  const before = await measureDisk(fs, dir, segments, budget)
  if (before.excessBytes === 0) return before
  const gone: Segment[] = []
  let freed = 0
  const byAge = segments.all().sort((a, b) => a.properties.maxMs - b.properties.maxMs)
  for (const segment of byAge) {
    if (freed >= before.excessBytes) break
    gone.push(segment)
    freed += segment.sizeBytes
  }
  if (gone.length > 0) await segments.remove(gone)
  for (const [place, dropped] of Map.groupBy(gone, placeOf)) {
    const rows = dropped.reduce((sum, { properties }) => sum + properties.rows, 0)
    const freedBytes = dropped.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    logger.warn(
      { place, rows, freedBytes, usedBytes: before.usedBytes, freeBytes: before.freeBytes },
      'the disk budget is used up: the oldest rows were dropped, before their retention was over. ' +
        'Raise max_disk, lower min_free_disk, or keep for a shorter time.',
    )
    stats.budgetDroppedRows += rows
    stats.budgetFreedBytes += freedBytes
    stats.budgetDroppedSegments += dropped.length
  }
  if (freed < before.excessBytes) {
    logger.error(
      { usedBytes: before.usedBytes, freeBytes: before.freeBytes, missingBytes: before.excessBytes - freed },
      'the disk budget cannot be kept: nothing is left to drop. ' +
        'Other files fill the disk, or max_disk is too low.',
    )
  }
  return before
}

function placeOf(segment: Segment): string {
  return `${segment.properties.tenant} ${dayName(segment.day)}`
}
