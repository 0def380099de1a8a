/**
 * A query that cannot be answered, with Loki's text. `status` is the HTTP status Loki gives it:
 * 400 for parse, validation, pipeline and limit errors, 500 for vector matching errors, 504 for a timeout.
 */
export class LogqlError extends Error {
  readonly status: number

  constructor(message: string, status = 400) {
    super(message)
    this.name = 'LogqlError'
    this.status = status
  }
}

/**
 * The error of a query that needs more memory than `max_query_memory` allows.
 * @param held what it held when it passed the limit: `1,000 series`
 */
export function tooMuchMemory(held: string, limitBytes: number): LogqlError {
  return new LogqlError(
    `the query needs more than ${limitBytes} bytes of memory (max_query_memory), ${held} so far; ` +
      'group by fewer labels, ask for fewer lines, or narrow the selector or the time range',
  )
}
