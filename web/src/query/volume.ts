import { hasParser } from './build.ts'
import { scanLogQuery } from './scan.ts'
import { withoutComments } from './tokens.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const STEPS_MS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12, 24, 48, 168].map((n) => n * HOUR),
]

/** Width of one bar, ms: the smallest round step that keeps the chart at about `bars` bars. */
export function volumeStepMs(rangeMs: number, bars: number): number {
  const wanted = rangeMs / bars
  return STEPS_MS.find((step) => step >= wanted) ?? (STEPS_MS.at(-1) as number)
}

/** How a volume query treats lines that its parser cannot read. */
export type ErrorHandling = 'drop-error-label' | 'skip-lines'

/**
 * The metric query that counts a log query's lines per level and step. Loki fails a metric query on the
 * first line with a parser error, so queries with a parser take the error label away, or, for servers
 * without `drop`, leave such lines out (`skip-lines`; the page says so).
 */
export function volumeQuery(query: string, stepMs: number, errors: ErrorHandling): string | null {
  if (scanLogQuery(query) === null) return null
  const guard = !hasParser(query)
    ? ''
    : errors === 'drop-error-label'
      ? ' | drop __error__'
      : ' | __error__=""'
  const range = `${Math.round(stepMs / SECOND)}s`
  return `sum by (level, detected_level) (count_over_time(${withoutComments(query)}${guard} [${range}]))`
}
