/**
 * The steps of a metric query and how they cut time. Step k stands at `firstMs + k·stepMs`; its window is
 * (step − range, step]. Window edges cut time into panes: two per step, split where some window begins, so
 * that every window is a whole number of panes.
 */
export interface StepGrid {
  readonly firstMs: number
  readonly stepMs: number
  readonly count: number
}

/** The time of a step. */
export function stepTime(grid: StepGrid, step: number): number {
  return grid.firstMs + step * grid.stepMs
}

/** Finds the panes of times that mostly ascend. */
export class PaneCursor {
  readonly #panes: Panes
  #fromMs = Infinity
  #toMs = -Infinity
  /** The pane of the last time asked for. */
  pane = 0
  /** Whether any window holds it. */
  isUsed = false

  constructor(panes: Panes) {
    this.#panes = panes
  }

  /** Whether a time, rounded up to whole milliseconds, lies in the pane at hand. */
  holds(upMs: number): boolean {
    return upMs > this.#fromMs && upMs <= this.#toMs
  }

  /** Moves to the pane of a time, rounded up to whole milliseconds. */
  moveTo(upMs: number): void {
    this.pane = this.#panes.of(upMs)
    this.isUsed = this.#panes.isUsed(this.pane)
    this.#fromMs = this.#panes.endOf(this.pane - 1)
    this.#toMs = this.#panes.endOf(this.pane)
  }
}

/** Panes from one to another, both included. */
export interface PaneRange {
  readonly first: number
  readonly last: number
}

/** Panes of one range over the grid. */
export class Panes {
  readonly #grid: StepGrid
  readonly #rangeMs: number
  /** Whole steps in the range, and what is left. */
  readonly #wholeSteps: number
  readonly #restMs: number
  #firstUsed: number
  #lastUsed: number

  constructor(grid: StepGrid, rangeMs: number) {
    this.#grid = grid
    this.#rangeMs = rangeMs
    this.#wholeSteps = Math.floor(rangeMs / grid.stepMs)
    this.#restMs = rangeMs - this.#wholeSteps * grid.stepMs
    this.#firstUsed = this.firstOf(0)
    this.#lastUsed = this.lastOf(grid.count - 1)
  }

  /** From now on only panes from `first` to `last` are used. */
  use({ first, last }: PaneRange): void {
    this.#firstUsed = Math.max(first, this.firstOf(0))
    this.#lastUsed = Math.min(last, this.lastOf(this.#grid.count - 1))
  }

  /** The pane of a time, rounded up to whole milliseconds. */
  of(timeMs: number): number {
    const { firstMs, stepMs } = this.#grid
    const step = Math.ceil((timeMs - firstMs) / stepMs)
    return 2 * step + (timeMs > firstMs + step * stepMs - this.#restMs ? 1 : 0)
  }

  /** The latest time, milliseconds, inside a pane. */
  endOf(pane: number): number {
    const { firstMs, stepMs } = this.#grid
    const step = Math.floor(pane / 2)
    return firstMs + step * stepMs - (pane % 2 === 0 ? this.#restMs : 0)
  }

  /** The first pane of a step's window. */
  firstOf(step: number): number {
    return 2 * (step - this.#wholeSteps) + 1
  }

  /** The last pane of a step's window. */
  lastOf(step: number): number {
    return 2 * step + 1
  }

  /** Whether any step's window holds the pane. Gaps between windows, and time outside of all, are in none. */
  isUsed(pane: number): boolean {
    if (this.#rangeMs === 0) return false
    if (pane < this.#firstUsed || pane > this.#lastUsed) return false
    return this.#wholeSteps > 0 || pane % 2 !== 0
  }
}
