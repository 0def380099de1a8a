import { LogqlError } from '../error.ts'
import { compileMatcher } from '../pipeline/matcher.ts'
import type { Expr, LogExpr } from './ast.ts'

const SELECTS_EVERYTHING =
  'queries require at least one regexp or equality matcher that does not have an empty-compatible value. ' +
  'For instance, app=~".*" does not meet this requirement, but app=~".+" will'

/**
 * Checks that every selector of a query names at least one label that must be there.
 * @throws LogqlError where one does not, and where an aggregation is given a literal instead of series
 */
export function validateExpr(expr: Expr): void {
  switch (expr.kind) {
    case 'log':
      validateSelector(expr)
      break
    case 'rangeAgg':
      validateSelector(expr.range.log)
      break
    case 'vectorAgg':
      if (expr.expr.kind === 'literal') throw selectsEverything()
      validateExpr(expr.expr)
      break
    case 'labelReplace':
      validateExpr(expr.expr)
      break
    case 'binary':
      validateExpr(expr.left)
      validateExpr(expr.right)
      break
  }
}

function validateSelector(log: LogExpr): void {
  if (!log.matchers.some((matcher) => !compileMatcher(matcher).matches(''))) throw selectsEverything()
}

function selectsEverything(): LogqlError {
  return new LogqlError(`parse error : ${SELECTS_EVERYTHING}`)
}
