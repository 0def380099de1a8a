/**
 * What can go wrong in operation: a full disk, a wrong setting, a server that is away.
 * The message says what happened, where, and what to do about it.
 */
export class OperatorError extends Error {
  /** Stable, machine readable, e.g. `store_locked`, `config_invalid`. */
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'OperatorError'
    this.code = code
  }
}

/** The message of anything that was thrown. */
export function errorMessage(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
