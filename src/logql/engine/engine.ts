import type { LogStore } from '#store/types.ts'
import { LogqlError } from '../error.ts'
import { parseExpr } from '../syntax/parser.ts'
import { runLogQuery } from './log-query.ts'
import { runInstantMetric, runRangeQuery } from './metric-query.ts'
import type { InstantQuery, QueryLimits, QueryResult, RangeQuery } from './types.ts'

/**
 * Answers a range query: log lines of [start, end), or a metric at every step.
 * @throws LogqlError for anything wrong with the query or refused by a limit; the signal's reason when
 * aborted
 */
export async function queryRange(
  store: LogStore,
  tenant: string,
  query: RangeQuery,
  limits: QueryLimits,
  signal: AbortSignal,
): Promise<QueryResult> {
  const expr = parseExpr(query.query)
  if (expr.kind === 'log') return runLogQuery(store, tenant, expr, query, limits, signal)
  return runRangeQuery({ store, tenant, limits, signal, settings: query }, expr, query)
}

/**
 * Answers an instant query, which must be a metric.
 * @throws LogqlError as {@link queryRange}, and for a log query
 */
export async function queryInstant(
  store: LogStore,
  tenant: string,
  query: InstantQuery,
  limits: QueryLimits,
  signal: AbortSignal,
): Promise<QueryResult> {
  const expr = parseExpr(query.query)
  if (expr.kind === 'log') {
    throw new LogqlError(
      'log queries are not supported as an instant query type, ' +
        'please change your query to a range query type',
    )
  }
  return runInstantMetric({ store, tenant, limits, signal, settings: query }, expr, query)
}
