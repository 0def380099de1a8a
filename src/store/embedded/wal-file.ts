import { crc32 } from 'node:zlib'
import { FormatError } from './bytes.ts'
import type { Entries } from './entries.ts'
import { decodeRecord, RECORD_HEADER_BYTES } from './wal-record.ts'

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

/** How far a log file could be read. */
export interface WalFileEnd {
  /** Where the last whole record ends. */
  readonly goodBytes: number
  /** Why reading stopped before the end of the file; undefined where it did not. */
  readonly damage: string | undefined
}

/** Hands each whole record of a log file to `apply`, until the file or its readable part ends. */
export function readWalFile(
  file: Uint8Array,
  sequence: number,
  apply: (entries: Entries) => void,
): WalFileEnd {
  if (file.length < WAL_HEADER_BYTES) return { goodBytes: 0, damage: 'the file header is cut short' }
  if (Buffer.compare(walHeader(sequence), file.subarray(0, WAL_HEADER_BYTES)) !== 0) {
    return { goodBytes: 0, damage: `the file does not begin with ${MAGIC} and its sequence number` }
  }
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  let offset = WAL_HEADER_BYTES
  while (offset < file.length) {
    const start = offset + RECORD_HEADER_BYTES
    if (start > file.length) return { goodBytes: offset, damage: 'a record header is cut short' }
    const end = start + view.getUint32(offset, true)
    if (end > file.length) return { goodBytes: offset, damage: 'a record is cut short' }
    const payload = file.subarray(start, end)
    if (end % 8 !== 0 || crc32(payload) !== view.getUint32(offset + 4, true)) {
      return { goodBytes: offset, damage: 'a record does not fit its checksum' }
    }
    try {
      apply(decodeRecord(payload))
    } catch (thrown) {
      if (!(thrown instanceof FormatError)) throw thrown
      return { goodBytes: offset, damage: thrown.message }
    }
    offset = end
  }
  return { goodBytes: offset, damage: undefined }
}
