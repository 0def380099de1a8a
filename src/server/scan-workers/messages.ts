import { errorMessage, OperatorError } from '#base/errors.ts'
import type { LogLevel } from '#base/logger.ts'
import type { PartAnswer, PartTask } from '#logql/engine/parts.ts'
import { LogqlError } from '#logql/error.ts'
import type { CorruptBlock } from '#store/scan-plan.ts'

/** What a scan worker is started with. */
export interface WorkerSettings {
  /** Blocks and filters that it keeps. */
  readonly cacheBytes: number
}

/** To a worker: a part to answer, or that its answer is no longer wanted. */
export type ToWorker =
  | { readonly kind: 'task'; readonly id: number; readonly task: PartTask }
  | { readonly kind: 'abort'; readonly id: number }

/** From a worker: exactly one answer or error per task, lines for the log, and blocks that it cannot read. */
export type FromWorker =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: PartAnswer }
  | { readonly kind: 'error'; readonly id: number; readonly error: SentError }
  | { readonly kind: 'corrupt'; readonly corrupt: CorruptBlock }
  | {
      readonly kind: 'log'
      readonly level: LogLevel
      readonly fields: Record<string, unknown>
      readonly message: string
    }

/** An error on its way to another thread, where its class is made anew. */
export type SentError =
  | { readonly kind: 'logql'; readonly message: string; readonly status: number }
  | { readonly kind: 'operator'; readonly message: string; readonly code: string }
  | { readonly kind: 'other'; readonly message: string }

/** An error as plain data. */
export function sendError(thrown: unknown): SentError {
  if (thrown instanceof LogqlError) return { kind: 'logql', message: thrown.message, status: thrown.status }
  if (thrown instanceof OperatorError) return { kind: 'operator', message: thrown.message, code: thrown.code }
  return { kind: 'other', message: errorMessage(thrown) }
}

/** Undoes {@link sendError}. */
export function receiveError(error: SentError): Error {
  switch (error.kind) {
    case 'logql':
      return new LogqlError(error.message, error.status)
    case 'operator':
      return new OperatorError(error.code, error.message)
    case 'other':
      return new Error(error.message)
  }
}
