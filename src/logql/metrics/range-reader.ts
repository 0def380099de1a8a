import { labelsText } from '#base/labels.ts'
import { compareTimestamps } from '#base/timestamp.ts'
import type { CountCell, LogStore, RowBatch, ScanRequest, ScanWindow, StreamRef } from '#store/types.ts'
import { type ExplainedRead, explainRead } from '../engine/explain.ts'
import type { Pace } from '../engine/pace.ts'
import type { StatsCollector } from '../engine/stats.ts'
import { LogqlError, tooMuchMemory } from '../error.ts'
import { filterRows } from '../pipeline/batch-filter.ts'
import { runStages } from '../pipeline/compile.ts'
import { compileMatcher } from '../pipeline/matcher.ts'
import { type Row, RowSource } from '../pipeline/row.ts'
import type { Grouping, RangeAggExpr } from '../syntax/ast.ts'
import { printExpr } from '../syntax/printer.ts'
import { type RangeFunction, rangeFunction } from './accumulators.ts'
import type { ColumnPlan } from './column-plan.ts'
import { ColumnReader } from './column-reader.ts'
import { CountedRange, countsAll, isWholeMinute, makeCellTest, wholeMinutes } from './counted-range.ts'
import { LiveSeries } from './live-series.ts'
import { planRange, type RangePlan } from './range-plan.ts'
import type { RangeSeries } from './range-series.ts'
import { SeriesLookup } from './series-of-row.ts'
import { PaneCursor, Panes, type StepGrid, stepTime } from './step-grid.ts'
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
}

/** Samples are added up after so many rows: it takes a look at every series. */
const CHECK_ROWS = 16_384

/** The clock is looked at once in 64 rows: a row can take long, where its line or a pattern is. */
const PACE_MASK = 63

const NO_LINE = new Uint8Array(0)

/** A moment: milliseconds and nanoseconds within them. */
interface Bound {
  readonly ms: number
  readonly ns: number
}

/** Evaluates one range function, step by step, reading the store as far as each step needs. */
export class RangeReader {
  readonly #expr: RangeAggExpr
  readonly #context: ReadContext
  readonly #plan: RangePlan
  readonly #fn: RangeFunction
  readonly #panes: Panes
  /**
   * Added to a row's time, so that windows end on whole milliseconds: the offset, less an instant's
   * nanoseconds.
   */
  readonly #shiftMs: number
  readonly #shiftNs: number
  readonly #live: LiveSeries
  readonly #columns: ColumnReader | undefined
  readonly #lookup: SeriesLookup<RangeSeries>
  #windows: AsyncIterator<ScanWindow> | undefined
  /** Everything up to this shifted time, exclusive, has been read. */
  #readToMs = -Infinity
  #ended = false
  /** Rows read since samples were added up. */
  #unchecked = 0
  #scanStep = 0
  /** Whether windows with wide gaps between them are read one by one. */
  #readsApart: boolean
  /** What counters answer; undefined where they do not, and once they have. */
  #counted: CountedRange | undefined
  /** Where the next scan begins, if not with the window of its first step. */
  #scanFrom: Bound | undefined
  readonly #read: ExplainedRead
  readonly #cellSeries = new Map<StreamRef, Map<string, RangeSeries>>()

  constructor(expr: RangeAggExpr, pushed: Grouping | undefined, context: ReadContext) {
    this.#expr = expr
    this.#context = context
    this.#plan = planRange(expr, pushed, context.shortcuts)
    this.#read = explainRead(printExpr(expr), this.#plan.pipeline, this.#plan.needed)
    context.stats.addRead(this.#read)
    this.#fn = rangeFunction(expr.op, expr.param)
    this.#panes = new Panes(context.grid, expr.range.rangeMs)
    const totalNs = Math.round((expr.range.offsetMs % 1) * 1e6) - context.instantNs
    const carry = Math.floor(totalNs / 1e6)
    this.#shiftMs = Math.trunc(expr.range.offsetMs) + carry
    this.#shiftNs = totalNs - carry * 1e6
    this.#readsApart = context.grid.count > 1 && context.grid.stepMs >= 2 * expr.range.rangeMs
    this.#counted = context.shortcuts && countsAll(this.#plan) ? this.#countedRange() : undefined
    this.#live = new LiveSeries(this.#fn)
    this.#lookup = new SeriesLookup(this.#plan.grouper, (labels) => this.#live.of(labels))
    this.#columns = this.#plan.columns && this.#columnReader(this.#plan.columns)
  }

  #columnReader(columns: ColumnPlan): ColumnReader {
    return new ColumnReader(this.#plan, columns, {
      live: this.#live,
      panes: this.#panes,
      shiftMs: this.#shiftMs,
      shiftNs: this.#shiftNs,
      stats: this.#context.stats,
      readRows: (source, rows) => {
        for (let at = 0; at < rows.length; ) at = this.#readRows(source, rows, at)
      },
    })
  }

  /** Reads what the step's window holds. Steps come in ascending order. */
  async prepare(step: number): Promise<void> {
    const endMs = stepTime(this.#context.grid, step)
    if (this.#expr.range.rangeMs === 0) return
    if (this.#counted !== undefined) await this.#readCounts(this.#counted, endMs)
    if (this.#counted !== undefined) return
    if (this.#readsApart && this.#scanStep <= step) {
      await this.close()
      this.#readToMs = Number.NEGATIVE_INFINITY
    }
    while (!this.#ended && this.#readToMs <= endMs) {
      this.#windows ??= this.#openScan(step)
      const { value, done } = await this.#windows.next()
      if (done === true) {
        this.#windows = undefined
        this.#readToMs = endMs + 1
        this.#ended = !this.#readsApart
        break
      }
      this.#context.pace.check()
      this.#readToMs = value.toMs + this.#shiftMs
      for (const batch of value.batches) await this.#readBatch(batch)
    }
  }

  /** The vector of a prepared step. */
  evaluate(step: number): Vector {
    const endMs = stepTime(this.#context.grid, step)
    const { rangeMs } = this.#expr.range
    const { vector, dropped } = this.#live.vector(this.#panes, step, rangeMs, endMs)
    if (dropped) {
      this.#lookup.clear()
      this.#cellSeries.clear()
    }
    return vector
  }

  /** Frees the scan, if one is open. */
  async close(): Promise<void> {
    await this.#windows?.return?.()
    this.#windows = undefined
  }

  #openScan(step: number): AsyncIterator<ScanWindow> {
    const { grid } = this.#context
    const lastStep = this.#readsApart ? step : grid.count - 1
    this.#scanStep = lastStep + 1
    const firstMs = stepTime(grid, this.#readsApart ? step : 0) - this.#expr.range.rangeMs
    return this.#scan(this.#scanFrom ?? this.#boundOf(firstMs), this.#boundOf(stepTime(grid, lastStep)))
  }

  /** The first moment behind a time of the shifted clock: (from, to] there is [from, to) of these. */
  #boundOf(shiftedMs: number): Bound {
    const ns = 1 - this.#shiftNs
    const carry = Math.floor(ns / 1e6)
    return { ms: shiftedMs - this.#shiftMs + carry, ns: ns - carry * 1e6 }
  }

  #scan(from: Bound, to: Bound): AsyncIterator<ScanWindow> {
    const { store, tenant, signal } = this.#context
    const request: ScanRequest = {
      matchers: this.#expr.range.log.matchers.map(compileMatcher),
      fromMs: from.ms,
      fromNs: from.ns,
      toMs: to.ms,
      toNs: to.ns,
      direction: 'forward',
      lines: this.#plan.pipeline.predicates,
      fields: this.#plan.pipeline.fields?.predicates ?? [],
      anyCase: this.#plan.pipeline.foldedNeedles.map(({ text }) => text),
      needMetadata: this.#plan.needsMetadata,
    }
    const scan = store.scan(tenant, request, signal)
    this.#read.scans.push(scan.stats)
    return scan[Symbol.asyncIterator]()
  }

  /** The whole minutes that counters could answer for: all of them, or those inside a single window. */
  #countedRange(): CountedRange | undefined {
    const { store, tenant, grid } = this.#context
    const { rangeMs, log } = this.#expr.range
    const isAligned = [grid.firstMs, grid.stepMs, rangeMs, this.#shiftMs].every(isWholeMinute)
    if (grid.count > 1 && (!isAligned || this.#shiftNs !== 0)) return undefined
    const fromMs = grid.firstMs - rangeMs - this.#shiftMs
    const toMs = stepTime(grid, grid.count - 1) - this.#shiftMs
    // A shift by nanoseconds makes both ends a little earlier.
    const minutes = wholeMinutes(fromMs, this.#shiftNs > 0 ? toMs - 1 : toMs)
    if (minutes === undefined) return undefined
    const isUsable = makeCellTest(this.#plan.byLabels)
    return new CountedRange(store, tenant, log.matchers.map(compileMatcher), minutes, isUsable)
  }

  /** Reads counters as far as a window needs. Where they end, or cannot tell, scans go on from there. */
  async #readCounts(counted: CountedRange, endMs: number): Promise<void> {
    const { grid, pace } = this.#context
    if (counted.cells === 0 && counted.atMs === counted.fromMs) {
      const from = this.#boundOf(grid.firstMs - this.#expr.range.rangeMs)
      await this.#readAll(from, { ms: counted.fromMs, ns: 1 })
    }
    while (counted.atMs < counted.toMs && (grid.count === 1 || counted.atMs < endMs - this.#shiftMs)) {
      pace.check()
      const cells = await counted.next()
      if (cells === undefined) {
        this.#scanOn(counted.atMs)
        return
      }
      for (const cell of cells) this.#addCell(cell)
      this.#read.countedCells += cells.length
      this.#checkHeld()
      if (pace.due) await pace.rest()
    }
    if (grid.count > 1) return
    const end = this.#boundOf(endMs)
    if (compareTimestamps(counted.toMs, 1, end.ms, end.ns) < 0) this.#scanOn(counted.toMs)
  }

  #scanOn(afterMs: number): void {
    this.#counted = undefined
    this.#readsApart = false
    this.#scanFrom = { ms: afterMs, ns: 1 }
  }

  async #readAll(from: Bound, to: Bound): Promise<void> {
    if (compareTimestamps(from.ms, from.ns, to.ms, to.ns) >= 0) return
    this.#windows = this.#scan(from, to)
    for (;;) {
      const { value, done } = await this.#windows.next()
      if (done === true) break
      for (const batch of value.batches) await this.#readBatch(batch)
    }
    this.#windows = undefined
  }

  #addCell({ stream, level, minuteMs, lines, bytes }: CountCell): void {
    const { countsBytes } = this.#plan
    const ms = minuteMs + 60_000 + this.#shiftMs
    const pane = this.#panes.of(this.#shiftNs > 0 ? ms + 1 : ms)
    if (!this.#panes.isUsed(pane)) return
    const series = this.#seriesOfCell(stream, level)
    series.add(pane, countsBytes ? bytes : lines, ms, this.#shiftNs)
    this.#context.stats.postFilterLines += lines
  }

  /** The series of the rows of a stream whose metadata is their level, or nothing that matters. */
  #seriesOfCell(stream: StreamRef, level: string): RangeSeries {
    let byLevel = this.#cellSeries.get(stream)
    if (byLevel === undefined) this.#cellSeries.set(stream, (byLevel = new Map()))
    let series = byLevel.get(level)
    if (series !== undefined) return series
    const { row } = this.#plan.pipeline
    row.moveToLine(stream, level === '' ? [] : [['detected_level', level]], 0, 0, NO_LINE)
    series = this.#lookup.find(row, stream)
    byLevel.set(level, series)
    return series
  }

  async #readBatch(batch: RowBatch): Promise<void> {
    const { pace } = this.#context
    if (this.#columns?.read(batch) !== true) {
      const rows = filterRows(batch, this.#plan.pipeline)
      const source = new RowSource(batch, rows)
      for (let at = 0; at < rows.length; ) {
        at = this.#readRows(source, rows, at)
        if (pace.due) await pace.rest()
      }
    }
    if (pace.due) await pace.rest()
    this.#unchecked += batch.rows.length
    this.#checkHeld()
  }

  /** Reads rows from position `first` on, until others want to run. Returns where it stopped. */
  #readRows(source: RowSource, rows: Uint32Array, first: number): number {
    const { batch } = source
    const { pipeline, countsLines, countsBytes, sample } = this.#plan
    const { pace, stats } = this.#context
    const fixed = pipeline.stages.length === 0 && (countsLines || countsBytes)
    const byMetadata: (RangeSeries | undefined)[] = []
    const { row } = pipeline
    const { tsMs, tsNs, rowMetadata } = batch
    const panes = new PaneCursor(this.#panes)
    for (let i = first; i < rows.length; i++) {
      if ((i & PACE_MASK) === PACE_MASK && i > first && pace.due) return i
      const at = rows[i]
      let ms = tsMs[at] + this.#shiftMs
      let ns = tsNs[at] + this.#shiftNs
      if (ns >= 1e6) {
        ns -= 1e6
        ms++
      }
      const upMs = ns > 0 ? ms + 1 : ms
      if (!panes.holds(upMs)) panes.moveTo(upMs)
      if (!panes.isUsed) continue
      if (fixed) {
        const metadata = rowMetadata[at]
        const series = (byMetadata[metadata] ??= this.#seriesOf(source, at))
        series.add(panes.pane, countsBytes ? batch.lineSize(at) : 1, ms, ns)
        stats.postFilterLines++
        continue
      }
      row.moveTo(source, at)
      if (!runStages(row, pipeline.stages)) continue
      const value = sample(row)
      if (value === undefined) continue
      if (row.labels.shownError !== '' && !row.labels.errorPreserved) throw pipelineError(row)
      stats.postFilterLines++
      this.#lookup.find(row, batch.stream).add(panes.pane, value, ms, ns)
    }
    return rows.length
  }

  #seriesOf(source: RowSource, at: number): RangeSeries {
    const { row } = this.#plan.pipeline
    row.moveTo(source, at)
    if (row.labels.shownError !== '' && !row.labels.errorPreserved) throw pipelineError(row)
    return this.#lookup.find(row, source.batch.stream)
  }

  #checkHeld(): void {
    const { maxHeldBytes } = this.#context
    if (maxHeldBytes <= 0) return
    const isDue = this.#unchecked >= CHECK_ROWS
    if (isDue) this.#unchecked = 0
    const held = this.#live.heldBytes(isDue)
    if (held > maxHeldBytes) throw tooMuchMemory(`${this.#live.count} series`, maxHeldBytes)
  }
}

function pipelineError(row: Row): LogqlError {
  const error = row.labels.shownError
  return new LogqlError(
    `pipeline error: '${error}' for series: '${labelsText(row.labels.all())}'.\n` +
      `Use a label filter to intentionally skip this error. (e.g | __error__!="${error}").\n` +
      'To skip all potential errors you can match empty errors.(e.g __error__="")\n' +
      'The label filter can also be specified after unwrap. (e.g | unwrap latency | __error__="" )\n',
  )
}
