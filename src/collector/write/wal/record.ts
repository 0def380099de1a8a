import type { Labels } from '#base/labels.ts'
import type { LogBatch, LogEntry } from '../../pipeline.ts'
import { entrySize } from '../push-batch.ts'

// One record of the buffer on disk: entries of one label set. Little-endian.
//   magic u32, payload bytes u32, crc32 of the payload u32, payload
//   payload: label bytes u32, number of entries u32, labels as JSON, entries
//   entry: milliseconds f64, nanoseconds within u32, line bytes u32, metadata bytes u32, line,
//          metadata as JSON

/** Starts every record, so that the next one can be found after bytes that make no sense. */
const MAGIC = 0x4c42574c
const MAGIC_BYTES = Buffer.from([0x4c, 0x57, 0x42, 0x4c])
const HEADER_BYTES = 12
const PAYLOAD_HEADER_BYTES = 8
const ENTRY_HEADER_BYTES = 20
/** No record is larger: a length beyond it is a broken one. */
const MAX_PAYLOAD_BYTES = 256 * 1024 * 1024
/** A batch of more bytes of lines becomes several records, so that places within it can be remembered. */
const SPLIT_BYTES = 1024 * 1024

/** `node:zlib` is loaded with the first record: collectors without a buffer need not have it. */
let zlib: typeof import('node:zlib') | undefined
function checksum(bytes: Uint8Array): number {
  zlib ??= process.getBuiltinModule('node:zlib')
  return zlib.crc32(bytes)
}

/** What a record holds. Lines lie in the bytes that were read. */
export interface WalRecord {
  readonly labels: Labels
  readonly entries: readonly LogEntry[]
  /** Where the next record starts, counted from the start of the bytes that were read. */
  readonly end: number
}

/** Encodes a batch: one record, or several of about a megabyte each. */
export function encodeRecords({ labels, entries }: Pick<LogBatch, 'labels' | 'entries'>): Buffer[] {
  const labelBytes = Buffer.from(JSON.stringify(labels))
  const records: Buffer[] = []
  let first = 0
  let sizeBytes = 0
  for (let index = 0; index < entries.length; index++) {
    sizeBytes += entrySize(entries[index])
    if (sizeBytes < SPLIT_BYTES && index < entries.length - 1) continue
    records.push(encodeRecord(labelBytes, entries.slice(first, index + 1)))
    first = index + 1
    sizeBytes = 0
  }
  return records
}

function encodeRecord(labels: Buffer, entries: readonly LogEntry[]): Buffer {
  let total = HEADER_BYTES + PAYLOAD_HEADER_BYTES + labels.length
  const texts: Buffer[] = []
  for (const { line, metadata } of entries) {
    const text = metadata.length === 0 ? Buffer.alloc(0) : Buffer.from(JSON.stringify(metadata))
    texts.push(text)
    total += ENTRY_HEADER_BYTES + text.length
    total += typeof line === 'string' ? Buffer.byteLength(line) : line.length
  }
  const out = Buffer.allocUnsafe(total)
  out.writeUInt32LE(labels.length, HEADER_BYTES)
  out.writeUInt32LE(entries.length, HEADER_BYTES + 4)
  labels.copy(out, HEADER_BYTES + PAYLOAD_HEADER_BYTES)
  let at = HEADER_BYTES + PAYLOAD_HEADER_BYTES + labels.length
  for (const [index, { tsMs, tsNs, line }] of entries.entries()) {
    const text = texts[index]
    const lineAt = at + ENTRY_HEADER_BYTES
    const lineBytes = typeof line === 'string' ? out.write(line, lineAt) : line.length
    if (typeof line !== 'string') out.set(line, lineAt)
    out.writeDoubleLE(tsMs, at)
    out.writeUInt32LE(tsNs, at + 8)
    out.writeUInt32LE(lineBytes, at + 12)
    out.writeUInt32LE(text.length, at + 16)
    text.copy(out, lineAt + lineBytes)
    at = lineAt + lineBytes + text.length
  }
  out.writeUInt32LE(MAGIC, 0)
  out.writeUInt32LE(total - HEADER_BYTES, 4)
  out.writeUInt32LE(checksum(out.subarray(HEADER_BYTES)), 8)
  return out
}

/**
 * Reads the record at `at`. A number: so many bytes are needed from `at` on. `undefined`: what lies there is
 * not a whole record and will not become one.
 */
export function decodeRecord(bytes: Buffer, at: number): WalRecord | number | undefined {
  if (bytes.length - at < HEADER_BYTES) return HEADER_BYTES
  const payloadBytes = bytes.readUInt32LE(at + 4)
  if (bytes.readUInt32LE(at) !== MAGIC || payloadBytes > MAX_PAYLOAD_BYTES) return undefined
  const end = at + HEADER_BYTES + payloadBytes
  if (end > bytes.length) return end - at
  const payload = bytes.subarray(at + HEADER_BYTES, end)
  if (payloadBytes < PAYLOAD_HEADER_BYTES || checksum(payload) !== bytes.readUInt32LE(at + 8))
    return undefined
  return { ...decodePayload(payload), end }
}

/** Where a record may start, from `at` on; the last bytes too few to tell are where the search goes on. */
export function findRecord(bytes: Buffer, at: number): number {
  const found = bytes.indexOf(MAGIC_BYTES, at)
  return found === -1 ? Math.max(at, bytes.length - MAGIC_BYTES.length + 1) : found
}

/** The checksum has been right, so this is what {@link encodeRecord} wrote. */
function decodePayload(payload: Buffer): Pick<WalRecord, 'labels' | 'entries'> {
  const labelBytes = payload.readUInt32LE(0)
  const count = payload.readUInt32LE(4)
  let at = PAYLOAD_HEADER_BYTES + labelBytes
  const labels = labelsOf(payload.toString('utf8', PAYLOAD_HEADER_BYTES, at))
  const entries: LogEntry[] = []
  for (let index = 0; index < count; index++) {
    const lineAt = at + ENTRY_HEADER_BYTES
    const textAt = lineAt + payload.readUInt32LE(at + 12)
    const end = textAt + payload.readUInt32LE(at + 16)
    entries.push({
      tsMs: payload.readDoubleLE(at),
      tsNs: payload.readUInt32LE(at + 8),
      line: payload.subarray(lineAt, textAt),
      metadata: textAt === end ? [] : JSON.parse(payload.toString('utf8', textAt, end)),
    })
    at = end
  }
  return { labels, entries }
}

const MAX_KNOWN_LABELS = 2000
const knownLabels = new Map<string, Labels>()

/** The same object for the same text: what follows keeps what it made of a label set. */
function labelsOf(text: string): Labels {
  let labels = knownLabels.get(text)
  if (labels === undefined) {
    if (knownLabels.size >= MAX_KNOWN_LABELS) knownLabels.clear()
    labels = JSON.parse(text) as Labels
    knownLabels.set(text, labels)
  }
  return labels
}
