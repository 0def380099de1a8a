import type { Labels } from '#base/labels.ts'
import type { RangeFunction } from './accumulators.ts'
import { type OpenPanes, RangeSeries } from './range-series.ts'
import type { Panes } from './step-grid.ts'
import { SeriesTable, type Vector } from './vector.ts'

/** Samples of a part of a range function's time, by series as they were met. Plain data. */
export type PartSeries = readonly (OpenPanes & { readonly labels: Labels })[]

/** Roughly what one series holds on to, its samples apart. */
const SERIES_BYTES = 600

/** The series of a range function that have samples in the windows at hand. */
export class LiveSeries {
  readonly #fn: RangeFunction
  #table = new SeriesTable()
  readonly #byKey = new Map<string, RangeSeries>()
  /** Grows when series have been let go of: what is remembered of them from before is void. */
  age = 0

  constructor(fn: RangeFunction) {
    this.#fn = fn
  }

  get count(): number {
    return this.#byKey.size
  }

  /** The series with these labels, sorted by name. */
  of(labels: Labels): RangeSeries {
    const id = this.#table.of(labels)
    let series = this.#byKey.get(id.key)
    if (series === undefined) this.#byKey.set(id.key, (series = new RangeSeries(id, this.#fn)))
    return series
  }

  /** Hands out all samples, none of which is in a window yet, and has none from then on. */
  take(): PartSeries {
    const taken = [...this.#byKey.values()].map(({ id, open }) => ({ labels: id.labels, ...open }))
    this.#byKey.clear()
    this.age++
    this.#table = new SeriesTable()
    return taken
  }

  /** The panes that still fill up, or have not been in a window yet. */
  *open(): Generator<PartSeries[number]> {
    for (const { id, open } of this.#byKey.values()) yield { labels: id.labels, ...open }
  }

  /** Takes over the samples of the part of time that follows. */
  absorb(part: PartSeries): void {
    for (const series of part) this.of(series.labels).absorb(series)
  }

  /**
   * The vector of a step whose panes are complete. `rangeMs` and `endMs`: its window's length and end. Tells
   * also whether series without samples were let go of.
   */
  vector(panes: Panes, step: number, rangeMs: number, endMs: number): { vector: Vector; dropped: boolean } {
    const vector: Vector = { series: [], values: [] }
    let dropped = false
    for (const [key, one] of this.#byKey) {
      const acc = one.moveTo(panes, step)
      if (acc !== undefined) {
        vector.series.push(one.id)
        vector.values.push(this.#fn.accumulation.result(acc, rangeMs, endMs))
      } else if (one.isSpent) {
        this.#byKey.delete(key)
        dropped = true
        this.age++
      }
    }
    return { vector, dropped }
  }

  /** About how much memory the series hold, bytes; their samples only where `samples` is set. */
  heldBytes(samples: boolean): number {
    let held = this.#byKey.size * SERIES_BYTES
    if (samples && this.#fn.accumulation.sizeBytes !== undefined) {
      for (const series of this.#byKey.values()) held += series.sizeBytes
    }
    return held
  }
}
