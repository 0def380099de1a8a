import type { Metadata } from '../types.ts'
import { ByteReader, ByteWriter, FormatError, readPairs, writePairs } from './bytes.ts'
import { readPlanes, widthFor, writePlanes } from './planes.ts'

// The parts of a block before compression, docs/formats/segment.md. Each function pair is one part.

const TIMES_HEADER_BYTES = 8
/** By unit number, from 1: nanoseconds per unit, and bytes per row. */
const UNIT_NS = [1, 1, 1000, 1_000_000] as const
const NANOS_WIDTH = [0, 3, 2, 0] as const

/** The times of a block's rows, as in `#base/timestamp.ts`. */
export interface Times {
  readonly tsMs: Float64Array
  readonly tsNs: Uint32Array
}

/** Encodes times that ascend. The first one is kept elsewhere, as `firstMs` of {@link decodeTimes}. */
export function encodeTimes({ tsMs, tsNs }: Times): Uint8Array {
  const rows = tsMs.length
  const unit = commonUnit(tsNs)
  const width = stepWidth(tsMs)
  const part = new Uint8Array(TIMES_HEADER_BYTES + rows * (width + NANOS_WIDTH[unit]))
  part[0] = unit
  part[1] = width
  const view = new DataView(part.buffer)
  for (let row = 1; row < rows && width > 0; row++) {
    const step = tsMs[row] - tsMs[row - 1]
    const at = TIMES_HEADER_BYTES + row * width
    if (width === 1) part[at] = step
    else if (width === 2) view.setUint16(at, step, true)
    else if (width === 4) view.setUint32(at, step, true)
    else view.setFloat64(at, step, true)
  }
  writePlanes(part, TIMES_HEADER_BYTES + rows * width, tsNs, NANOS_WIDTH[unit], UNIT_NS[unit])
  return part
}

/** @throws FormatError where the part does not hold `rows` times */
export function decodeTimes(part: Uint8Array, rows: number, firstMs: number): Times {
  if (part.length < TIMES_HEADER_BYTES) throw new FormatError('a times part is cut short')
  const unit = part[0]
  const width = part[1]
  const nanosAt = TIMES_HEADER_BYTES + rows * width
  if (unit < 1 || unit > 3 || ![0, 1, 2, 4, 8].includes(width) || nanosAt > part.length) {
    throw new FormatError('a times part is malformed')
  }
  const tsMs = new Float64Array(rows)
  const view = new DataView(part.buffer, part.byteOffset, part.length)
  let ms = firstMs
  for (let row = 0, at = TIMES_HEADER_BYTES; row < rows; row++, at += width) {
    if (width === 1) ms += part[at]
    else if (width === 2) ms += view.getUint16(at, true)
    else if (width === 4) ms += view.getUint32(at, true)
    else if (width === 8) ms += view.getFloat64(at, true)
    tsMs[row] = ms
  }
  const tsNs = readPlanes(part, nanosAt, rows, NANOS_WIDTH[unit], UNIT_NS[unit])
  return { tsMs, tsNs }
}

function commonUnit(tsNs: Uint32Array): 1 | 2 | 3 {
  let any = 0
  for (let row = 0; row < tsNs.length; row++) {
    if (tsNs[row] % 1000 !== 0) return 1
    any |= tsNs[row]
  }
  return any === 0 ? 3 : 2
}

function stepWidth(tsMs: Float64Array): 0 | 1 | 2 | 4 | 8 {
  let max = 0
  for (let row = 1; row < tsMs.length; row++) {
    const step = tsMs[row] - tsMs[row - 1]
    if (step > max) max = step
  }
  if (max === 0) return 0
  return max < 2 ** 32 ? widthFor(max) : 8
}

/** The lengths of a block's lines, each in as many byte planes as the longest needs. */
export function encodeLengths(lengths: Uint32Array): Uint8Array {
  let max = 0
  for (const length of lengths) if (length > max) max = length
  const width = widthFor(max)
  const part = new Uint8Array(1 + lengths.length * width)
  part[0] = width
  writePlanes(part, 1, lengths, width)
  return part
}

/** Undoes {@link encodeLengths}. Throws when the part is too short for `rows`. */
export function decodeLengths(part: Uint8Array, rows: number): Uint32Array {
  return readPlanes(part, 1, rows, readWidth(part, 0))
}

/**
 * Encodes the metadata of a block; `ids` index `sets`, whose first is the empty set. Empty where no row has
 * any.
 */
export function encodeMetadata(ids: Uint32Array, sets: readonly Metadata[]): Uint8Array {
  const local = new Map<number, number>([[0, 0]])
  const localIds = new Uint32Array(ids.length)
  // Neighbours mostly carry the same.
  let last = 0
  let lastId = 0
  for (let row = 0; row < ids.length; row++) {
    if (ids[row] !== last) {
      last = ids[row]
      lastId = local.get(last) ?? local.size
      local.set(last, lastId)
    }
    localIds[row] = lastId
  }
  if (local.size === 1) return new Uint8Array(0)
  const writer = new ByteWriter(1024)
  writer.varint(local.size - 1)
  for (const id of local.keys()) if (id !== 0) writePairs(writer, sets[id])
  const width = widthFor(local.size - 1)
  writer.byte(width)
  const columns = new Uint8Array(ids.length * width)
  writePlanes(columns, 0, localIds, width)
  writer.raw(columns)
  return writer.view().slice()
}

/** The distinct metadata sets of a block, and which of them each row carries. */
export interface BlockMetadata {
  readonly sets: readonly Metadata[]
  readonly ids: Uint32Array
}

/** Reads a block's metadata part. An empty part means that no row carries any. */
export function decodeMetadata(part: Uint8Array, rows: number): BlockMetadata {
  const sets: Metadata[] = [[]]
  if (part.length === 0) return { sets, ids: new Uint32Array(rows) }
  const reader = new ByteReader(part)
  for (let left = reader.count(); left > 0; left--) sets.push(readPairs(reader))
  const width = readWidth(part, reader.offset)
  const ids = readPlanes(part, reader.offset + 1, rows, width)
  for (const id of ids) if (id >= sets.length) throw new FormatError('a row names a set that is not there')
  return { sets, ids }
}

function readWidth(part: Uint8Array, offset: number): number {
  const width = part[offset]
  if (width !== 1 && width !== 2 && width !== 4) throw new FormatError('a column has no valid width')
  return width
}
