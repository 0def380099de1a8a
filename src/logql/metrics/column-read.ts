import type { RowBatch } from '#store/types.ts'
import { bothPass, type Outcomes, PASSES, UNKNOWN } from '../pipeline/column-filter.ts'
import type { LabelSource, LabelSources } from '../pipeline/label-source.ts'
import type { TestedRows } from '../pipeline/test-fields.ts'
import { type ColumnGroups, groupRows } from './column-groups.ts'
import type { ColumnPlan, ColumnUnwrap } from './column-plan.ts'
import { type ColumnSamples, readSamples } from './column-samples.ts'

/** Samples of a batch, read from its columns. */
export interface SampledRows {
  /** The rows that have one, in the order of the batch. */
  readonly rows: Uint32Array
  /** The sample of each; undefined where each is 1. */
  readonly values: Float64Array | undefined
  /** The group of each. */
  readonly groups: ColumnGroups
}

/**
 * Reads the samples of the rows that passed. Undefined where some row needs its own way through the stages.
 * @param countsBytes whether each row counts the size of its line
 */
export function sampleColumns(
  batch: RowBatch,
  { passes, sources }: TestedRows,
  { by, unwrap }: ColumnPlan,
  countsBytes: boolean,
): SampledRows | undefined {
  let rows = passes
  let values: Float64Array | undefined
  if (unwrap !== undefined) {
    const samples = unwrapRows(batch, sources, rows, unwrap)
    if (samples === undefined) return undefined
    rows = samples.rows
    values = samples.values
  } else if (countsBytes) values = Float64Array.from(rows, (row) => batch.lineSize(row))
  const groupSources: LabelSource[] = []
  for (const name of by) {
    const source = sources.of(name)
    if (source === undefined) return undefined
    groupSources.push(source)
  }
  return { rows, values, groups: groupRows(by, groupSources, rows, batch.rowMetadata) }
}

function unwrapRows(
  { rowMetadata }: RowBatch,
  sources: LabelSources,
  passes: Uint32Array,
  { label, convert, tests }: ColumnUnwrap,
): ColumnSamples | undefined {
  const source = sources.of(label)
  const samples = source && readSamples(source, passes, rowMetadata, convert)
  if (samples === undefined || tests.length === 0) return samples
  let outcomes: Outcomes | undefined
  for (const filter of tests) {
    const found = filter.test(sources, samples.rows, rowMetadata)
    if (found === undefined) return undefined
    outcomes = outcomes === undefined ? found : bothPass(outcomes, found, filter)
  }
  if (outcomes === undefined) return samples
  const known = outcomes
  if (known.some((outcome) => outcome === UNKNOWN)) return undefined
  return {
    rows: samples.rows.filter((_, i) => known[i] === PASSES),
    values: samples.values.filter((_, i) => known[i] === PASSES),
  }
}
