import type { DeleteRequest } from './delete-types.ts'
import type { Direction, ScanRequest, ScanStats, ScanWindow } from './types.ts'

/**
 * A scan cut into windows ahead of being read, so that several threads can read one each. What crosses to
 * another thread is plain data.
 */
export interface ScanPlan {
  /** What was found in planning, and what {@link ScanPlan.read} does. */
  readonly stats: ScanStats
  /** To be awaited, where it is not undefined, before the first window is asked for. */
  readonly ready: Promise<void> | undefined
  /** About the cost of the windows yet to come: rows, long ones counted more than once. */
  readonly costLeft: number
  /** The next window in the direction of the scan; the very ones that the scan itself would read. */
  next(): PlannedWindow | undefined
  /** Reads windows in this thread. The iteration throws the signal's reason once it is aborted. */
  read(windows: readonly PlannedWindow[], signal: AbortSignal): AsyncIterable<ScanWindow>
  /** What another thread needs to read these windows. None may have rows in memory. */
  share(windows: readonly PlannedWindow[]): SharedWindows
  /** Lets go of the files: once nobody reads any more, in any thread. */
  release(): void
}

/**
 * A window of time that is to be read. It may be cut into several by whoever wants less at once: a copy with
 * other bounds within these.
 */
export interface PlannedWindow {
  readonly fromMs: number
  /** Exclusive. */
  readonly toMs: number
  readonly cost: number
  /** Whether some of its rows may be in memory, where no other thread finds them. */
  readonly inMemory: boolean
}

/** Windows of a scan as plain data: which blocks of which files they lie in. */
export interface SharedWindows {
  readonly tenant: string
  readonly direction: Direction
  /** [from, to) of each window, milliseconds. */
  readonly windows: readonly (readonly [fromMs: number, toMs: number])[]
  /** In the order in which rows of equal standing are handed out. */
  readonly segments: readonly SharedSegment[]
  /** Requests whose rows are hidden. */
  readonly deletes: readonly DeleteRequest[]
}

/** The blocks of a file that are to be looked at. */
export interface SharedSegment {
  readonly path: string
  /** Tells a file apart from another one that had its name before. */
  readonly sizeBytes: number
  readonly blocks: Uint32Array
}

/** A block that cannot be read, as plain data. */
export interface CorruptBlock {
  readonly path: string
  /** As in {@link SharedSegment}. */
  readonly sizeBytes: number
  readonly block: number
  /** Where in the file the damage is, bytes. */
  readonly offset: number
  readonly error: string
}

/** Plans the scan of a request. */
export type PlanScan = (tenant: string, request: ScanRequest) => ScanPlan
