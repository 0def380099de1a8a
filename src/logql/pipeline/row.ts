import type { Lines, Metadata, RowBatch, StreamRef } from '#store/types.ts'
import { ByteStrings } from './byte-strings.ts'
import { LineLabels } from './line-labels.ts'
import { NameTable } from './names.ts'

const NO_BYTES = Buffer.alloc(0)

/**
 * Rows of a batch on their way through a pipeline; their lines are asked for once, by who needs the first.
 */
export class RowSource {
  readonly batch: RowBatch
  readonly #wanted: Uint32Array
  #lines: Lines | undefined
  #bytes: Buffer = NO_BYTES

  /** `wanted`: no other rows will be looked at. */
  constructor(batch: RowBatch, wanted: Uint32Array) {
    this.batch = batch
    this.#wanted = wanted
  }

  get lines(): Lines {
    if (this.#lines === undefined) {
      this.#lines = this.batch.lines(this.#wanted)
      this.#bytes = asBuffer(this.#lines.bytes)
    }
    return this.#lines
  }

  /** The bytes of {@link lines}, which must have been asked for. */
  get bytes(): Buffer {
    return this.#bytes
  }
}

const NO_SOURCE = new RowSource(
  {
    stream: { labels: [], key: '{}' },
    rows: new Uint32Array(0),
    tsMs: new Float64Array(0),
    tsNs: new Uint32Array(0),
    metadata: [],
    rowMetadata: new Uint32Array(0),
    linesApplied: 0,
    lineSize: () => 0,
    lines: () => ({ bytes: NO_BYTES, lineFrom: new Uint32Array(0), lineTo: new Uint32Array(0) }),
  },
  new Uint32Array(0),
)

/**
 * The line at hand on its way through a pipeline. One object per query, moved from row to row. The line is
 * bytes, text, or both: each is made from the other when a stage asks for it.
 */
export class Row {
  readonly names = new NameTable()
  readonly strings = new ByteStrings()
  readonly labels = new LineLabels(this.names, this.strings)
  /** The line is `bytes[from, to)`; valid after {@link needBytes}. */
  bytes: Buffer = NO_BYTES
  from = 0
  to = 0
  tsMs = 0
  tsNs = 0
  #text: string | undefined
  #bytesValid = false
  #source: RowSource = NO_SOURCE
  /** Position of the row in its batch; −1 where it comes from none. */
  #at = -1

  /** The batch that the row is of, for stages that read its fields; undefined for a single line. */
  get batch(): RowBatch | undefined {
    return this.#at === -1 ? undefined : this.#source.batch
  }

  /** Position of the row in its {@link batch}. */
  get at(): number {
    return this.#at
  }

  /** Moves to one of the source's rows. */
  moveTo(source: RowSource, row: number): void {
    const { batch } = source
    this.#source = source
    this.#start(batch.stream, batch.metadata[batch.rowMetadata[row]], batch.tsMs[row], batch.tsNs[row])
    this.#at = row
    this.#text = undefined
    this.#bytesValid = false
  }

  /** Moves to a single line, for tailing. */
  moveToLine(stream: StreamRef, metadata: Metadata, tsMs: number, tsNs: number, line: Uint8Array): void {
    this.#start(stream, metadata, tsMs, tsNs)
    this.#at = -1
    this.bytes = asBuffer(line)
    this.from = 0
    this.to = line.length
    this.#text = undefined
    this.#bytesValid = true
  }

  #start(stream: StreamRef, metadata: Metadata | undefined, tsMs: number, tsNs: number): void {
    this.tsMs = tsMs
    this.tsNs = tsNs
    this.labels.reset(stream, metadata ?? [])
  }

  /** The line as text; what is not UTF-8 is U+FFFD. */
  get text(): string {
    if (this.#text === undefined) {
      this.needBytes()
      this.#text = this.bytes.toString('utf8', this.from, this.to)
    }
    return this.#text
  }

  /** Replaces the line. */
  set text(text: string) {
    this.#text = text
    this.#bytesValid = false
  }

  /** Makes `bytes`, `from` and `to` hold the line. */
  needBytes(): void {
    if (this.#bytesValid) return
    if (this.#text === undefined) this.#takeLine()
    else {
      this.bytes = Buffer.from(this.#text)
      this.from = 0
      this.to = this.bytes.length
    }
    this.#bytesValid = true
  }

  #takeLine(): void {
    const { lineFrom, lineTo } = this.#source.lines
    this.bytes = this.#source.bytes
    this.from = lineFrom[this.#at]
    this.to = lineTo[this.#at]
  }

  /** Length of the line in bytes. */
  get sizeBytes(): number {
    if (this.#bytesValid) return this.to - this.from
    if (this.#text !== undefined) return Buffer.byteLength(this.#text)
    return this.#source.batch.lineSize(this.#at)
  }
}

/** The same memory as a Buffer, whose searches and decoders are native. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** One compiled stage: works on the row, and says whether the line stays. */
export type StageRun = (row: Row) => boolean
