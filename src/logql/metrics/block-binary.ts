import type { BinaryExpr } from '../syntax/ast.ts'
import { makeOperate, makeResultOf, makeSignatureOf, type Operate } from './binary.ts'
import type { SeriesRow, StepBlock } from './step-block.ts'

/** A value of every step: the same number, or series. */
export type BlockValue = number | StepBlock

/**
 * The same as `makeBinary`, series by series in place of step by step. It gives undefined where series match
 * ambiguously, which is a fault only at steps where both have a value; it is undefined for what looks at the
 * series of a step together.
 */
export function makeBlockBinary(
  expr: BinaryExpr,
): ((left: BlockValue, right: BlockValue) => StepBlock | undefined) | undefined {
  const { op, matching } = expr
  if (op === 'and' || op === 'or' || op === 'unless') return undefined
  const operate = makeOperate(op, expr.bool)
  const signatureOf = makeSignatureOf(matching)
  const resultOf = makeResultOf(matching)
  const isRight = matching?.many === 'right'
  return (left, right) => {
    if (typeof left === 'number') {
      if (typeof right === 'number') return undefined
      const scalar = left
      return withRows(right, (row) => mapRow(row, (value) => operate(scalar, value, value)))
    }
    if (typeof right === 'number') {
      return withRows(left, (row) => mapRow(row, (value) => operate(value, right, value)))
    }
    const [many, one] = isRight ? [right, left] : [left, right]
    const bySignature = new Map(one.rows.map((row) => [signatureOf(row.series), row]))
    if (bySignature.size < one.rows.length) return undefined
    const pairs = many.rows.flatMap((row) => {
      const other = bySignature.get(signatureOf(row.series))
      return other === undefined ? [] : [{ row, other, series: resultOf(row.series, other.series) }]
    })
    if (new Set(pairs.map(({ series }) => series)).size < pairs.length) return undefined
    const joined = pairs.map(({ row, other, series }) => {
      const [l, r] = isRight ? [other, row] : [row, other]
      return { ...joinRows(l, r, operate), series }
    })
    return { firstStep: many.firstStep, steps: many.steps, rows: joined }
  }
}

function withRows({ firstStep, steps, rows }: StepBlock, map: (row: SeriesRow) => SeriesRow): StepBlock {
  return { firstStep, steps, rows: rows.map(map) }
}

function mapRow(
  { series, values, has }: SeriesRow,
  operate: (value: number) => number | undefined,
): SeriesRow {
  const made = { series, values: new Float64Array(values.length), has: new Float64Array(values.length) }
  for (let k = 0; k < values.length; k++) if (has[k] !== 0) put(made, k, operate(values[k]))
  return made
}

function joinRows(left: SeriesRow, right: SeriesRow, operate: Operate): SeriesRow {
  const length = Math.min(left.values.length, right.values.length)
  const made = { series: left.series, values: new Float64Array(length), has: new Float64Array(length) }
  for (let k = 0; k < length; k++) {
    if (left.has[k] === 0 || right.has[k] === 0) continue
    put(made, k, operate(left.values[k], right.values[k], left.values[k]))
  }
  return made
}

function put({ values, has }: SeriesRow, k: number, value: number | undefined): void {
  if (value === undefined) return
  values[k] = value
  has[k] = 1
}
