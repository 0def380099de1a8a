import type { MetricExpr, RangeAggExpr } from '#logql/syntax/ast.ts'

/**
 * Whether the points of a range query can be found in several runs and be the same to the last bit.
 * Counts are: whole numbers add up in any order. Sums of fractions are not, since the order in which they
 * are added depends on where a run begins. What is chosen from among numbers is, because the engine chooses
 * by number, then labels (`topk`): a quantile of the same numbers, the least and the last of them.
 */
export function isDivisible(expr: MetricExpr): boolean {
  return exactness(expr) !== 'none'
}

/**
 * `whole`: whole numbers; `exact`: always the same number, from the same lines; `none`: neither is sure.
 */
type Exactness = 'whole' | 'exact' | 'none'

function exactness(expr: MetricExpr): Exactness {
  switch (expr.kind) {
    case 'literal':
    case 'vector':
      return 'exact'
    case 'rangeAgg':
      return ofRange(expr)
    case 'vectorAgg': {
      const inner = exactness(expr.expr)
      if (inner === 'none') return 'none'
      if (expr.op === 'count') return 'whole'
      // A quotient may be NaN, beside which the order decides.
      if (expr.op === 'min' || expr.op === 'max') return expr.expr.kind === 'binary' ? 'none' : inner
      if (expr.op === 'topk' || expr.op === 'bottomk') return inner
      if (expr.op !== 'sum') return 'none'
      if (inner === 'whole') return 'whole'
      // A sum of rates is the rate of all lines, counted together.
      const isCounted = expr.expr.kind === 'rangeAgg' && isRate(expr.expr) && expr.grouping?.without !== true
      return isCounted ? 'exact' : 'none'
    }
    case 'labelReplace':
      return exactness(expr.expr)
    case 'binary':
      return exactness(expr.left) === 'none' || exactness(expr.right) === 'none' ? 'none' : 'exact'
    default:
      return 'none'
  }
}

function isRate({ op, range }: RangeAggExpr): boolean {
  return range.unwrap === undefined && (op === 'rate' || op === 'bytes_rate')
}

/** Range functions that give one of their numbers, or what lies between two of them. */
const CHOOSING: ReadonlySet<string> = new Set([
  'quantile_over_time',
  'min_over_time',
  'max_over_time',
  'first_over_time',
  'last_over_time',
])

function ofRange(expr: RangeAggExpr): Exactness {
  if (isRate(expr)) return 'exact'
  if (CHOOSING.has(expr.op)) return 'exact'
  if (expr.range.unwrap !== undefined) return 'none'
  const isCount = ['count_over_time', 'bytes_over_time', 'absent_over_time'].includes(expr.op)
  return isCount ? 'whole' : 'none'
}
