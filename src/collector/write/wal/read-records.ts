import type { FileHandle } from 'node:fs/promises'
import { decodeRecord, findRecord, type WalRecord } from './record.ts'

/** A piece of a segment. */
export interface WalPiece {
  readonly records: readonly (Omit<WalRecord, 'end'> & { readonly nextOffset: number })[]
  /** Where to read on. */
  readonly nextOffset: number
  /** How often bytes that are no record lie before, between or behind them. */
  readonly brokenPlaces: number
}

const PIECE_BYTES = 256 * 1024

/**
 * Reads the records from `offset` on, about a quarter of a megabyte or one larger record; `limit` is where
 * the segment ends. What is no record is skipped up to the next one. Reads at least one byte further.
 */
export async function readRecords(handle: FileHandle, offset: number, limit: number): Promise<WalPiece> {
  let bytes = await readAt(handle, offset, Math.min(PIECE_BYTES, limit - offset))
  const records: WalPiece['records'][number][] = []
  let brokenPlaces = 0
  let goodTo = 0
  let at = 0
  while (at < bytes.length) {
    const found = decodeRecord(bytes, at)
    if (typeof found === 'object') {
      records.push({ labels: found.labels, entries: found.entries, nextOffset: offset + found.end })
      at = found.end
      goodTo = at
      continue
    }
    const isWithin = found !== undefined && offset + at + found <= limit
    if (isWithin && at > 0) break
    if (isWithin && found > bytes.length) {
      bytes = await readAt(handle, offset, found)
      if (bytes.length < found) limit = offset + bytes.length
      continue
    }
    const next = at + 1 >= bytes.length ? bytes.length : Math.min(findRecord(bytes, at + 1), bytes.length)
    // What is too short to tell is looked at again with what follows, unless nothing follows.
    const skipTo = offset + bytes.length >= limit && bytes.length - next < 4 ? bytes.length : next
    if (at === goodTo) brokenPlaces++
    at = skipTo
  }
  return { records, nextOffset: offset + at, brokenPlaces }
}

async function readAt(handle: FileHandle, offset: number, sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes)
  const { bytesRead } = await handle.read(bytes, 0, sizeBytes, offset)
  return bytes.subarray(0, bytesRead)
}
