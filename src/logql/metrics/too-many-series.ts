import { LogqlError } from '../error.ts'

/** Loki's error for more series than `max_query_series`. */
export function tooManySeries(limit: number): LogqlError {
  return new LogqlError(
    `maximum number of series (${limit}) reached for a single query; consider reducing query cardinality ` +
      'by adding more specific stream selectors, reducing the time range, or aggregating results with ' +
      'functions like sum(), count() or topk()',
  )
}
