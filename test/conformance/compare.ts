/** One recorded request and the answer a Loki gave it. */
export interface RecordedCase {
  readonly id: string
  readonly category: string
  readonly method: string
  readonly path: string
  readonly settle?: boolean
  readonly expect: unknown
}

/** An answer, ready to compare. */
export interface Answer {
  readonly status: number
  readonly contentType: string | null
  readonly body: unknown
}

interface CompareModule {
  /** Sends a case to a server. */
  send(base: string, recorded: RecordedCase): Promise<Answer>
  /** What differs from the recorded answer, in one line; null where nothing does. */
  compare(recorded: RecordedCase, got: Answer): string | null
}

/** The comparison the answers were recorded with: plain JavaScript, as it also runs against a Loki by itself. */
export const { send, compare } = (await import(new URL('compare.mjs', import.meta.url).href)) as CompareModule
