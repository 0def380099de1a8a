import type { Timestamp } from '#base/timestamp.ts'
import type { RangeQuery } from '#logql/engine/types.ts'

/** The lines of a query within bounds that need no steps. */
export function logRange(
  query: string,
  { start, end }: { readonly start: Timestamp; readonly end: Timestamp },
  how: Pick<RangeQuery, 'limit' | 'direction' | 'shortcuts'>,
): RangeQuery {
  return {
    query,
    startMs: start.ms,
    startNs: start.ns,
    endMs: end.ms,
    endNs: end.ns,
    stepMs: 1000,
    intervalMs: 0,
    ...how,
  }
}
