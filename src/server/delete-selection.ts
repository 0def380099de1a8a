import { compileLineTest } from '#logql/engine/log-pipeline.ts'
import { LogqlError } from '#logql/error.ts'
import { compileMatcher } from '#logql/pipeline/matcher.ts'
import { parseExpr } from '#logql/syntax/parser.ts'
import type { DeleteSelection } from '#store/delete-types.ts'

/** A {@link DeleteSelection}, and whether it looks at lines. */
export interface ParsedDelete extends DeleteSelection {
  readonly hasFilters: boolean
}

/**
 * What the query of a delete request means: any selector, even `{}`, and any stages.
 * @throws LogqlError where it is none, or a metric query
 */
export function compileDelete(query: string): ParsedDelete {
  const expr = parseExpr(query, { allowEmpty: true })
  if (expr.kind !== 'log') throw new LogqlError('a delete request takes a log query')
  const { predicates, test } = compileLineTest(expr)
  const matchers = expr.matchers.map(compileMatcher)
  return { matchers, lines: predicates, test, hasFilters: expr.stages.length > 0 }
}
