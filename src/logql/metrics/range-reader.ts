import { invariant } from '#base/invariant.ts'
import { compareTimestamps } from '#base/timestamp.ts'
import type { CountedTime, LogStore, ScanWindow } from '#store/types.ts'
import { type ExplainedRead, explainRead } from '../engine/explain.ts'
import type { Pace } from '../engine/pace.ts'
import type { ScanParts } from '../engine/parts.ts'
import type { StatsCollector } from '../engine/stats.ts'
import { compileMatcher } from '../pipeline/matcher.ts'
import type { Grouping, RangeAggExpr } from '../syntax/ast.ts'
import { printExpr } from '../syntax/printer.ts'
import { rangeFunction } from './accumulators.ts'
import { type CountedRange, countsAll, isWholeMinute, makeRunTest, readCounts } from './counted-range.ts'
import { CountedSteps } from './counted-steps.ts'
import { knownPart, PaneGatherer, type PaneMemory } from './pane-memory.ts'
import { isJoinable, RangeParts } from './range-parts.ts'
import { type Bound, type RangeSpec, SampleReader } from './sample-reader.ts'
import { type StepBlock, vectorAt } from './step-block.ts'
import { type StepGrid, stepTime } from './step-grid.ts'
import type { Vector } from './vector.ts'

/** What every range function of a query reads with. */
export interface ReadContext {
  readonly store: LogStore
  readonly tenant: string
  readonly grid: StepGrid
  /** Nanoseconds of an instant query's time beyond its milliseconds. */
  readonly instantNs: number
  readonly signal: AbortSignal
  readonly pace: Pace
  readonly stats: StatsCollector
  /** Most memory a range function may hold, bytes; 0 is no limit. */
  readonly maxHeldBytes: number
  /** Whether counters may stand for lines, and lines be ruled out before their stages run. */
  readonly shortcuts: boolean
  /** Other threads that read parts of what is asked for; undefined where there is no way to have them. */
  readonly parts: ScanParts | undefined
  /** What earlier queries have found; undefined where everything is to be read. */
  readonly memory: PaneMemory | undefined
}

/** So many more panes than a window has are remembered. */
const MEMORY_STEPS = 2

/** Evaluates one range function, step by step, reading the store as far as each step needs. */
export class RangeReader {
  readonly #expr: RangeAggExpr
  readonly #context: ReadContext
  readonly #spec: RangeSpec
  readonly #samples: SampleReader
  #windows: AsyncIterator<ScanWindow> | undefined
  /** Read in place of windows where other threads may help. */
  #parts: RangeParts | undefined
  /** Everything up to this shifted time, exclusive, has been read. */
  #readToMs = -Infinity
  #ended = false
  #scanStep = 0
  /** Whether windows with wide gaps between them are read one by one. */
  #readsApart: boolean
  /** The time that counters are still to be asked about. */
  #countable: CountedTime | undefined
  /** The first steps, whose windows counters answer. */
  #counted: CountedSteps | undefined
  #block: StepBlock | undefined
  /** What counters know, while it is still to be joined with what scans will find. */
  #known: CountedRange | undefined
  /** Where the next scan begins, if not with the window of its first step. */
  #scanFrom: Bound | undefined
  readonly #read: ExplainedRead
  /** Under what panes are remembered, and those that are to be; undefined where none are. */
  readonly #remembered: { readonly key: string; readonly gatherer: PaneGatherer } | undefined
  /** Whether what is remembered has been taken over. */
  #recalled = false

  constructor(expr: RangeAggExpr, pushed: Grouping | undefined, context: ReadContext) {
    const { grid, instantNs, shortcuts, maxHeldBytes } = context
    this.#expr = expr
    this.#context = context
    this.#spec = { expr, pushed, grid, instantNs, shortcuts, maxHeldBytes }
    this.#samples = new SampleReader(this.#spec)
    this.#samples.begin(context.pace, context.stats)
    const { plan } = this.#samples
    this.#read = explainRead(printExpr(expr), plan.pipeline, plan.needed)
    context.stats.addRead(this.#read)
    this.#readsApart = grid.count > 1 && grid.stepMs >= 2 * expr.range.rangeMs
    this.#countable = shortcuts && countsAll(plan) ? this.#countableTime() : undefined
    this.#remembered = this.#rememberedPanes()
  }

  /** Reads what the step's window holds. Steps come in ascending order. */
  async prepare(step: number): Promise<void> {
    const endMs = stepTime(this.#context.grid, step)
    if (this.#expr.range.rangeMs === 0) return
    await this.#readCounts()
    if (this.#counted !== undefined && step < this.#counted.steps) {
      const isThere = this.#block !== undefined && step < this.#block.firstStep + this.#block.steps
      if (!isThere) await this.#makeBlock(this.#counted, step, this.#counted.blockSteps)
      return
    }
    this.#block = undefined
    if (this.#known !== undefined) await this.#addCounts(this.#known, step)
    if (!this.#recalled) await this.#recall()
    if (this.#readsApart && this.#scanStep <= step) {
      await this.close()
      this.#readToMs = Number.NEGATIVE_INFINITY
    }
    while (!this.#ended && this.#readToMs <= endMs) {
      const readToMs = await this.#readOn(step)
      if (readToMs === undefined) {
        await this.close()
        this.#readToMs = endMs + 1
        this.#ended = !this.#readsApart
        break
      }
      this.#readToMs = readToMs
    }
  }

  /** Reads the next piece. Returns up to which shifted time all is read now; undefined at the end. */
  async #readOn(step: number): Promise<number | undefined> {
    if (this.#windows === undefined && this.#parts === undefined) this.#openScan(step)
    if (this.#parts !== undefined) return await this.#parts.next()
    const next = await this.#windows?.next()
    if (next === undefined || next.done === true) return undefined
    this.#context.pace.check()
    for (const batch of next.value.batches) await this.#samples.readBatch(batch)
    return next.value.toMs + this.#samples.shiftMs
  }

  /** How many steps may be asked for at once; 0 where counters do not answer all windows. */
  async blockSteps(): Promise<number> {
    await this.#readCounts()
    return this.#counted?.steps === this.#context.grid.count ? this.#counted.blockSteps : 0
  }

  /** The values of steps that follow each other, no more than {@link RangeReader.blockSteps}. */
  async blockAt(firstStep: number, steps: number): Promise<StepBlock> {
    invariant(this.#counted !== undefined, 'blocks come from counters')
    return await this.#makeBlock(this.#counted, firstStep, steps)
  }

  /** The vector of a prepared step. */
  evaluate(step: number): Vector {
    if (this.#block !== undefined) return vectorAt(this.#block, step)
    const endMs = stepTime(this.#context.grid, step)
    const { rangeMs } = this.#expr.range
    const { live, panes } = this.#samples
    this.#gather(step, endMs)
    const { vector, dropped } = live.vector(panes, step, rangeMs, endMs)
    if (dropped) this.#samples.forget()
    return vector
  }

  /**
   * Where windows overlap, panes of the last one are of use for a query that asks for the steps that follow.
   * Only those of functions that add up the same however their rows are cut, and of a grid that another
   * query may have, too.
   */
  #rememberedPanes(): { key: string; gatherer: PaneGatherer } | undefined {
    const { grid, memory } = this.#context
    const { rangeMs } = this.#expr.range
    const isCommon = Number.isInteger(grid.stepMs) && grid.firstMs % grid.stepMs === 0
    const overlaps = rangeMs > grid.stepMs && Number.isInteger(this.#expr.range.offsetMs)
    if (memory === undefined || this.#countable !== undefined || !isCommon || !overlaps) return undefined
    if (!isJoinable(this.#expr)) return undefined
    const lastMs = stepTime(grid, grid.count - 1)
    // A little more than the last window: rows that came late make a step or two unsure.
    const fromMs = Math.max(grid.firstMs - rangeMs, lastMs - rangeMs - MEMORY_STEPS * grid.stepMs)
    const { accumulation } = rangeFunction(this.#expr.op, this.#expr.param)
    const key = JSON.stringify([grid.stepMs, printExpr(this.#expr), this.#spec.pushed ?? null])
    return { key, gatherer: new PaneGatherer(accumulation, fromMs, grid.stepMs) }
  }

  /** Takes over the panes that are remembered, having read what lies before them. */
  async #recall(): Promise<void> {
    this.#recalled = true
    const { memory, grid } = this.#context
    if (memory === undefined || this.#remembered === undefined) return
    const known = memory.find(this.#remembered.key)
    const firstMs = grid.firstMs - this.#expr.range.rangeMs
    const lastMs = stepTime(grid, grid.count - 1)
    if (known === undefined || known.toMs <= firstMs || known.fromMs >= lastMs) return
    const samples = this.#samples
    if (known.fromMs > firstMs) await this.#readAll(samples.boundOf(firstMs), samples.boundOf(known.fromMs))
    const toMs = Math.min(known.toMs, lastMs)
    samples.absorb(knownPart(known, samples.panes, firstMs, toMs), 0)
    this.#scanFrom = samples.boundOf(toMs)
    this.#readToMs = toMs
    this.#ended = toMs === lastMs
  }

  #gather(step: number, endMs: number): void {
    if (this.#remembered === undefined) return
    const { grid, memory } = this.#context
    const { key, gatherer } = this.#remembered
    if (endMs <= gatherer.fromMs) return
    gatherer.gather(this.#samples.live, this.#samples.panes, step)
    if (step === grid.count - 1) memory?.keep(key, gatherer.known(endMs), this.#expr.range.offsetMs)
  }

  /** Frees the scan, if one is open. */
  async close(): Promise<void> {
    await this.#windows?.return?.()
    this.#windows = undefined
    await this.#parts?.close()
    this.#parts = undefined
  }

  #openScan(step: number): void {
    const { grid, tenant, signal, pace, stats, parts } = this.#context
    const samples = this.#samples
    const lastStep = this.#readsApart ? step : grid.count - 1
    this.#scanStep = lastStep + 1
    const firstMs = stepTime(grid, this.#readsApart ? step : 0) - this.#expr.range.rangeMs
    const from = this.#scanFrom ?? samples.boundOf(firstMs)
    const to = samples.boundOf(stepTime(grid, lastStep))
    // What is cut at panes is cut in the same way however many threads there are, and so adds up the same.
    const isInParts = !this.#readsApart && (parts?.threads !== 0 || !isJoinable(this.#expr))
    if (parts === undefined || !isInParts) this.#windows = this.#scan(from, to)
    else {
      const common = { parts, tenant, from, to, samples, pace, signal, stats }
      this.#parts = new RangeParts({ ...common, spec: this.#spec, read: this.#read })
    }
  }

  #scan(from: Bound, to: Bound): AsyncIterator<ScanWindow> {
    const { store, tenant, signal } = this.#context
    const scan = store.scan(tenant, this.#samples.request(from, to), signal)
    this.#read.scans.push(scan.stats)
    return scan[Symbol.asyncIterator]()
  }

  /** What counters could answer for: windows of whole minutes, or a single one. */
  #countableTime(): CountedTime | undefined {
    const { grid } = this.#context
    const { rangeMs } = this.#expr.range
    const samples = this.#samples
    const isAligned = [grid.firstMs, grid.stepMs, rangeMs, samples.shiftMs].every(isWholeMinute)
    if (rangeMs === 0 || (grid.count > 1 && (!isAligned || samples.shiftNs !== 0))) return undefined
    const [from, to] = [grid.firstMs - rangeMs, stepTime(grid, grid.count - 1)].map((shiftedMs) => {
      // The first moment that the span does not reach, at both ends.
      const { ms, ns } = samples.boundOf(shiftedMs)
      return ns > 0 ? { ms, ns: ns - 1 } : { ms: ms - 1, ns: 999_999 }
    })
    return { fromMs: from.ms, fromNs: from.ns, toMs: to.ms, toNs: to.ns }
  }

  /** Asks the counters, once. Where they end, or cannot tell, scans go on from there. */
  async #readCounts(): Promise<void> {
    const time = this.#countable
    this.#countable = undefined
    if (time === undefined) return
    const { store, tenant, grid } = this.#context
    const matchers = this.#expr.range.log.matchers.map(compileMatcher)
    const isUsable = makeRunTest(this.#samples.plan.byLabels)
    const counted = await readCounts(store, tenant, matchers, time, isUsable)
    if (counted === undefined) return
    this.#read.countedCells += counted.cells
    // An instant's window need not be a whole number of minutes.
    const steps = grid.count === 1 ? 0 : this.#stepsUpTo(counted.endMs)
    if (steps > 0) this.#counted = this.#countedSteps(counted, steps)
    if (steps < grid.count) this.#known = counted
  }

  /** How many steps have windows that end by a time; all of them where it is undefined. */
  #stepsUpTo(toMs: number | undefined): number {
    const { firstMs, stepMs, count } = this.#context.grid
    if (toMs === undefined) return count
    return Math.max(0, Math.min(count, Math.floor((toMs + this.#samples.shiftMs - firstMs) / stepMs) + 1))
  }

  #countedSteps(counted: CountedRange, steps: number): CountedSteps {
    const { op, range } = this.#expr
    const windows = {
      grid: { ...this.#context.grid, count: steps },
      rangeMs: range.rangeMs,
      shiftMs: this.#samples.shiftMs,
      bytes: this.#samples.plan.countsBytes,
      divisor: op === 'rate' || op === 'bytes_rate' ? range.rangeMs / 1000 : 1,
    }
    const made = new CountedSteps(windows, counted, (run) => this.#samples.seriesOfRun(run).id)
    this.#samples.checkHeld()
    return made
  }

  async #makeBlock(counted: CountedSteps, firstStep: number, steps: number): Promise<StepBlock> {
    const { pace, stats } = this.#context
    const lines = counted.lines
    this.#block = await counted.blockFrom(firstStep, steps, pace)
    stats.postFilterLines += counted.lines - lines
    return this.#block
  }

  /** Adds what counters know of a step's window, for scans to go on from there. */
  async #addCounts(known: CountedRange, step: number): Promise<void> {
    this.#known = undefined
    const { grid, pace } = this.#context
    const { rangeMs } = this.#expr.range
    const fromMs = stepTime(grid, step) - rangeMs - this.#samples.shiftMs
    for (const run of known.runs) {
      this.#samples.addRun(run, fromMs)
      if (pace.due) await pace.rest()
    }
    this.#samples.checkHeld()
    if (known.endMs === undefined) this.#ended = true
    else this.#scanOn(Math.max(fromMs, known.endMs))
  }

  #scanOn(afterMs: number): void {
    this.#readsApart = false
    this.#scanFrom = { ms: afterMs, ns: 1 }
  }

  async #readAll(from: Bound, to: Bound): Promise<void> {
    if (compareTimestamps(from.ms, from.ns, to.ms, to.ns) >= 0) return
    this.#windows = this.#scan(from, to)
    for (;;) {
      const { value, done } = await this.#windows.next()
      if (done === true) break
      for (const batch of value.batches) await this.#samples.readBatch(batch)
    }
    this.#windows = undefined
  }
}
