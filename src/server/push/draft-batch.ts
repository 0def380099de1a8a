/**
 * Where the labels of a stream come from. `key` stands for the raw bytes, so that equal ones are parsed
 * once.
 */
export interface LabelSource {
  readonly key: string
  /** The labels as sent, sorted by name, with repeated and empty ones. May throw PushError. */
  pairs(): readonly (readonly [name: string, value: string])[]
}

/** The rows of one stream of the request, as sent. */
export interface DraftStream {
  readonly labels: LabelSource
  readonly from: number
  readonly to: number
}

/** Reads the structured metadata of one row, out of the span its decoder noted. */
export type MetadataReader = (
  bytes: Buffer,
  from: number,
  to: number,
) => (readonly [name: string, value: string])[]

/** A decoded request before validation: rows as spans into its bytes, no string per row. */
export interface DraftBatch {
  readonly bytes: Buffer
  rows: number
  tsMs: Float64Array
  tsNs: Uint32Array
  lineFrom: Uint32Array
  lineTo: Uint32Array
  /** Span of the row's structured metadata in the format of the request; empty where it has none. */
  metaFrom: Uint32Array
  metaTo: Uint32Array
  readonly streams: DraftStream[]
  readonly readMetadata: MetadataReader
}

/** A draft without rows over the bytes of a request. `expectedRows` only saves growing. */
export function makeDraft(bytes: Buffer, readMetadata: MetadataReader, expectedRows: number): DraftBatch {
  const size = Math.max(16, expectedRows)
  return {
    bytes,
    rows: 0,
    tsMs: new Float64Array(size),
    tsNs: new Uint32Array(size),
    lineFrom: new Uint32Array(size),
    lineTo: new Uint32Array(size),
    metaFrom: new Uint32Array(size),
    metaTo: new Uint32Array(size),
    streams: [],
    readMetadata,
  }
}

/** Makes room for one more row and returns its number; the caller fills every column. */
export function addRow(draft: DraftBatch): number {
  if (draft.rows === draft.tsMs.length) grow(draft)
  return draft.rows++
}

function grow(draft: DraftBatch): void {
  const size = draft.tsMs.length * 2
  const grown = (column: Uint32Array): Uint32Array<ArrayBuffer> => {
    const larger = new Uint32Array(size)
    larger.set(column)
    return larger
  }
  const tsMs = new Float64Array(size)
  tsMs.set(draft.tsMs)
  draft.tsMs = tsMs
  draft.tsNs = grown(draft.tsNs)
  draft.lineFrom = grown(draft.lineFrom)
  draft.lineTo = grown(draft.lineTo)
  draft.metaFrom = grown(draft.metaFrom)
  draft.metaTo = grown(draft.metaTo)
}
