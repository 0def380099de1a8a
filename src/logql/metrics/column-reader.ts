import type { RowBatch } from '#store/types.ts'
import { applyFolded, applyPredicates } from '../pipeline/batch-filter.ts'
import { runStages } from '../pipeline/compile.ts'
import { RowSource } from '../pipeline/row.ts'
import { testFields } from '../pipeline/test-fields.ts'
import type { ColumnGroups } from './column-groups.ts'
import type { ColumnPlan } from './column-plan.ts'
import { type SampledRows, sampleColumns } from './column-read.ts'
import type { LiveSeries } from './live-series.ts'
import type { RangePlan } from './range-plan.ts'
import type { RangeSeries } from './range-series.ts'
import { PaneCursor, type Panes } from './step-grid.ts'

/** Where the samples of columns go. */
export interface ColumnSink {
  readonly live: LiveSeries
  readonly panes: Panes
  /** Added to the times of rows. */
  readonly shiftMs: number
  readonly shiftNs: number
  /** Is told how many samples there were. */
  count(samples: number): void
  /** Takes rows through the stages, one by one. */
  readRows(source: RowSource, rows: Uint32Array): void
}

/** Reads the samples of a range function from columns, line by line only where these do not tell. */
export class ColumnReader {
  readonly #plan: RangePlan
  readonly #columns: ColumnPlan
  readonly #sink: ColumnSink
  readonly #known = new Map<string, RangeSeries>()
  #knownAge = 0

  constructor(plan: RangePlan, columns: ColumnPlan, sink: ColumnSink) {
    this.#plan = plan
    this.#columns = columns
    this.#sink = sink
  }

  /** Reads a batch. Returns whether it could: otherwise nothing of it has been read. */
  read(batch: RowBatch): boolean {
    const { pipeline, countsBytes } = this.#plan
    let rows = applyPredicates(batch, pipeline.predicates)
    rows = applyFolded(batch, rows, pipeline.foldedNeedles)
    rows = this.#applyLeading(batch, rows)
    const tested = testFields(batch, rows, this.#columns.fields, this.#columns)
    const sampled = tested && sampleColumns(batch, tested, this.#columns, countsBytes)
    if (tested === undefined || sampled === undefined) return false
    const series = new Array<RangeSeries | undefined>(sampled.groups.count).fill(undefined)
    const add = (from: number, to: number): void => this.#add(batch, sampled, series, from, to)
    if (tested.unknown.length === 0) add(0, sampled.rows.length)
    else this.#interleave(batch, tested.mayPass, tested.unknown, sampled.rows, add)
    return true
  }

  /** The rows that the line filters before all other stages leave, where these need a look at each line. */
  #applyLeading(batch: RowBatch, rows: Uint32Array): Uint32Array {
    const { row, stages, leadingFilters } = this.#plan.pipeline
    if (leadingFilters === 0) return rows
    const leading = stages.slice(0, leadingFilters)
    const source = new RowSource(batch, rows)
    return rows.filter((at) => {
      row.moveTo(source, at)
      return runStages(row, leading)
    })
  }

  /** Sums of fractions depend on the order of their parts: it stays that of the rows. */
  #interleave(
    batch: RowBatch,
    order: Uint32Array,
    unknown: Uint32Array,
    sampled: Uint32Array,
    add: (from: number, to: number) => void,
  ): void {
    const source = new RowSource(batch, unknown)
    let added = 0
    let at = 0
    let next = 0
    for (let i = 0; i < order.length; i++) {
      if (at < sampled.length && order[i] === sampled[at]) at++
      else if (next < unknown.length && order[i] === unknown[next]) {
        add(added, at)
        added = at
        this.#sink.readRows(source, unknown.subarray(next, ++next))
      }
    }
    add(added, sampled.length)
  }

  /** Making a series' labels is dear where there are thousands; batches mostly have the same ones. */
  #seriesOf(groups: ColumnGroups, group: number): RangeSeries {
    const { live } = this.#sink
    if (this.#knownAge !== live.age) {
      this.#known.clear()
      this.#knownAge = live.age
    }
    const key = groups.key(group)
    let series = this.#known.get(key)
    if (series === undefined) this.#known.set(key, (series = live.of(groups.labels(group))))
    return series
  }

  /** Adds the samples from one position to another. */
  #add(
    { tsMs, tsNs }: RowBatch,
    { rows, values, groups }: SampledRows,
    series: (RangeSeries | undefined)[],
    from: number,
    to: number,
  ): void {
    const { shiftMs, shiftNs } = this.#sink
    const panes = new PaneCursor(this.#sink.panes)
    let used = 0
    for (let i = from; i < to; i++) {
      const at = rows[i]
      let ms = tsMs[at] + shiftMs
      let ns = tsNs[at] + shiftNs
      if (ns >= 1e6) {
        ns -= 1e6
        ms++
      }
      const upMs = ns > 0 ? ms + 1 : ms
      if (!panes.holds(upMs)) panes.moveTo(upMs)
      if (!panes.isUsed) continue
      used++
      const group = groups.of[i]
      let known = series[group]
      if (known === undefined) series[group] = known = this.#seriesOf(groups, group)
      known.add(panes.pane, values === undefined ? 1 : values[i], ms, ns)
    }
    this.#sink.count(used)
  }
}
