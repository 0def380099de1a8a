/** A query that is refused before it runs, with Loki's status and text. */
export class QueryError extends Error {
  readonly status: number

  constructor(message: string, status = 400) {
    super(message)
    this.name = 'QueryError'
    this.status = status
  }
}
