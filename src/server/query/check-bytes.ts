import { printIecSize } from '#base/size.ts'
import { compileMatcher } from '#logql/pipeline/matcher.ts'
import type { Expr, LogRange, Matcher } from '#logql/syntax/ast.ts'
import type { LogStore } from '#store/types.ts'
import { collect } from './check-limits.ts'
import { QueryError } from './query-error.ts'
import type { QueryCall } from './run-query.ts'

/** Who asks, as far as sizes depend on it. */
export type Asker = Pick<QueryCall, 'store' | 'tenant' | 'limits' | 'nowMs'>

/**
 * `max_query_bytes_read` and `max_querier_bytes_read`: how many bytes a query may have to look at, by the
 * store's statistics; one process is its only querier. Log queries without a filter end as soon as they
 * have their lines and are let through.
 * @throws QueryError 400
 */
export async function checkBytesRead(call: Asker, expr: Expr, fromMs: number, toMs: number): Promise<void> {
  const { max_query_bytes_read: limit, max_querier_bytes_read: querierLimit } = call.limits
  if (expr.kind === 'log' && expr.stages.length === 0) return
  if (limit === 0 && (querierLimit === 0 || (await isSmall(call, querierLimit)))) return
  let bytes = 0
  for (const { matchers, rangeMs, offsetMs } of reads(expr)) {
    const range = { fromMs: fromMs - rangeMs - offsetMs, toMs: toMs - offsetMs + 1 }
    bytes += (await call.store.indexStats(call.tenant, matchers.map(compileMatcher), range)).bytes
  }
  if (limit > 0 && bytes > limit) {
    const advice = 'consider adding more specific stream selectors or reduce the time range of the query'
    throw new QueryError(`the query would read too many bytes ${sizes(bytes, limit)}; ${advice}`)
  }
  if (querierLimit > 0 && bytes > querierLimit) {
    const advice =
      'consider adding more specific stream selectors, reduce the time range of the query, or adjust ' +
      'parallelization settings'
    throw new QueryError(
      `query too large to execute on a single querier: ${sizes(bytes, querierLimit)}; ${advice}`,
    )
  }
}

const SIZES_KEPT_MS = 60_000

/** What a tenant has in all, looked at once a minute. */
const totals = new WeakMap<LogStore, Map<string, { readonly atMs: number; readonly bytes: number }>>()

/**
 * Whether no query can reach the limit, since all that the tenant has is far below: so that a limit of
 * 150 GB, which is the default, costs small stores nothing.
 */
async function isSmall({ store, tenant, nowMs }: Asker, limit: number): Promise<boolean> {
  const ofStore = totals.get(store) ?? new Map()
  totals.set(store, ofStore)
  let total = ofStore.get(tenant)
  if (total === undefined || nowMs - total.atMs > SIZES_KEPT_MS) {
    const range = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER }
    total = { atMs: nowMs, bytes: (await store.indexStats(tenant, [], range)).bytes }
    ofStore.set(tenant, total)
  }
  return total.bytes < limit / 2
}

function sizes(bytes: number, limit: number): string {
  return `(query: ${printIecSize(bytes)}, limit: ${printIecSize(limit)})`
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
