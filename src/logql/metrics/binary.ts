import type { Labels } from '#base/labels.ts'
import { LogqlError } from '../error.ts'
import type { ArithmeticOp, BinaryExpr, CompareOp, VectorMatching } from '../syntax/ast.ts'
import { foldLiterals } from '../syntax/fold.ts'
import { type SeriesId, SeriesTable, type StepValue, type Vector } from './vector.ts'

/** A binary operation on the values of one step. */
export type BinaryStep = (left: StepValue, right: StepValue) => StepValue

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '>', '>=', '<', '<='])

/** @throws LogqlError 500 from the returned function, where series match ambiguously */
export function makeBinary(expr: BinaryExpr): BinaryStep {
  const signatureOf = makeSignatureOf(expr.matching)
  const { op } = expr
  if (op === 'and' || op === 'or' || op === 'unless') {
    return (left, right) => setOperation(op, asVector(left), asVector(right), signatureOf)
  }
  const operate = makeOperate(op, expr.bool)
  const joinVectors = makeJoin(expr.matching, signatureOf, operate)
  return (left, right) => {
    if (typeof left === 'number') {
      if (typeof right === 'number') return foldLiterals(op, left, right)
      return withScalar(right, (value) => operate(left, value, value))
    }
    if (typeof right === 'number') return withScalar(left, (value) => operate(value, right, value))
    return joinVectors(left, right)
  }
}

function asVector(value: StepValue): Vector {
  return typeof value === 'number' ? { series: [], values: [] } : value
}

/** The operation on two numbers; a filtering comparison keeps `kept` or gives undefined. */
export type Operate = (left: number, right: number, kept: number) => number | undefined

/** The operation of an operator on two numbers. */
export function makeOperate(op: ArithmeticOp | CompareOp, bool: boolean): Operate {
  if (!COMPARISONS.has(op) || bool) return (left, right) => foldLiterals(op, left, right)
  return (left, right, kept) => (foldLiterals(op, left, right) === 1 ? kept : undefined)
}

function withScalar({ series, values }: Vector, operate: (value: number) => number | undefined): Vector {
  const out: Vector = { series: [], values: [] }
  for (let i = 0; i < series.length; i++) {
    const value = operate(values[i])
    if (value === undefined) continue
    out.series.push(series[i])
    out.values.push(value)
  }
  return out
}

/** What a series is matched by. Labels with an empty value count as absent. */
export type SignatureOf = (id: SeriesId) => string

/** Tells by what a series is matched. */
export function makeSignatureOf(matching: VectorMatching | undefined): SignatureOf {
  const known = new Map<SeriesId, string>()
  const names = new Set(matching?.labels)
  const on = matching?.on === true
  return (id) => {
    let signature = known.get(id)
    if (signature === undefined) {
      signature = id.labels
        .filter(([name, value]) => value !== '' && names.has(name) === on)
        .map(([name, value]) => `${name}\x01${value}`)
        .join('\0')
      known.set(id, signature)
    }
    return signature
  }
}

function setOperation(
  op: 'and' | 'or' | 'unless',
  left: Vector,
  right: Vector,
  signatureOf: SignatureOf,
): Vector {
  if (op === 'or') {
    const taken = new Set(left.series.map(signatureOf))
    const out: Vector = { series: [...left.series], values: [...left.values] }
    for (const [i, id] of right.series.entries()) {
      if (taken.has(signatureOf(id))) continue
      out.series.push(id)
      out.values.push(right.values[i])
    }
    return out
  }
  const present = new Set(right.series.map(signatureOf))
  const out: Vector = { series: [], values: [] }
  for (const [i, id] of left.series.entries()) {
    if (present.has(signatureOf(id)) !== (op === 'and')) continue
    out.series.push(id)
    out.values.push(left.values[i])
  }
  return out
}

function makeJoin(
  matching: VectorMatching | undefined,
  signatureOf: SignatureOf,
  operate: Operate,
): (left: Vector, right: Vector) => Vector {
  const many = matching?.many ?? 'none'
  const resultOf = makeResultOf(matching)
  return (left, right) => {
    const manySide = many === 'right' ? right : left
    const oneSide = many === 'right' ? left : right
    const oneBySignature = indexOneSide(oneSide, signatureOf, many)
    const seen = new Map<string, Set<SeriesId>>()
    const out: Vector = { series: [], values: [] }
    for (const [i, id] of manySide.series.entries()) {
      const signature = signatureOf(id)
      const one = oneBySignature.get(signature)
      if (one === undefined) continue
      const [l, r] =
        many === 'right'
          ? [oneSide.values[one], manySide.values[i]]
          : [manySide.values[i], oneSide.values[one]]
      const value = operate(l, r, l)
      if (value === undefined) continue
      const result = resultOf(id, oneSide.series[one])
      checkUnique(seen, signature, result, many)
      out.series.push(result)
      out.values.push(value)
    }
    return out
  }
}

function indexOneSide(
  side: Vector,
  signatureOf: SignatureOf,
  many: VectorMatching['many'],
): Map<string, number> {
  const bySignature = new Map<string, number>()
  for (const [i, id] of side.series.entries()) {
    const signature = signatureOf(id)
    if (bySignature.has(signature)) {
      const hand = many === 'right' ? 'left' : 'right'
      throw new LogqlError(
        `found duplicate series on the ${hand} hand-side;many-to-many matching not allowed: ` +
          'matching labels must be unique on one side',
        500,
      )
    }
    bySignature.set(signature, i)
  }
  return bySignature
}

function checkUnique(
  seen: Map<string, Set<SeriesId>>,
  signature: string,
  result: SeriesId,
  many: VectorMatching['many'],
): void {
  const results = seen.get(signature)
  if (results === undefined) {
    seen.set(signature, new Set([result]))
    return
  }
  if (many === 'none') {
    throw new LogqlError(
      'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
      500,
    )
  }
  if (results.has(result)) {
    throw new LogqlError('multiple matches for labels: grouping labels must ensure unique matches', 500)
  }
  results.add(result)
}

/** The labels of a match: of both sides' series, the many side first. */
export function makeResultOf(
  matching: VectorMatching | undefined,
): (many: SeriesId, one: SeriesId) => SeriesId {
  const table = new SeriesTable()
  if (matching === undefined) return (many) => many
  const names = new Set(matching.labels)
  const included = new Set(matching.include)
  const known = new Map<SeriesId, Map<SeriesId, SeriesId>>()
  const make = (many: Labels, one: Labels): Labels => {
    if (matching.many === 'none') return many.filter(([name]) => names.has(name) === matching.on)
    const copied = one.filter(([name, value]) => included.has(name) && value !== '')
    return [...many.filter(([name]) => !included.has(name)), ...copied].sort(([a], [b]) =>
      a < b ? -1 : a > b ? 1 : 0,
    )
  }
  return (many, one) => {
    let ofMany = known.get(many)
    if (ofMany === undefined) known.set(many, (ofMany = new Map()))
    let result = ofMany.get(one)
    if (result === undefined) ofMany.set(one, (result = table.of(make(many.labels, one.labels))))
    return result
  }
}
