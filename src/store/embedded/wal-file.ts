import { crc32 } from 'node:zlib'
import { FormatError } from './bytes.ts'
import type { Entries } from './entries.ts'
import { decodeRecord, KIND_ENTRIES, RECORD_HEADER_BYTES } from './wal-record.ts'

// A file of the write-ahead log, docs/formats/wal.md.

const MAGIC = 'LBWAL001'
/** Length of the header of a log file. */
export const WAL_HEADER_BYTES = 16

/** The header of the log file with this number. */
export function walHeader(sequence: number): Buffer {
  const header = Buffer.alloc(WAL_HEADER_BYTES)
  header.write(MAGIC, 'latin1')
  header.writeBigUInt64LE(BigInt(sequence), 8)
  return header
}

/** A part of a log file that is no record, with records behind it. */
export interface WalGap {
  readonly offset: number
  readonly bytes: number
  readonly reason: string
}

/** How far a log file could be read. */
export interface WalFileEnd {
  /** Where the last whole record ends. */
  readonly goodBytes: number
  /** Why reading stopped before the end of the file; undefined where it did not. */
  readonly damage: string | undefined
  /** Damage that reading went on behind. */
  readonly gaps: readonly WalGap[]
}

/**
 * Hands each whole record of a log file to `apply`. Where one is damaged, reading goes on with the next that
 * is whole; what is at the end without one behind it is the `damage` of the end.
 */
export function readWalFile(
  file: Uint8Array,
  sequence: number,
  apply: (entries: Entries) => void,
): WalFileEnd {
  const gaps: WalGap[] = []
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  let reason = headerDamage(file, sequence)
  let offset = reason === undefined ? WAL_HEADER_BYTES : 0
  while (reason !== undefined || offset < file.length) {
    if (reason === undefined) {
      const end = recordEnd(file, view, offset)
      reason = typeof end === 'string' ? end : applyRecord(file.subarray(offset, end), apply)
      if (reason === undefined) offset = Number(end)
    } else {
      const next = nextRecord(file, view, offset, sequence)
      if (next === undefined) return { goodBytes: offset, damage: reason, gaps }
      gaps.push({ offset, bytes: next - offset, reason })
      offset = next
      reason = undefined
    }
  }
  return { goodBytes: offset, damage: undefined, gaps }
}

function headerDamage(file: Uint8Array, sequence: number): string | undefined {
  if (file.length < WAL_HEADER_BYTES) return 'the file header is cut short'
  if (Buffer.compare(walHeader(sequence), file.subarray(0, WAL_HEADER_BYTES)) === 0) return undefined
  return `the file does not begin with ${MAGIC} and its sequence number`
}

/** Where the record ends that begins at `offset`, or what is wrong with it. */
function recordEnd(file: Uint8Array, view: DataView, offset: number): number | string {
  const start = offset + RECORD_HEADER_BYTES
  if (start > file.length) return 'a record header is cut short'
  const end = start + view.getUint32(offset, true)
  if (end > file.length) return 'a record is cut short'
  if (end % 8 !== 0 || end === start) return 'a record has an impossible length'
  const isWhole = crc32(file.subarray(start, end)) === view.getUint32(offset + 4, true)
  return isWhole ? end : 'a record does not fit its checksum'
}

function applyRecord(record: Uint8Array, apply: (entries: Entries) => void): string | undefined {
  try {
    apply(decodeRecord(record.subarray(RECORD_HEADER_BYTES)))
    return undefined
  } catch (thrown) {
    if (thrown instanceof FormatError) return thrown.message
    throw thrown
  }
}

/** The first whole record behind a damaged place. Records begin at multiples of eight. */
function nextRecord(file: Uint8Array, view: DataView, from: number, sequence: number): number | undefined {
  // A file of which neither half of the header is right is something else.
  if (from === 0 && !isHalfHeader(file, sequence)) return undefined
  const first = from === 0 ? WAL_HEADER_BYTES : from + 8
  for (let offset = first; offset + RECORD_HEADER_BYTES + 4 <= file.length; offset += 8) {
    // Cheap first: taking a checksum at every place would read a file of n bytes n times.
    if (view.getUint32(offset + RECORD_HEADER_BYTES, true) !== KIND_ENTRIES) continue
    if (typeof recordEnd(file, view, offset) === 'number') return offset
  }
  return undefined
}

function isHalfHeader(file: Uint8Array, sequence: number): boolean {
  const header = walHeader(sequence)
  const equals = (from: number, to: number): boolean =>
    Buffer.compare(header.subarray(from, to), file.subarray(from, to)) === 0
  return equals(0, 8) || equals(8, WAL_HEADER_BYTES)
}
