import type { SeriesId, Vector } from './vector.ts'

/** The values of some series at steps that follow each other. Series need not have one at every step. */
export interface StepBlock {
  readonly firstStep: number
  readonly steps: number
  readonly rows: readonly SeriesRow[]
}

/** One series of a block. */
export interface SeriesRow {
  readonly series: SeriesId
  /** By step, from the block's first. */
  readonly values: Float64Array
  /** By step: 0 where there is no value. May be the values themselves. */
  readonly has: Float64Array
}

/** What a block says of one of its steps. */
export function vectorAt({ firstStep, rows }: StepBlock, step: number): Vector {
  const at = step - firstStep
  const vector: Vector = { series: [], values: [] }
  for (const { series, values, has } of rows) {
    if (has[at] === 0) continue
    vector.series.push(series)
    vector.values.push(values[at])
  }
  return vector
}
