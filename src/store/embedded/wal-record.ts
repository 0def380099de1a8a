import { crc32 } from 'node:zlib'
import { invariant } from '#base/invariant.ts'
import { type Labels, labelsText } from '#base/labels.ts'
import type { EntryBatch, Metadata } from '../types.ts'
import { ByteReader, ByteWriter, FormatError, readPairs, writePairs } from './bytes.ts'
import type { Entries, EntriesRun } from './entries.ts'

// One record of the write-ahead log, docs/formats/wal.md.

/** First field of a payload with rows; there is no other kind yet. */
export const KIND_ENTRIES = 1
const FIXED_BYTES = 32
const ROW_BYTES = 20
const MAX_PAYLOAD_BYTES = 2 ** 30
/** Length and checksum before each payload. */
export const RECORD_HEADER_BYTES = 8

const EMPTY_SET: Metadata = []

/** Lets groups of records be written as one: encodes them one behind the other into memory that is reused. */
export class RecordBuffer {
  #buffer = new ArrayBuffer(1 << 20)
  #length = 0
  readonly #text = new ByteWriter()

  get length(): number {
    return this.#length
  }

  reset(): void {
    this.#length = 0
    // A single huge push must not keep its memory for ever.
    if (this.#buffer.byteLength > 16 << 20) this.#buffer = new ArrayBuffer(1 << 20)
  }

  view(): Uint8Array {
    return new Uint8Array(this.#buffer, 0, this.#length)
  }

  /**
   * Appends a record with the rows of `batch` that `keep` allows (all without it); `rows` is their number.
   * Returns a description of what was written that {@link RecordBuffer.entriesAt} turns into entries.
   */
  add(tenant: string, batch: EntryBatch, rows: number, keep: Uint8Array | undefined): WrittenRecord {
    const runs = keptRuns(batch, keep)
    writeText(this.#text, tenant, runs, batch.metadata)
    const text = this.#text.view()
    const lineBytes = sizeOfLines(batch, keep)
    const payloadBytes = (FIXED_BYTES + rows * ROW_BYTES + text.length + lineBytes + 7) & ~7
    invariant(payloadBytes < MAX_PAYLOAD_BYTES, 'a push is smaller than 1 GiB')
    const at = this.#length
    this.#grow(at + RECORD_HEADER_BYTES + payloadBytes)
    const start = at + RECORD_HEADER_BYTES
    const head = new DataView(this.#buffer, at, RECORD_HEADER_BYTES + FIXED_BYTES)
    head.setUint32(0, payloadBytes, true)
    const fields = [KIND_ENTRIES, rows, runs.length, batch.metadata.length - 1, text.length, lineBytes, 0, 0]
    fields.forEach((value, i) => {
      head.setUint32(RECORD_HEADER_BYTES + i * 4, value, true)
    })
    const record = { start, rows, lineBytes, textBytes: text.length, tenant, runs, sets: batch.metadata }
    const bytes = new Uint8Array(this.#buffer)
    const linesAt = start + FIXED_BYTES + rows * ROW_BYTES + text.length
    bytes.set(text, linesAt - text.length)
    const entries = this.entriesAt(record)
    if (keep === undefined && isOnePiece(batch)) copyPiece(batch, entries)
    else copyRows(batch, keep, entries)
    bytes.fill(0, linesAt + lineBytes, start + payloadBytes)
    head.setUint32(4, crc32(bytes.subarray(start, start + payloadBytes)), true)
    this.#length = start + payloadBytes
    return record
  }

  /** The rows of a record, as views into this buffer: valid until the next `add` or `reset`. */
  entriesAt(record: WrittenRecord): Entries {
    return { ...columnsAt(this.#buffer, record), tenant: record.tenant, runs: record.runs, sets: record.sets }
  }

  #grow(needed: number): void {
    if (needed <= this.#buffer.byteLength) return
    const larger = new ArrayBuffer(Math.max(needed, this.#buffer.byteLength * 2))
    new Uint8Array(larger).set(new Uint8Array(this.#buffer, 0, this.#length))
    this.#buffer = larger
  }
}

interface RecordShape {
  /** Offset of the payload, a multiple of 8. */
  readonly start: number
  readonly rows: number
  readonly textBytes: number
  readonly lineBytes: number
}

/** A batch as the log holds it. */
export interface WrittenRecord extends RecordShape {
  readonly tenant: string
  readonly runs: readonly EntriesRun[]
  readonly sets: readonly Metadata[]
}

function columnsAt(buffer: ArrayBufferLike, shape: RecordShape) {
  const { start, rows } = shape
  const columns = start + FIXED_BYTES
  return {
    rows,
    tsMs: new Float64Array(buffer, columns, rows),
    tsNs: new Uint32Array(buffer, columns + rows * 8, rows),
    lineBytes: new Uint32Array(buffer, columns + rows * 12, rows),
    metadata: new Uint32Array(buffer, columns + rows * 16, rows),
    lines: new Uint8Array(buffer, columns + rows * ROW_BYTES + shape.textBytes, shape.lineBytes),
  }
}

function sizeOfLines({ runs, lineFrom, lineTo }: EntryBatch, keep: Uint8Array | undefined): number {
  let sizeBytes = 0
  for (const { from, to } of runs) {
    for (let row = from; row < to; row++) {
      if (keep === undefined || keep[row] === 1) sizeBytes += lineTo[row] - lineFrom[row]
    }
  }
  return sizeBytes
}

/** Whether the lines of all rows lie one after another in row order, as a kernel leaves them. */
function isOnePiece({ runs, rows, lineFrom, lineTo }: EntryBatch): boolean {
  let next = 0
  for (const { from, to } of runs) {
    if (from !== next) return false
    next = to
  }
  if (next !== rows) return false
  for (let row = 1; row < rows; row++) if (lineFrom[row] !== lineTo[row - 1]) return false
  return true
}

function copyPiece(
  { rows, tsMs, tsNs, rowMetadata, bytes, lineFrom, lineTo }: EntryBatch,
  to: Entries,
): void {
  to.tsMs.set(tsMs.subarray(0, rows))
  to.tsNs.set(tsNs.subarray(0, rows))
  to.metadata.set(rowMetadata.subarray(0, rows))
  for (let row = 0; row < rows; row++) to.lineBytes[row] = lineTo[row] - lineFrom[row]
  to.lines.set(bytes.subarray(lineFrom[0], lineTo[rows - 1]))
}

function keptRuns(batch: EntryBatch, keep: Uint8Array | undefined): EntriesRun[] {
  const runs: EntriesRun[] = []
  for (const { labels, key, from, to } of batch.runs) {
    let rows = to - from
    if (keep !== undefined) {
      rows = 0
      for (let row = from; row < to; row++) rows += keep[row]
    }
    if (rows > 0) runs.push({ labels, key, rows })
  }
  return runs
}

/** Labels as they stand in records; streams come back with every push. */
const written = new WeakMap<Labels, Uint8Array>()

function labelBytes(labels: Labels): Uint8Array {
  let bytes = written.get(labels)
  if (bytes === undefined) {
    const writer = new ByteWriter()
    writePairs(writer, labels)
    // From Node's pool: memory of its own would take as much again.
    written.set(labels, (bytes = Buffer.from(writer.view())))
  }
  return bytes
}

function writeText(
  text: ByteWriter,
  tenant: string,
  runs: readonly EntriesRun[],
  sets: readonly Metadata[],
): void {
  text.reset()
  text.text(tenant)
  for (const run of runs) {
    text.varint(run.rows)
    text.raw(labelBytes(run.labels))
  }
  for (let i = 1; i < sets.length; i++) writePairs(text, sets[i])
}

function copyRows(batch: EntryBatch, keep: Uint8Array | undefined, to: Entries): void {
  const { tsMs, tsNs, lineFrom, lineTo, rowMetadata, bytes } = batch
  const { lines } = to
  let row = 0
  let end = 0
  for (const run of batch.runs) {
    for (let i = run.from; i < run.to; i++) {
      if (keep !== undefined && keep[i] === 0) continue
      to.tsMs[row] = tsMs[i]
      to.tsNs[row] = tsNs[i]
      to.metadata[row] = rowMetadata[i]
      const from = lineFrom[i]
      const length = lineTo[i] - from
      to.lineBytes[row++] = length
      // The line before often ends where this one begins; joining them into one copy would need a look ahead
      // that
      // costs more than it saves for lines of the usual length.
      copyBytes(bytes, from, length, lines, end)
      end += length
    }
  }
  invariant(row === to.rows && end === lines.length, 'a record holds the rows it announces')
}

/** Short copies by hand: below some dozens of bytes a call into the runtime costs more than the bytes. */
function copyBytes(source: Uint8Array, from: number, length: number, target: Uint8Array, to: number): void {
  if (length > 48) {
    target.set(source.subarray(from, from + length), to)
    return
  }
  for (let i = 0; i < length; i++) target[to + i] = source[from + i]
}

/**
 * Reads a payload. `bytes` must lie at a multiple of 8 of its buffer; the result shares its memory.
 * @throws FormatError for anything that no {@link RecordBuffer} writes
 */
export function decodeRecord(bytes: Uint8Array): Entries {
  if (bytes.length < FIXED_BYTES) throw new FormatError('a log record is shorter than its fixed part')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const [kind, rows, runCount, setCount, textBytes, lineBytes] = [0, 4, 8, 12, 16, 20].map((offset) =>
    view.getUint32(offset, true),
  )
  if (kind !== KIND_ENTRIES) throw new FormatError(`a log record is of unknown kind ${kind}`)
  if (((FIXED_BYTES + rows * ROW_BYTES + textBytes + lineBytes + 7) & ~7) !== bytes.length) {
    throw new FormatError('the parts of a log record do not add up to its length')
  }
  const textAt = FIXED_BYTES + rows * ROW_BYTES
  const text = new ByteReader(bytes.subarray(textAt, textAt + textBytes))
  const tenant = text.text()
  const runs = readRuns(text, runCount, rows)
  const sets: Metadata[] = [EMPTY_SET]
  for (let i = 0; i < setCount; i++) sets.push(readPairs(text))
  const columns = columnsAt(bytes.buffer, { start: bytes.byteOffset, rows, textBytes, lineBytes })
  let lineEnd = 0
  for (let row = 0; row < rows; row++) {
    lineEnd += columns.lineBytes[row]
    if (columns.metadata[row] > setCount)
      throw new FormatError('a row names a metadata set that is not there')
  }
  if (lineEnd !== lineBytes) throw new FormatError('the lines of a log record do not fill their place')
  return { ...columns, tenant, runs, sets }
}

function readRuns(text: ByteReader, runCount: number, rows: number): EntriesRun[] {
  const runs: EntriesRun[] = []
  let left = rows
  for (let i = 0; i < runCount; i++) {
    const runRows = text.varint()
    const labels = readPairs(text)
    runs.push({ labels, key: labelsText(labels), rows: runRows })
    left -= runRows
  }
  if (left !== 0) throw new FormatError('the runs of a log record do not hold all its rows')
  return runs
}
