import type { CountRun } from '#store/types.ts'
import type { Pace } from '../engine/pace.ts'
import { type CountedRange, positionOf } from './counted-range.ts'
import type { SeriesRow, StepBlock } from './step-block.ts'
import type { StepGrid } from './step-grid.ts'
import type { SeriesId } from './vector.ts'

const MINUTE_MS = 60_000
/** How many sums a block holds at most, unless there are more series: 16 MB of them. */
const MAX_SUMS = 2 ** 21

/** What counters are added up to. All times are whole minutes. */
export interface CountedWindows {
  readonly grid: StepGrid
  readonly rangeMs: number
  /** Added to a row's time, so that windows end at their steps. */
  readonly shiftMs: number
  /** Whether bytes are added up, and not lines. */
  readonly bytes: boolean
  /** What a window's sum is divided by. */
  readonly divisor: number
}

/**
 * The windows of a range function over a grid of steps, from counters that know all of their minutes. A cell
 * lies in the windows of steps that follow each other: it is added at the first, and taken away behind the
 * last, so that the sum up to a step is its window's, however long windows are. Sums are of whole numbers,
 * and so exact.
 */
export class CountedSteps {
  readonly #windows: CountedWindows
  readonly #runs: readonly CountRun[]
  readonly #series: readonly SeriesId[]
  /** Of which series each run is. */
  readonly #seriesOf: Uint32Array
  /** Lines that are in a window of the blocks made so far. */
  lines = 0

  /** @param seriesOf the series of a run's rows */
  constructor(windows: CountedWindows, { runs }: CountedRange, seriesOf: (run: CountRun) => SeriesId) {
    this.#windows = windows
    this.#runs = runs
    const numbers = new Map<SeriesId, number>()
    this.#seriesOf = new Uint32Array(runs.length)
    for (const [i, run] of runs.entries()) {
      const id = seriesOf(run)
      const number = numbers.get(id) ?? numbers.size
      numbers.set(id, number)
      this.#seriesOf[i] = number
    }
    this.#series = [...numbers.keys()]
  }

  /** How many steps there are. */
  get steps(): number {
    return this.#windows.grid.count
  }

  /** How many steps a block may have. */
  get blockSteps(): number {
    const steps = Math.floor(MAX_SUMS / Math.max(1, this.#series.length))
    return Math.min(this.steps, Math.max(1, steps))
  }

  /**
   * The windows of so many steps, fewer at the end of the grid. Blocks are asked for in the order of time.
   */
  async blockFrom(firstStep: number, wanted: number, pace: Pace): Promise<StepBlock> {
    const { grid, bytes, divisor } = this.#windows
    const steps = Math.min(wanted, grid.count - firstStep)
    const makeSums = (): Float64Array[] => {
      const all = new Float64Array(this.#series.length * (steps + 1))
      return this.#series.map((_, i) => all.subarray(i * (steps + 1), (i + 1) * (steps + 1)))
    }
    const lines = makeSums()
    const sums = bytes ? makeSums() : lines
    for (const [i, run] of this.#runs.entries()) {
      const number = this.#seriesOf[i]
      this.#addRun(run, firstStep, steps, lines[number], sums[number])
      if (pace.due) await pace.rest()
    }
    const rows = this.#series.map((series, i): SeriesRow => {
      sumUp(lines[i], steps)
      if (bytes) sumUp(sums[i], steps)
      if (divisor !== 1) for (let k = 0; k < steps; k++) sums[i][k] /= divisor
      const has = lines[i].subarray(0, steps)
      return { series, values: bytes ? sums[i].subarray(0, steps) : has, has }
    })
    return { firstStep, steps, rows }
  }

  #addRun(run: CountRun, firstStep: number, steps: number, lines: Float64Array, sums: Float64Array): void {
    const { grid, rangeMs, shiftMs, bytes } = this.#windows
    const perStep = grid.stepMs / MINUTE_MS
    const perRange = rangeMs / MINUTE_MS
    // The window of step k holds the minutes from end + k·perStep - perRange up to before end + k·perStep.
    const end = (grid.firstMs - shiftMs) / MINUTE_MS
    const { minute, lines: ofLines, bytes: ofBytes } = run.columns
    const from = positionOf(run, run.from, end + firstStep * perStep - perRange)
    const to = positionOf(run, from, end + (firstStep + steps - 1) * perStep)
    for (let i = from; i < to; i++) {
      const after = minute[i] - end
      const begins = Math.floor(after / perStep) + 1 - firstStep
      const ends = Math.min(Math.floor((after + perRange) / perStep) + 1 - firstStep, steps)
      const first = Math.max(0, begins)
      if (first >= ends) continue
      lines[first] += ofLines[i]
      lines[ends] -= ofLines[i]
      if (bytes) {
        sums[first] += ofBytes[i]
        sums[ends] -= ofBytes[i]
      }
      // Windows that reach back behind the block have counted it already.
      if (begins >= 0 || firstStep === 0) this.lines += ofLines[i]
    }
  }
}

/** Makes each number the sum of itself and those before. */
function sumUp(numbers: Float64Array, count: number): void {
  let sum = 0
  for (let i = 0; i < count; i++) {
    sum += numbers[i]
    numbers[i] = sum
  }
}
