import type { VectorAggExpr, VectorOp } from '../syntax/ast.ts'
import type { SeriesRow, StepBlock } from './step-block.ts'
import type { SeriesId } from './vector.ts'
import { makeGroupOf } from './vector-agg.ts'

/** An aggregation over all steps of a block. */
export type BlockAgg = (input: StepBlock) => StepBlock

/** Running numbers of one group, by step. */
interface GroupRow {
  readonly series: SeriesId
  readonly has: Float64Array
  readonly values: Float64Array
  /** Sums of squared distances from the mean; empty where they are of no interest. */
  readonly m2: Float64Array
}

/** What becomes of a group's numbers as one more series comes. */
type AddRow = (group: GroupRow, row: SeriesRow, steps: number) => void

/**
 * The same as `makeVectorAgg`, series by series in place of step by step; undefined for aggregations that
 * look at the series of a step together.
 */
export function makeBlockAgg(expr: VectorAggExpr): BlockAgg | undefined {
  const addRow = ADD_ROW[expr.op]
  if (addRow === undefined) return undefined
  const groupOf = makeGroupOf(expr.grouping)
  const { op } = expr
  const keepsOne = op === 'sum' || op === 'min' || op === 'max' || op === 'avg'
  return ({ firstStep, steps, rows }) => {
    const groups = Map.groupBy(rows, ({ series }) => groupOf(series))
    const made = [...groups].map(([series, members]): SeriesRow => {
      if (keepsOne && members.length === 1) return { ...members[0], series }
      const m2 = new Float64Array(op === 'stddev' || op === 'stdvar' ? steps : 0)
      const group = { series, has: new Float64Array(steps), values: new Float64Array(steps), m2 }
      for (const member of members) addRow(group, member, steps)
      if (m2.length === 0) return group
      const values = m2.map((sum, k) =>
        op === 'stddev' ? Math.sqrt(sum / group.has[k]) : sum / group.has[k],
      )
      return { series, has: group.has, values }
    })
    return { firstStep, steps, rows: made }
  }
}

function addSum({ has, values }: GroupRow, row: SeriesRow, steps: number): void {
  for (let k = 0; k < steps; k++) {
    if (row.has[k] === 0) continue
    values[k] = has[k]++ === 0 ? row.values[k] : values[k] + row.values[k]
  }
}

function addCount({ has, values }: GroupRow, row: SeriesRow, steps: number): void {
  for (let k = 0; k < steps; k++) if (row.has[k] !== 0) values[k] = ++has[k]
}

function addExtreme(isBetter: (value: number, than: number) => boolean): AddRow {
  return ({ has, values }, row, steps) => {
    for (let k = 0; k < steps; k++) {
      if (row.has[k] === 0) continue
      const value = row.values[k]
      if (has[k]++ === 0 || isBetter(value, values[k]) || Number.isNaN(values[k])) values[k] = value
    }
  }
}

/** Welford's method; the values are means. */
function addMoments({ has, values, m2 }: GroupRow, row: SeriesRow, steps: number): void {
  for (let k = 0; k < steps; k++) {
    if (row.has[k] === 0) continue
    const value = row.values[k]
    if (has[k]++ === 0) {
      values[k] = value
      continue
    }
    const delta = value - values[k]
    values[k] = Number.isFinite(delta) ? values[k] + delta / has[k] : values[k] + value
    if (m2.length > 0) m2[k] += delta * (value - values[k])
  }
}

const ADD_ROW: { readonly [Op in VectorOp]?: AddRow } = {
  sum: addSum,
  count: addCount,
  max: addExtreme((value, than) => value > than),
  min: addExtreme((value, than) => value < than),
  avg: addMoments,
  stddev: addMoments,
  stdvar: addMoments,
}
