/** The labels of a stream, shared by its rows. */
export interface StreamRef {
  readonly labels: Readonly<Record<string, string>>
  /** The labels as one text: the stream's identity. */
  readonly key: string
}

/** One log line as the server sent it. */
export interface LogRow {
  /** Unique within the page, never reused. */
  readonly id: number
  /** Nanoseconds since the epoch, decimal. */
  readonly tsNs: string
  /** The same in whole milliseconds. */
  readonly tsMs: number
  readonly line: string
  readonly stream: StreamRef
  /** Structured metadata. */
  readonly metadata: Readonly<Record<string, string>>
  /** Labels the query's pipeline made. */
  readonly parsed: Readonly<Record<string, string>>
}

/** Orders two timestamps of nanoseconds since the epoch, decimal, not negative. */
export function compareNs(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : a > b ? 1 : 0
}

/** The timestamp moved by some nanoseconds. */
export function addNs(tsNs: string, delta: number): string {
  return String(BigInt(tsNs) + BigInt(delta))
}

/** Milliseconds since the epoch as nanoseconds. */
export function msToNs(ms: number): string {
  return `${Math.floor(ms)}000000`
}

/** What tells a row apart from others of the same time: equal rows are told apart by counting. */
export function rowKey(row: LogRow): string {
  return `${row.tsNs} ${row.stream.key} ${labelsKey(row.metadata)} ${row.line}`
}

/** Labels as one text. */
export function labelsKey(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
}
