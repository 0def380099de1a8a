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
