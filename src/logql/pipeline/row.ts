import type { Metadata, RowBatch, StreamRef } from '#store/types.ts'
import { ByteStrings } from './byte-strings.ts'
import { LineLabels } from './line-labels.ts'
import { NameTable } from './names.ts'

const NO_BYTES = Buffer.alloc(0)

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
  #batch: RowBatch | undefined
  #batchBytes: Buffer = NO_BYTES

  /** Moves to a row of a batch. */
  moveTo(batch: RowBatch, row: number): void {
    if (this.#batch !== batch) {
      this.#batch = batch
      this.#batchBytes = asBuffer(batch.bytes)
    }
    this.#start(batch.stream, batch.metadata[batch.rowMetadata[row]], batch.tsMs[row], batch.tsNs[row])
    this.bytes = this.#batchBytes
    this.from = batch.lineFrom[row]
    this.to = batch.lineTo[row]
    this.#text = undefined
    this.#bytesValid = true
  }

  /** Moves to a single line, for tailing. */
  moveToLine(stream: StreamRef, metadata: Metadata, tsMs: number, tsNs: number, line: Uint8Array): void {
    this.#start(stream, metadata, tsMs, tsNs)
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
    this.#text ??= this.bytes.toString('utf8', this.from, this.to)
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
    this.bytes = Buffer.from(this.text)
    this.from = 0
    this.to = this.bytes.length
    this.#bytesValid = true
  }

  /** Length of the line in bytes. */
  get sizeBytes(): number {
    return this.#bytesValid ? this.to - this.from : Buffer.byteLength(this.text)
  }
}

/** The same memory as a Buffer, whose searches and decoders are native. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** One compiled stage: works on the row, and says whether the line stays. */
export type StageRun = (row: Row) => boolean
