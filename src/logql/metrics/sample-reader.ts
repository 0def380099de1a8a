import { invariant } from '#base/invariant.ts'
import { labelsText, labelValue } from '#base/labels.ts'
import type { CountRun, RowBatch, ScanRequest, StreamRef } from '#store/types.ts'
import type { Pace } from '../engine/pace.ts'
import { LogqlError, tooMuchMemory } from '../error.ts'
import { filterRows } from '../pipeline/batch-filter.ts'
import { runStages } from '../pipeline/compile.ts'
import { compileMatcher } from '../pipeline/matcher.ts'
import { type Row, RowSource } from '../pipeline/row.ts'
import type { Grouping, RangeAggExpr } from '../syntax/ast.ts'
import { rangeFunction } from './accumulators.ts'
import type { ColumnPlan } from './column-plan.ts'
import { ColumnReader } from './column-reader.ts'
import { positionOf } from './counted-range.ts'
import { LiveSeries } from './live-series.ts'
import { planRange, type RangePlan } from './range-plan.ts'
import type { RangeSeries } from './range-series.ts'
import { SeriesLookup } from './series-of-row.ts'
import { PaneCursor, Panes, type StepGrid, stepTime } from './step-grid.ts'

/** A range function of a query: plain data. */
export interface RangeSpec {
  readonly expr: RangeAggExpr
  /** The grouping of a `sum` directly around it. */
  readonly pushed: Grouping | undefined
  readonly grid: StepGrid
  /** Nanoseconds of an instant query's time beyond its milliseconds. */
  readonly instantNs: number
  /** Whether counters may stand for lines, and lines be ruled out before their stages run. */
  readonly shortcuts: boolean
  /** Most memory a range function may hold, bytes; 0 is no limit. */
  readonly maxHeldBytes: number
}

/** A moment: milliseconds and nanoseconds within them. */
export interface Bound {
  readonly ms: number
  readonly ns: number
}

/** Samples are added up after so many rows: it takes a look at every series. */
const CHECK_ROWS = 16_384

/** The clock is looked at once in 64 rows: a row can take long, where its line or a pattern is. */
const PACE_MASK = 63

const NO_LINE = new Uint8Array(0)
const LEVEL_LABEL = 'detected_level'

/** Takes rows through the stages of a range function, and keeps their samples by series and pane. */
export class SampleReader {
  readonly plan: RangePlan
  readonly panes: Panes
  readonly live: LiveSeries
  /**
   * Added to a row's time, so that windows end on whole milliseconds: the offset, less an instant's
   * nanoseconds.
   */
  readonly shiftMs: number
  readonly shiftNs: number
  readonly #spec: RangeSpec
  #pace: Pace | undefined
  #stats = { postFilterLines: 0 }
  readonly #columns: ColumnReader | undefined
  readonly #lookup: SeriesLookup<RangeSeries>
  readonly #runSeries = new Map<StreamRef, Map<string, RangeSeries>>()
  /** The labels that runs are grouped by; undefined for all of them. */
  readonly #runLabels: readonly string[] | undefined
  /** By {@link groupKey}: a hundred thousand streams may be of ten series. */
  readonly #runGroups = new Map<string, RangeSeries>()
  /** Rows read since samples were added up. */
  #unchecked = 0

  /** {@link SampleReader.begin} must be called before anything is read. */
  constructor(spec: RangeSpec) {
    const { expr, grid, instantNs } = spec
    this.#spec = spec
    this.plan = planRange(expr, spec.pushed, spec.shortcuts)
    this.panes = new Panes(grid, expr.range.rangeMs)
    const totalNs = Math.round((expr.range.offsetMs % 1) * 1e6) - instantNs
    const carry = Math.floor(totalNs / 1e6)
    this.shiftMs = Math.trunc(expr.range.offsetMs) + carry
    this.shiftNs = totalNs - carry * 1e6
    this.live = new LiveSeries(rangeFunction(expr.op, expr.param))
    this.#lookup = new SeriesLookup(this.plan.grouper, (labels) => this.live.of(labels))
    this.#runLabels = this.plan.byLabels
    this.#columns = this.plan.columns && this.#columnReader(this.plan.columns)
  }

  #columnReader(columns: ColumnPlan): ColumnReader {
    return new ColumnReader(this.plan, columns, {
      live: this.live,
      panes: this.panes,
      shiftMs: this.shiftMs,
      shiftNs: this.shiftNs,
      count: (samples) => {
        this.#stats.postFilterLines += samples
      },
      readRows: (source, rows) => {
        for (let at = 0; at < rows.length; ) at = this.#readRows(source, rows, at)
      },
    })
  }

  /** From now on rests with this pace, and counts samples there. */
  begin(pace: Pace, stats: { postFilterLines: number }): void {
    this.#pace = pace
    this.#stats = stats
  }

  /** The first moment behind a time of the shifted clock: (from, to] there is [from, to) of these. */
  boundOf(shiftedMs: number): Bound {
    const ns = 1 - this.shiftNs
    const carry = Math.floor(ns / 1e6)
    return { ms: shiftedMs - this.shiftMs + carry, ns: ns - carry * 1e6 }
  }

  /** What is asked of the store for the rows of [from, to). */
  request(from: Bound, to: Bound): ScanRequest {
    const { pipeline, needsMetadata } = this.plan
    return {
      matchers: this.#spec.expr.range.log.matchers.map(compileMatcher),
      fromMs: from.ms,
      fromNs: from.ns,
      toMs: to.ms,
      toNs: to.ns,
      direction: 'forward',
      lines: pipeline.predicates,
      fields: pipeline.fields?.predicates ?? [],
      fieldNeedles: pipeline.fieldNeedles,
      anyCase: pipeline.foldedNeedles.map(({ text }) => text),
      needMetadata: needsMetadata,
    }
  }

  /** Forgets which rows belong to which series: some of these are gone. */
  forget(): void {
    this.#lookup.clear()
    this.#runSeries.clear()
    this.#runGroups.clear()
  }

  /**
   * Counts the rows that a run of the store's counters stands for, from a minute on. What it has of the
   * minute that the last window ends in lies in that window.
   */
  addRun(run: CountRun, fromMs: number): void {
    const { columns, from, to } = run
    const { grid } = this.#spec
    const lastMs = stepTime(grid, grid.count - 1)
    const values = this.plan.countsBytes ? columns.bytes : columns.lines
    const series = this.seriesOfRun(run)
    for (let i = positionOf(run, from, Math.floor(fromMs / 60_000)); i < to; i++) {
      const endMs = (columns.minute[i] + 1) * 60_000 + this.shiftMs
      const upMs = Math.min(lastMs, this.shiftNs > 0 ? endMs + 1 : endMs)
      const pane = this.panes.of(upMs)
      if (!this.panes.isUsed(pane)) continue
      series.add(pane, values[i], upMs, 0)
      this.#stats.postFilterLines += columns.lines[i]
    }
  }

  /** The series of the rows of a run whose metadata is their level, or nothing that matters. */
  seriesOfRun(run: CountRun): RangeSeries {
    const key = groupKey(run, this.#runLabels)
    if (key === undefined) return this.#findSeries(run)
    let series = this.#runGroups.get(key)
    if (series === undefined) this.#runGroups.set(key, (series = this.#findSeries(run)))
    return series
  }

  #findSeries({ stream, level }: CountRun): RangeSeries {
    let byLevel = this.#runSeries.get(stream)
    if (byLevel === undefined) this.#runSeries.set(stream, (byLevel = new Map()))
    let series = byLevel.get(level)
    if (series !== undefined) return series
    const { row } = this.plan.pipeline
    row.moveToLine(stream, level === '' ? [] : [['detected_level', level]], 0, 0, NO_LINE)
    series = this.#lookup.find(row, stream)
    byLevel.set(level, series)
    return series
  }

  /** Reads the rows of a batch, resting now and then. */
  async readBatch(batch: RowBatch): Promise<void> {
    const pace = this.#pace
    invariant(pace !== undefined, 'reading has begun')
    if (this.#columns?.read(batch) !== true) {
      const rows = filterRows(batch, this.plan.pipeline)
      const source = new RowSource(batch, rows)
      for (let at = 0; at < rows.length; ) {
        at = this.#readRows(source, rows, at)
        if (pace.due) await pace.rest()
      }
    }
    if (pace.due) await pace.rest()
    this.#unchecked += batch.rows.length
    this.checkHeld()
  }

  /** Reads rows from position `first` on, until others want to run. Returns where it stopped. */
  #readRows(source: RowSource, rows: Uint32Array, first: number): number {
    const { batch } = source
    const { pipeline, countsLines, countsBytes, sample } = this.plan
    const pace = this.#pace
    const stats = this.#stats
    const fixed = pipeline.stages.length === 0 && (countsLines || countsBytes)
    const byMetadata: (RangeSeries | undefined)[] = []
    const { row } = pipeline
    const { tsMs, tsNs, rowMetadata } = batch
    const panes = new PaneCursor(this.panes)
    for (let i = first; i < rows.length; i++) {
      if ((i & PACE_MASK) === PACE_MASK && i > first && pace?.due) return i
      const at = rows[i]
      let ms = tsMs[at] + this.shiftMs
      let ns = tsNs[at] + this.shiftNs
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
    const { row } = this.plan.pipeline
    row.moveTo(source, at)
    if (row.labels.shownError !== '' && !row.labels.errorPreserved) throw pipelineError(row)
    return this.#lookup.find(row, source.batch.stream)
  }

  /** @throws LogqlError where the series take more memory than a query may */
  checkHeld(): void {
    const { maxHeldBytes } = this.#spec
    if (maxHeldBytes <= 0) return
    const isDue = this.#unchecked >= CHECK_ROWS
    if (isDue) this.#unchecked = 0
    const held = this.live.heldBytes(isDue)
    if (held > maxHeldBytes) throw tooMuchMemory(`${this.live.count} series`, maxHeldBytes)
  }

  /** All samples so far; there are none from then on. */
  take(): ReturnType<LiveSeries['take']> {
    this.forget()
    return this.live.take()
  }

  /** Takes over the samples of so many rows that were read elsewhere. */
  absorb(part: ReturnType<LiveSeries['take']>, rows: number): void {
    this.live.absorb(part)
    this.#unchecked += rows
    this.checkHeld()
  }
}

/**
 * A text that is the same for runs of one series; undefined where only their labels, put together, tell. The
 * level is a label of its rows, unless their stream has one of that name.
 */
function groupKey({ stream, level }: CountRun, labels: readonly string[] | undefined): string | undefined {
  if (labels === undefined) return undefined
  let key = ''
  for (const name of labels) {
    const value = labelValue(stream.labels, name)
    if (name === LEVEL_LABEL && value !== '') return undefined
    key += `${name === LEVEL_LABEL ? level : value}\0`
  }
  return key
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
