import { invariant } from '#base/invariant.ts'
import type { PlannedWindow, ScanPlan } from '#store/scan-plan.ts'
import type { ScanWindow } from '#store/types.ts'
import type { ExplainedRead } from '../engine/explain.ts'
import type { Pace } from '../engine/pace.ts'
import { answersInOrder, type PartJob } from '../engine/part-queue.ts'
import {
  addPartStats,
  type MetricAnswer,
  type PieceAnswer,
  type ScanParts,
  shareCost,
  takeUpTo,
  WorkEstimate,
} from '../engine/parts.ts'
import type { RangeOp } from '../syntax/ast.ts'
import { type Bound, type RangeSpec, SampleReader } from './sample-reader.ts'
import type { PaneRange } from './step-grid.ts'

/** A part of a range function's time. */
interface RangePart {
  readonly windows: readonly PlannedWindow[]
  /** The panes that it fills; undefined where what it adds to a pane can be joined with what others add. */
  readonly panes: PaneRange | undefined
  /** Behind it, everything up to this time of the shifted clock, exclusive, has been read. */
  readonly readToMs: number
  readonly cost: number
  readonly inMemory: boolean
}

/** Parts that one thread has read. */
interface Share {
  readonly parts: readonly RangePart[]
  readonly answer: MetricAnswer
}

/** What a range function's parts are read with. */
export interface RangePartsOptions {
  readonly parts: ScanParts
  readonly tenant: string
  readonly spec: RangeSpec
  readonly from: Bound
  readonly to: Bound
  /** Where all samples end up. */
  readonly samples: SampleReader
  readonly pace: Pace
  readonly signal: AbortSignal
  readonly stats: { postFilterLines: number }
  readonly read: ExplainedRead
}

/**
 * Functions whose accumulators of two parts of a pane give, joined, exactly what one of the whole pane would.
 * Sums of fractions depend on the order of their parts: a pane of those is filled by one thread.
 */
const JOINABLE: ReadonlySet<RangeOp> = new Set([
  'count_over_time',
  'rate',
  'bytes_over_time',
  'bytes_rate',
  'absent_over_time',
  'min_over_time',
  'max_over_time',
  'first_over_time',
  'last_over_time',
  'quantile_over_time',
])

/** Whether parts of a range function may be cut anywhere, so that they are the windows of the scan. */
export function isJoinable({ op, range }: RangeSpec['expr']): boolean {
  // `rate` of an unwrapped value adds up that, not lines.
  return JOINABLE.has(op) && (op !== 'rate' || range.unwrap === undefined)
}

/** Parts below this cost are read here: another thread would spend more on the way. */
const MIN_COST = 8192

/** Reads a range function part by part, in the order of time, some of them in other threads. */
export class RangeParts {
  readonly #options: RangePartsOptions
  readonly #plan: ScanPlan
  readonly #estimate: WorkEstimate
  readonly #abort = new AbortController()
  /** Parts that other threads have or had. */
  readonly #given: Promise<unknown>[] = []
  #answers: AsyncGenerator<Share> | undefined
  /** Parts that have been read, but are not among the query's samples yet. */
  readonly #ready: { readonly part: RangePart; readonly answer: PieceAnswer }[] = []
  /** What is left of a window that was cut. */
  #carry: PlannedWindow | undefined
  #firstPane = Number.NEGATIVE_INFINITY
  /** Reads what this thread reads for other threads' parts to be joined with. */
  #side: SampleReader | undefined

  constructor(options: RangePartsOptions) {
    this.#options = options
    const { parts, tenant, samples, from, to, read } = options
    this.#plan = parts.plan(tenant, samples.request(from, to))
    this.#estimate = new WorkEstimate(parts, this.#plan)
    read.scans.push(this.#plan.stats)
  }

  /**
   * Reads the next part that has any rows. Returns up to which time of the shifted clock, exclusive,
   * everything has been read; undefined at the end.
   */
  async next(): Promise<number | undefined> {
    if (this.#plan.ready !== undefined) await this.#plan.ready
    while (this.#answers === undefined) {
      const part = this.#cut()
      if (part === undefined) return undefined
      if (this.#estimate.isWorthIt(part.cost)) this.#answers = this.#share(part)
      else if (await this.#readDirectly(part)) return part.readToMs
    }
    const { samples, stats } = this.#options
    for (;;) {
      const first = this.#ready.shift()
      if (first === undefined) {
        const { value, done } = await this.#answers.next()
        if (done === true) return undefined
        stats.postFilterLines += value.answer.postFilterLines
        for (const [i, answer] of value.answer.pieces.entries()) {
          if (answer.windows > 0) this.#ready.push({ part: value.parts[i], answer })
        }
      } else {
        samples.absorb(first.answer.series, first.answer.rows)
        return first.part.readToMs
      }
    }
  }

  /** Ends what is being read elsewhere, and lets the files go once nobody reads them. */
  async close(): Promise<void> {
    this.#abort.abort(new Error('the query has ended'))
    await this.#answers?.return(undefined)
    void Promise.allSettled(this.#given).then(() => this.#plan.release())
  }

  /** Reads a part into the query's own samples. Returns whether there was anything. */
  async #readDirectly(part: RangePart): Promise<boolean> {
    const { samples } = this.#options
    this.#estimate.begin()
    if (part.panes !== undefined) samples.panes.use(part.panes)
    const { windows } = await this.#readWindows(part, samples)
    this.#estimate.end(part.cost)
    return windows > 0
  }

  async #readWindows(part: RangePart, into: SampleReader): Promise<{ windows: number; rows: number }> {
    const { pace, signal } = this.#options
    pace.check()
    return await readInto(this.#plan.read(part.windows, signal), into, pace)
  }

  #share(first: RangePart): AsyncGenerator<Share> {
    const { parts } = this.#options
    const cost = shareCost(parts, this.#plan)
    let waiting: RangePart | undefined = first
    const nextPart = (): RangePart | undefined => {
      const part = waiting ?? this.#cut()
      waiting = undefined
      return part
    }
    const next = (): PartJob<Share> | undefined => {
      const own = takeUpTo(cost, nextPart, (part) => {
        waiting = part
      })
      if (own.length === 0) return undefined
      const sum = own.reduce((total, part) => total + part.cost, 0)
      return {
        canLeave: !own[0].inMemory && (sum >= MIN_COST || parts.minWorkMs === 0),
        here: async () => ({ parts: own, answer: await this.#answerHere(own) }),
        there: async () => ({ parts: own, answer: await this.#answerThere(own) }),
      }
    }
    return answersInOrder(next, parts, this.#given)
  }

  async #answerHere(own: readonly RangePart[]): Promise<MetricAnswer> {
    const { spec, pace } = this.#options
    const counted = { postFilterLines: 0 }
    this.#side ??= new SampleReader(spec)
    const side = this.#side
    side.begin(pace, counted)
    const pieces: PieceAnswer[] = []
    for (const part of own) {
      if (part.panes !== undefined) side.panes.use(part.panes)
      const read = await this.#readWindows(part, side)
      pieces.push({ series: side.take(), ...read })
    }
    return { kind: 'metric', pieces, ...counted, stats: this.#plan.stats }
  }

  async #answerThere(own: readonly RangePart[]): Promise<MetricAnswer> {
    const { parts, spec, from, to, signal, read } = this.#options
    const pieces = own.map(({ panes, windows }) => ({ panes, shared: this.#plan.share(windows) }))
    const task = { kind: 'metric', spec, from, to, pieces } as const
    const answer = await parts.run(task, AbortSignal.any([signal, this.#abort.signal]))
    invariant(answer.kind === 'metric', 'a metric task has a metric answer')
    addPartStats(this.#plan, answer.stats)
    read.partsElsewhere++
    return answer
  }

  /** The next part: a window, or windows up to the last end of a pane in them. */
  #cut(): RangePart | undefined {
    const { spec, samples } = this.#options
    if (isJoinable(spec.expr)) {
      const window = this.#plan.next()
      return window && partOf([window], undefined, window.toMs + samples.shiftMs)
    }
    const windows = this.#carry === undefined ? [] : [this.#carry]
    this.#carry = undefined
    for (;;) {
      const window = this.#plan.next()
      if (window === undefined) break
      const pane = this.#lastPaneIn(window)
      if (pane === undefined) {
        windows.push(window)
        continue
      }
      const end = samples.boundOf(samples.panes.endOf(pane))
      // A millisecond that belongs to two panes is looked at for both.
      windows.push({ ...window, toMs: end.ns > 0 ? end.ms + 1 : end.ms })
      if (end.ms < window.toMs) this.#carry = { ...window, fromMs: end.ms, cost: restOf(window, end.ms) }
      return partOf(windows, this.#nextPanes(pane), samples.panes.endOf(pane) + 1)
    }
    const last = windows.at(-1)
    if (last === undefined) return undefined
    return partOf(windows, this.#nextPanes(Number.POSITIVE_INFINITY), last.toMs + samples.shiftMs)
  }

  #nextPanes(last: number): PaneRange {
    const panes = { first: this.#firstPane, last }
    this.#firstPane = last + 1
    return panes
  }

  /** The last pane that ends in a window; undefined where none does. */
  #lastPaneIn({ fromMs, toMs }: PlannedWindow): number | undefined {
    const { samples } = this.#options
    for (let pane = samples.panes.of(toMs + samples.shiftMs); ; pane--) {
      const { ms, ns } = samples.boundOf(samples.panes.endOf(pane))
      if (ms < fromMs) return undefined
      if ((ns > 0 ? ms + 1 : ms) <= toMs) return pane
    }
  }
}

/** Reads windows into samples. Returns how many had rows, and how many these were. */
export async function readInto(
  windows: AsyncIterable<ScanWindow>,
  samples: SampleReader,
  pace: Pace,
): Promise<{ windows: number; rows: number }> {
  const counted = { windows: 0, rows: 0 }
  for await (const { batches } of windows) {
    pace.check()
    counted.windows++
    for (const batch of batches) {
      counted.rows += batch.rows.length
      await samples.readBatch(batch)
    }
  }
  return counted
}

function restOf({ fromMs, toMs, cost }: PlannedWindow, atMs: number): number {
  return (cost * (toMs - atMs)) / (toMs - fromMs)
}

function partOf(
  windows: readonly PlannedWindow[],
  panes: PaneRange | undefined,
  readToMs: number,
): RangePart {
  const cost = windows.reduce((sum, window) => sum + window.cost, 0)
  return { windows, panes, readToMs, cost, inMemory: windows.some(({ inMemory }) => inMemory) }
}
