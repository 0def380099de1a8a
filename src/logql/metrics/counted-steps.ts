import type { CountNumbers, CountRun } from '#store/types.ts'
import type { Pace } from '../engine/pace.ts'
import { type CountedRange, positionOf } from './counted-range.ts'
import type { SeriesRow, StepBlock } from './step-block.ts'
import { type StepGrid, stepTime } from './step-grid.ts'
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
    const minutes = blockMinutes(this.#windows, firstStep, steps)
    for (const [i, run] of this.#runs.entries()) {
      const number = this.#seriesOf[i]
      this.lines += addCells(run, run.columns.lines, minutes, lines[number])
      if (bytes) addCells(run, run.columns.bytes, minutes, sums[number])
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
}

/** In which windows of a block minutes lie: those of the steps from `begins` up to before `ends`. */
interface BlockMinutes {
  /** The first minute of the block's first window; the arrays begin here. */
  readonly first: number
  readonly begins: Int32Array
  readonly ends: Int32Array
  /** Before this one, minutes lie in windows of earlier blocks as well. */
  readonly firstNew: number
}

function blockMinutes(
  { grid, rangeMs, shiftMs }: CountedWindows,
  firstStep: number,
  steps: number,
): BlockMinutes {
  const perStep = grid.stepMs / MINUTE_MS
  const perRange = rangeMs / MINUTE_MS
  const length = (steps - 1) * perStep + perRange
  const begins = new Int32Array(length)
  const ends = new Int32Array(length)
  for (let i = 0; i < length; i++) {
    // The window of step k holds the minutes from k·perStep up to before k·perStep + perRange.
    begins[i] = Math.max(0, Math.floor((i - perRange) / perStep) + 1)
    ends[i] = Math.min(steps, Math.floor(i / perStep) + 1)
  }
  const first = (stepTime(grid, firstStep) - shiftMs - rangeMs) / MINUTE_MS
  return { first, begins, ends, firstNew: firstStep === 0 ? first : first + Math.max(0, perRange - perStep) }
}

/**
 * Adds the cells of a run where their windows begin, and takes them away where they end. Returns the sum of
 * those that are in a window of this block, but of none before.
 */
function addCells(run: CountRun, numbers: CountNumbers, minutes: BlockMinutes, sums: Float64Array): number {
  const { first, begins, ends, firstNew } = minutes
  const { minute } = run.columns
  const from = positionOf(run, run.from, first)
  const to = positionOf(run, from, first + begins.length)
  let added = 0
  for (let i = from; i < to; i++) {
    const at = minute[i] - first
    const begin = begins[at]
    const end = ends[at]
    if (begin >= end) continue
    const number = numbers[i]
    sums[begin] += number
    sums[end] -= number
    if (minute[i] >= firstNew) added += number
  }
  return added
}

/** Makes each number the sum of itself and those before. */
function sumUp(numbers: Float64Array, count: number): void {
  let sum = 0
  for (let i = 0; i < count; i++) {
    sum += numbers[i]
    numbers[i] = sum
  }
}
