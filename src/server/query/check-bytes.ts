import { printIecSize } from '#base/size.ts'
import { compileMatcher } from '#logql/pipeline/matcher.ts'
import type { Expr, LogRange, Matcher } from '#logql/syntax/ast.ts'
import { collect } from './check-limits.ts'
import { QueryError } from './query-error.ts'
import type { QueryCall } from './run-query.ts'

/**
 * `max_query_bytes_read`: how many bytes a query may have to look at, by the store's statistics. Log queries
 * without a filter end as soon as they have their lines and are let through.
 * @throws QueryError 400
 */
export async function checkBytesRead(
  call: QueryCall,
  expr: Expr,
  fromMs: number,
  toMs: number,
): Promise<void> {
  const limit = call.limits.max_query_bytes_read
  if (limit === 0 || (expr.kind === 'log' && expr.stages.length === 0)) return
  let bytes = 0
  for (const { matchers, rangeMs, offsetMs } of reads(expr)) {
    const range = { fromMs: fromMs - rangeMs - offsetMs, toMs: toMs - offsetMs + 1 }
    bytes += (await call.store.indexStats(call.tenant, matchers.map(compileMatcher), range)).bytes
  }
  if (bytes <= limit) return
  const sizes = `(query: ${printIecSize(bytes)}, limit: ${printIecSize(limit)})`
  const advice = 'consider adding more specific stream selectors or reduce the time range of the query'
  throw new QueryError(`the query would read too many bytes ${sizes}; ${advice}`)
}

interface Read {
  readonly matchers: readonly Matcher[]
  readonly rangeMs: number
  readonly offsetMs: number
}

function reads(expr: Expr): Read[] {
  if (expr.kind === 'log') return [{ matchers: expr.matchers, rangeMs: 0, offsetMs: 0 }]
  const ranges: LogRange[] = []
  collect(expr, [], ranges)
  return ranges.map(({ log, rangeMs, offsetMs }) => ({ matchers: log.matchers, rangeMs, offsetMs }))
}
