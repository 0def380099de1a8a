import type { LabelMatcher } from '#store/types.ts'
import { compileMatcher } from '../pipeline/matcher.ts'
import type { BinaryExpr, Grouping, MetricExpr, RangeAggExpr, RangeOp, VectorAggExpr } from '../syntax/ast.ts'
import { makeBinary } from './binary.ts'
import { makeBlockAgg } from './block-agg.ts'
import { type BlockValue, makeBlockBinary } from './block-binary.ts'
import { makeLabelReplace } from './label-replace.ts'
import { RangeReader, type ReadContext } from './range-reader.ts'
import { tooManySeries } from './too-many-series.ts'
import { SeriesTable, type StepValue, type Vector } from './vector.ts'
import { makeVectorAgg } from './vector-agg.ts'

/** A metric expression ready to be evaluated at ascending steps. */
export interface Evaluator {
  /** The range functions in it; each must be prepared for a step before the step is evaluated. */
  readonly readers: readonly RangeReader[]
  evaluate(step: number): StepValue
  /**
   * The values of several steps, where counters answer all readers' windows; undefined for a part of the
   * expression that must be evaluated step by step, or gives undefined where that turns out at these steps.
   */
  readonly evaluateBlock: EvaluateBlock | undefined
}

type EvaluateBlock = (firstStep: number, steps: number) => Promise<BlockValue | undefined>

/** Range functions whose sum can be taken line by line. */
const PUSHED_DOWN: ReadonlySet<RangeOp> = new Set([
  'count_over_time',
  'rate',
  'bytes_over_time',
  'bytes_rate',
  'sum_over_time',
])

const NO_LABELS: Grouping = { without: false, labels: [] }

/**
 * Compiles a metric expression.
 * @param maxSeries limit that holds for range functions whose series are handed on one by one; 0 is none
 * @throws LogqlError for stages that do not compile, and for what is switched off
 */
export function makeEvaluator(expr: MetricExpr, context: ReadContext, maxSeries: number): Evaluator {
  const readers: RangeReader[] = []
  const { evaluate, evaluateBlock } = build(expr, context, maxSeries, readers)
  return { readers, evaluate, evaluateBlock }
}

type Evaluate = (step: number) => StepValue

/** A part of an expression. */
type Node = Pick<Evaluator, 'evaluate' | 'evaluateBlock'>

function stepwise(evaluate: Evaluate): Node {
  return { evaluate, evaluateBlock: undefined }
}

function build(expr: MetricExpr, context: ReadContext, maxSeries: number, readers: RangeReader[]): Node {
  const inner = (child: MetricExpr): Node => build(child, context, maxSeries, readers)
  switch (expr.kind) {
    case 'literal':
      return { evaluate: () => expr.value, evaluateBlock: async () => expr.value }
    case 'vector': {
      const id = new SeriesTable().of([])
      return stepwise(() => ({ series: [id], values: [expr.value] }))
    }
    case 'rangeAgg':
      return rangeFunction(expr, undefined, context, readers)
    case 'vectorAgg': {
      const input =
        aggregatedInput(expr.op, expr.expr, expr.grouping, context, maxSeries, readers) ?? inner(expr.expr)
      return aggregation(expr, input)
    }
    case 'labelReplace': {
      const replace = makeLabelReplace(expr)
      const { evaluate } = inner(expr.expr)
      return stepwise((step) => replace(vectorOf(evaluate(step))))
    }
    case 'binary':
      return binary(expr, inner(expr.left), inner(expr.right))
  }
}

function aggregation(expr: VectorAggExpr, { evaluate, evaluateBlock }: Node): Node {
  const aggregate = makeVectorAgg(expr)
  const aggregateBlock = evaluateBlock && makeBlockAgg(expr)
  return {
    evaluate: (step) => aggregate(vectorOf(evaluate(step))),
    evaluateBlock:
      aggregateBlock &&
      (async (firstStep, steps) => {
        const input = await evaluateBlock(firstStep, steps)
        return input === undefined || typeof input === 'number' ? undefined : aggregateBlock(input)
      }),
  }
}

function binary(expr: BinaryExpr, left: Node, right: Node): Node {
  const operate = makeBinary(expr)
  const operateBlock = left.evaluateBlock && right.evaluateBlock && makeBlockBinary(expr)
  return {
    evaluate: (step) => operate(left.evaluate(step), right.evaluate(step)),
    evaluateBlock:
      operateBlock &&
      (async (firstStep, steps) => {
        const l = await left.evaluateBlock?.(firstStep, steps)
        const r = await right.evaluateBlock?.(firstStep, steps)
        return l === undefined || r === undefined ? undefined : operateBlock(l, r)
      }),
  }
}

function vectorOf(value: StepValue): Vector {
  return typeof value === 'number' ? { series: [], values: [] } : value
}

/** The input of an aggregation directly over a range function, where it is not evaluated like any other. */
function aggregatedInput(
  op: string,
  child: MetricExpr,
  grouping: Grouping | undefined,
  context: ReadContext,
  maxSeries: number,
  readers: RangeReader[],
): Node | undefined {
  if (child.kind !== 'rangeAgg') return undefined
  if (op === 'sum' && PUSHED_DOWN.has(child.op) && grouping?.without !== true) {
    return rangeFunction(child, grouping ?? NO_LABELS, context, readers)
  }
  // These hand every series on, and Loki counts the series of each part against the limit.
  const handsOn = op === 'topk' || op === 'bottomk' || op === 'sort' || op === 'sort_desc'
  if (!handsOn || maxSeries <= 0) return undefined
  const input = rangeFunction(child, undefined, context, readers)
  const seen = new Set<string>()
  return stepwise((step) => {
    const vector = vectorOf(input.evaluate(step))
    for (const { key } of vector.series) seen.add(key)
    if (seen.size > maxSeries) throw tooManySeries(maxSeries)
    return vector
  })
}

function rangeFunction(
  expr: RangeAggExpr,
  pushed: Grouping | undefined,
  context: ReadContext,
  readers: RangeReader[],
): Node {
  const reader = new RangeReader(expr, pushed, context)
  readers.push(reader)
  if (expr.op !== 'absent_over_time') {
    return {
      evaluate: (step) => reader.evaluate(step),
      evaluateBlock: (firstStep, steps) => reader.blockAt(firstStep, steps),
    }
  }
  const absent: Vector = {
    series: [new SeriesTable().of(absentLabels(expr.range.log.matchers.map(compileMatcher)))],
    values: [1],
  }
  return stepwise((step) => (reader.evaluate(step).series.length === 0 ? absent : { series: [], values: [] }))
}

/** The labels of what is absent: those that one `=` matcher, and no other matcher, names. */
function absentLabels(matchers: readonly LabelMatcher[]): (readonly [string, string])[] {
  return matchers
    .filter(({ name, op }) => op === '=' && matchers.filter((other) => other.name === name).length === 1)
    .filter(({ value }) => value !== '')
    .map(({ name, value }) => [name, value] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}
