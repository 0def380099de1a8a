import type { PlanScan, ScanPlan, SharedWindows } from '#store/scan-plan.ts'
import type { Direction, ScanStats } from '#store/types.ts'
import type { PartSeries } from '../metrics/live-series.ts'
import type { Bound, RangeSpec } from '../metrics/sample-reader.ts'
import type { PaneRange } from '../metrics/step-grid.ts'
import type { LogExpr } from '../syntax/ast.ts'
import type { PassedEntry } from './batch-cursor.ts'

/** Other threads that read parts of a query's time, and the store that says what can be read there. */
export interface ScanParts {
  readonly plan: PlanScan
  /** How many threads there are; 0: everything is read here. */
  readonly threads: number
  /**
   * How long a query has to go on, by what it has read so far, for parts of it to be given away,
   * milliseconds; 0: all of them, from the first on.
   */
  readonly minWorkMs: number
  /** How many more parts are taken now. */
  room(): number
  /**
   * Has another thread answer a part, as `answerPart` does.
   * @throws LogqlError for what is wrong with the query; the signal's reason once it is aborted;
   * OperatorError where the thread has ended
   */
  run(task: PartTask, signal: AbortSignal): Promise<PartAnswer>
}

/** A part of a query's time to be answered: plain data. */
export type PartTask = MetricTask | LogTask

/** Samples of a range function in some windows. */
export interface MetricTask {
  readonly kind: 'metric'
  readonly spec: RangeSpec
  /** What the whole range function reads. */
  readonly from: Bound
  readonly to: Bound
  readonly pieces: readonly MetricPiece[]
}

/** Windows whose samples are handed back together. */
export interface MetricPiece {
  /** The panes whose samples are wanted; undefined: all. */
  readonly panes: PaneRange | undefined
  readonly shared: SharedWindows
}

/** Lines of a log query in some windows. */
export interface LogTask {
  readonly kind: 'log'
  readonly expr: LogExpr
  readonly shortcuts: boolean | undefined
  readonly from: Bound
  readonly to: Bound
  readonly direction: Direction
  readonly limit: number
  readonly maxHeldBytes: number
  readonly shared: SharedWindows
}

/** What was found in a part: plain data. */
export type PartAnswer = MetricAnswer | LogAnswer

interface CommonAnswer {
  readonly stats: ScanStats
  readonly postFilterLines: number
}

/** The samples of a {@link MetricTask}. */
export interface MetricAnswer extends CommonAnswer {
  readonly kind: 'metric'
  /** One for each piece of the task. */
  readonly pieces: readonly PieceAnswer[]
}

/** The samples of a {@link MetricPiece}. */
export interface PieceAnswer {
  readonly series: PartSeries
  /** Windows that had any rows, and how many these were. */
  readonly windows: number
  readonly rows: number
}

/** The lines of a {@link LogTask}, in the direction of the query, at most as many as it may return. */
export interface LogAnswer extends CommonAnswer {
  readonly kind: 'log'
  readonly entries: readonly PassedEntry[]
}

/** Adds what another thread did to the numbers of a plan, which has counted blocks and streams already. */
export function addPartStats({ stats }: ScanPlan, part: ScanStats): void {
  // A block that lies in two parts is looked for in both.
  stats.blocksPruned = Math.min(stats.blocks, stats.blocksPruned + part.blocksPruned)
  stats.compressedBytes += part.compressedBytes
  stats.lineBytes += part.lineBytes
  stats.lines += part.lines
}

/** What is given away is as large as the largest window of a scan at least, so many times that at most. */
const SHARE_COST = 131_072
const MAX_WINDOWS = 8
/** So many shares for each thread even out that some take longer. */
const SHARES_PER_THREAD = 4

/**
 * What each share of the rest of a plan should cost: a block that lies across the cut between two is looked
 * at in both, so there should not be many.
 */
export function shareCost({ threads }: ScanParts, { costLeft }: ScanPlan): number {
  const even = costLeft / ((threads + 1) * SHARES_PER_THREAD)
  return Math.min(Math.max(even, SHARE_COST), SHARE_COST * MAX_WINDOWS)
}

/** Takes parts until they cost as much, or there are no more: all with rows in memory, or all without. */
export function takeUpTo<Part extends { readonly cost: number; readonly inMemory: boolean }>(
  wanted: number,
  next: () => Part | undefined,
  putBack: (part: Part) => void,
): Part[] {
  const taken: Part[] = []
  for (let cost = 0; cost < wanted; ) {
    const part = next()
    if (part === undefined) break
    if (taken.length > 0 && part.inMemory !== taken[0].inMemory) {
      putBack(part)
      break
    }
    taken.push(part)
    cost += part.cost
  }
  return taken
}

/** How long this thread has worked, microseconds: what it waits for, others cannot save. */
function workedUs(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

/** An estimate counts once a query has gone on for this part of the work that is worth other threads. */
const SURE_FROM = 0.25

/** Tells from what has been read whether the rest of a plan is worth other threads. */
export class WorkEstimate {
  readonly #parts: ScanParts
  readonly #plan: ScanPlan
  #begunUs = 0
  #readMs = 0
  #readCost = 0

  constructor(parts: ScanParts, plan: ScanPlan) {
    this.#parts = parts
    this.#plan = plan
  }

  /** A part is about to be read here. */
  begin(): void {
    this.#begunUs = workedUs()
  }

  /** The part has been read. */
  end(cost: number): void {
    this.#readMs += (workedUs() - this.#begunUs) / 1000
    this.#readCost += cost
  }

  /**
   * Whether other threads should read on, the next part of this cost being the first of theirs.
   * @param found how much of what is wanted has been found, 0 … 1: the rest will cost as much in proportion
   */
  isWorthIt(nextCost: number, found = 0): boolean {
    const { threads, minWorkMs } = this.#parts
    if (threads === 0) return false
    if (minWorkMs === 0) return true
    const wanted = found === 0 ? Infinity : (this.#readCost * (1 - found)) / found
    const left = Math.min(this.#plan.costLeft + nextCost, wanted)
    // The first rows of a query say little: patterns and code are still cold.
    if (this.#readMs < minWorkMs * SURE_FROM) return false
    return this.#readCost > 0 && (this.#readMs / this.#readCost) * left >= minWorkMs
  }
}
