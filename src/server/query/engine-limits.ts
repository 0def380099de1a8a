import type { Limits } from '#config/schema/limits.ts'
import type { QueryLimits } from '#logql/engine/types.ts'

/** Bytes one query may hold: far more than a dashboard needs, far less than a small machine has. */
const QUERY_MEMORY_BYTES = 256 * 2 ** 20

/** The limits the engine watches over while it runs. */
export function engineLimits(limits: Limits): QueryLimits {
  return {
    max_query_series: limits.max_query_series,
    max_query_memory: QUERY_MEMORY_BYTES,
    query_timeout: limits.query_timeout,
  }
}
