/** One recorded request and the answer a Loki gave it. */
export interface RecordedCase {
  readonly id: string
  readonly category: string
  readonly method: string
  readonly path: string
  readonly params?: unknown
  readonly headers?: Record<string, string>
  readonly settle?: boolean
  readonly match?: Record<string, unknown>
  readonly expect: unknown
}

/** An answer, ready to compare. */
export interface Answer {
  readonly status: number
  readonly contentType: string | null
  readonly body: unknown
}

/** Sends a case to a server. */
export function send(base: string, recorded: RecordedCase, headers?: Record<string, string>): Promise<Answer>

/** What differs from the recorded answer, in one line; null where nothing does. */
export function compare(recorded: RecordedCase, got: Answer): string | null
