import type { Accumulation, RangeFunction } from './accumulators.ts'
import { SlidingWindow } from './sliding-window.ts'
import type { Panes } from './step-grid.ts'
import type { SeriesId } from './vector.ts'

/** Panes of a series, ascending, and the accumulator of each: plain data. */
export interface OpenPanes {
  readonly panes: readonly number[]
  readonly accs: readonly unknown[]
}

/**
 * One series of a range function: the panes that still fill up, and the window over those that are complete.
 */
export class RangeSeries {
  readonly id: SeriesId
  readonly #accumulation: Accumulation<unknown>
  readonly #window: SlidingWindow<unknown>
  /** Panes that may still get samples, ascending; those before `#head` are closed. */
  readonly #openPanes: number[] = []
  readonly #openAccs: unknown[] = []
  #head = 0
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
    const at = this.#placeOf(pane)
    if (this.#openPanes[at] !== pane) this.#insert(at, pane, this.#accumulation.make())
    this.#lastPane = pane
    this.#lastAcc = this.#openAccs[at]
  }

  #insert(at: number, pane: number, acc: unknown): void {
    if (at === this.#openPanes.length) {
      this.#openPanes.push(pane)
      this.#openAccs.push(acc)
      return
    }
    this.#openPanes.splice(at, 0, pane)
    this.#openAccs.splice(at, 0, acc)
  }

  /** Takes over what was added to panes elsewhere; of a pane that is open here, that is the newer part. */
  absorb({ panes, accs }: OpenPanes): void {
    for (let i = 0; i < panes.length; i++) {
      const at = this.#placeOf(panes[i])
      if (this.#openPanes[at] === panes[i]) {
        this.#openAccs[at] = this.#accumulation.merge(this.#openAccs[at], accs[i])
      } else {
        this.#insert(at, panes[i], accs[i])
      }
    }
    this.#lastPane = Number.NaN
  }

  /** The panes that still fill up, to be absorbed elsewhere. */
  get open(): OpenPanes {
    this.#compact()
    return { panes: this.#openPanes, accs: this.#openAccs }
  }

  /** Where a pane is among the open ones, or belongs: nearly always at the end. */
  #placeOf(pane: number): number {
    const panes = this.#openPanes
    if (panes.length === 0 || panes[panes.length - 1] < pane) return panes.length
    let low = this.#head
    let high = panes.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (panes[middle] < pane) low = middle + 1
      else high = middle
    }
    return low
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

  /** About how much memory its samples take, bytes; 0 for functions that keep none. */
  get sizeBytes(): number {
    const { sizeBytes } = this.#accumulation
    if (sizeBytes === undefined) return 0
    let sum = this.#window.sizeBytes
    for (let i = this.#head; i < this.#openAccs.length; i++) sum += sizeBytes(this.#openAccs[i])
    return sum
  }

  /** Whether the series holds no samples any more. */
  get isSpent(): boolean {
    return this.#window.isEmpty && this.#openPanes.length === this.#head
  }

  #closeUpTo(lastPane: number): void {
    const before = this.#head
    while (this.#head < this.#openPanes.length && this.#openPanes[this.#head] <= lastPane) {
      this.#window.push(this.#openPanes[this.#head], this.#openAccs[this.#head])
      this.#openAccs[this.#head] = undefined
      this.#head++
    }
    if (this.#head === before) return
    this.#lastPane = Number.NaN
    // Many panes may be absorbed at once, to be closed one by one.
    if (this.#head * 2 > this.#openPanes.length) this.#compact()
  }

  #compact(): void {
    if (this.#head === 0) return
    this.#openPanes.splice(0, this.#head)
    this.#openAccs.splice(0, this.#head)
    this.#head = 0
  }
}
