import type { Accumulation, RangeFunction } from './accumulators.ts'
import { SlidingWindow } from './sliding-window.ts'
import type { Panes } from './step-grid.ts'
import type { SeriesId } from './vector.ts'

/**
 * One series of a range function: the panes that still fill up, and the window over those that are complete.
 */
export class RangeSeries {
  readonly id: SeriesId
  readonly #accumulation: Accumulation<unknown>
  readonly #window: SlidingWindow<unknown>
  /** Panes that may still get samples, unordered. */
  #openPanes: number[] = []
  #openAccs: unknown[] = []
  #lastPane = Number.NaN
  #lastAcc: unknown

  constructor(id: SeriesId, fn: RangeFunction) {
    this.id = id
    this.#accumulation = fn.accumulation
    this.#window = new SlidingWindow(fn.accumulation, fn.collects)
  }

  /** Adds a sample to a pane. */
  add(pane: number, value: number, tsMs: number, tsNs: number): void {
    if (pane !== this.#lastPane) this.#open(pane)
    this.#accumulation.add(this.#lastAcc, value, tsMs, tsNs)
  }

  #open(pane: number): void {
    let at = this.#openPanes.indexOf(pane)
    if (at === -1) {
      at = this.#openPanes.push(pane) - 1
      this.#openAccs.push(this.#accumulation.make())
    }
    this.#lastPane = pane
    this.#lastAcc = this.#openAccs[at]
  }

  /**
   * Moves to a step whose panes are complete. Returns the window's accumulator, or undefined where it is
   * empty.
   */
  moveTo(panes: Panes, step: number): unknown {
    this.#closeUpTo(panes.lastOf(step))
    this.#window.dropBefore(panes.firstOf(step))
    return this.#window.join()
  }

  /** Whether the series holds no samples any more. */
  get isSpent(): boolean {
    return this.#window.isEmpty && this.#openPanes.length === 0
  }

  #closeUpTo(lastPane: number): void {
    if (this.#openPanes.length === 0) return
    const closing = [...this.#openPanes.keys()]
      .filter((i) => this.#openPanes[i] <= lastPane)
      .sort((a, b) => this.#openPanes[a] - this.#openPanes[b])
    if (closing.length === 0) return
    for (const i of closing) this.#window.push(this.#openPanes[i], this.#openAccs[i])
    const staying = [...this.#openPanes.keys()].filter((i) => this.#openPanes[i] > lastPane)
    const panes = staying.map((i) => this.#openPanes[i])
    this.#openAccs = staying.map((i) => this.#openAccs[i])
    this.#openPanes = panes
    this.#lastPane = Number.NaN
  }
}
