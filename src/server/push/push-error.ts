/**
 * A push that is refused as a whole, with Loki's status and text (without the newline that ends the body).
 */
export class PushError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'PushError'
    this.status = status
  }
}
