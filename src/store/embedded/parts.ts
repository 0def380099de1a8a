import { promisify } from 'node:util'
import { constants, crc32, zstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { FormatError } from './bytes.ts'

/** Where a part lies is known from elsewhere; this is what it must look like. See docs/formats/segment.md. */
export interface PartInfo {
  readonly storedBytes: number
  /** Equal to `storedBytes`: stored as is; else one zstd frame of this many bytes. */
  readonly rawBytes: number
  readonly crc: number
}

/** A piece of a segment file that can be read, checked and decompressed alone. */
export interface Part {
  readonly info: PartInfo
  readonly stored: Uint8Array
}

/** A part that takes no room in the file. */
export const EMPTY_PART: Part = { info: { storedBytes: 0, rawBytes: 0, crc: 0 }, stored: new Uint8Array(0) }

/** Below this, the trip to the thread pool costs more than it gives the event loop back. */
const ASYNC_FROM_BYTES = 64 * 1024
/** Below this, zstd's frame is rarely smaller than the bytes. */
const COMPRESS_FROM_BYTES = 48
/**
 * A part that is this small a share of its block's lines is stored as it is: a frame of its own costs more
 * time than all else that is done with the part, to save half a percent of the block at most.
 */
const SMALL_SHARE = 1 / 128

const compressAsync = promisify(zstdCompress)

function zstdOptions(rawBytes: number) {
  return {
    // Usually one output chunk: with zlib's 16 KiB default a quarter of the speed goes into joining chunks,
    // and with as
    // much as goes in, most of it is allocated for nothing.
    chunkSize: Math.max(1024, rawBytes >>> 2),
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
  }
}

/**
 * Compresses and describes a part. Large ones in the thread pool: `raw` must not change until the promise
 * resolves.
 */
export async function packPart(raw: Uint8Array): Promise<Part> {
  if (raw.length < ASYNC_FROM_BYTES) return packPartSync(raw)
  return describe(raw, await compressAsync(raw, zstdOptions(raw.length)))
}

/** {@link packPart} for small parts. */
export function packPartSync(raw: Uint8Array): Part {
  if (raw.length === 0) return EMPTY_PART
  if (raw.length < COMPRESS_FROM_BYTES) return storePart(raw)
  return describe(raw, zstdCompressSync(raw, zstdOptions(raw.length)))
}

/** {@link packPartSync} for one of several parts of a block with so many bytes of lines; may keep `raw`. */
export function packPartOf(raw: Uint8Array, lineBytes: number): Part {
  return raw.length < lineBytes * SMALL_SHARE ? storePartInPlace(raw) : packPartSync(raw)
}

/** A part that is kept as is: small, or known not to compress. */
export function storePart(raw: Uint8Array): Part {
  return storePartInPlace(new Uint8Array(raw))
}

/** {@link storePart} without a copy: `stored` must not change while the part is in use. */
export function storePartInPlace(stored: Uint8Array): Part {
  return { info: { storedBytes: stored.length, rawBytes: stored.length, crc: crc32(stored) }, stored }
}

function describe(raw: Uint8Array, packed: Uint8Array): Part {
  if (packed.length >= raw.length) return storePart(raw)
  return { info: { storedBytes: packed.length, rawBytes: raw.length, crc: crc32(packed) }, stored: packed }
}

/**
 * Checks and decompresses a part. The result may share memory with `stored`.
 * @throws FormatError where length or checksum do not fit
 */
export function unpackPart(stored: Uint8Array, info: PartInfo): Uint8Array {
  checkPart(stored, info)
  return inflatePart(stored, info)
}

/** @throws FormatError where length or checksum do not fit */
export function checkPart(stored: Uint8Array, info: PartInfo): void {
  if (stored.length !== info.storedBytes) {
    throw new FormatError(`${stored.length} bytes where ${info.storedBytes} should be`)
  }
  if (info.storedBytes === 0 && info.rawBytes === 0) return
  const crc = crc32(stored)
  if (crc !== info.crc) throw new FormatError(`checksum ${crc} instead of ${info.crc}`)
}

/**
 * Decompresses a part that {@link checkPart} has passed.
 * @throws FormatError where it is no zstd frame of the right size all the same
 */
export function inflatePart(stored: Uint8Array, info: PartInfo): Uint8Array {
  if (info.storedBytes === info.rawBytes) return stored
  let raw: Uint8Array
  try {
    raw = zstdDecompressSync(stored, {
      chunkSize: Math.max(1024, info.rawBytes + 1),
      maxOutputLength: info.rawBytes + 1,
    })
  } catch (cause) {
    throw new FormatError(`not a zstd frame: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  if (raw.length !== info.rawBytes) {
    throw new FormatError(`${raw.length} bytes after decompression instead of ${info.rawBytes}`)
  }
  return raw
}

/** Bytes of a part description inside directory and trailer. */
export const PART_INFO_BYTES = 12

/** Writes where a part ends and how it is checked: 12 bytes, little endian. */
export function writePartInfo(to: DataView, offset: number, info: PartInfo): void {
  to.setUint32(offset, info.storedBytes, true)
  to.setUint32(offset + 4, info.rawBytes, true)
  to.setUint32(offset + 8, info.crc, true)
}

/** Undoes {@link writePartInfo}. */
export function readPartInfo(from: DataView, offset: number): PartInfo {
  return {
    storedBytes: from.getUint32(offset, true),
    rawBytes: from.getUint32(offset + 4, true),
    crc: from.getUint32(offset + 8, true),
  }
}
