import type { Hints } from './hints.ts'
import type { Row } from './row.ts'

/**
 * Marks the line as one that a parser could not read; where the query asks for `__error__`, without failing
 * it.
 */
export function setParserError(row: Row, hints: Hints, error: string, details: string): void {
  row.labels.setError(error, details)
  if (hints.preserveErrors) row.labels.preserveError()
}
