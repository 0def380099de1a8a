import { FormatError } from '../embedded/bytes.ts'
import type { ColumnText } from '../types.ts'
import { CONSTANT, DICTIONARY, type Encoding, HEX, IPV4, type NumberEncoding, RAW, TIME } from './encoding.ts'
import { unpackHex } from './hex-pattern.ts'
import { readIndices, readInts } from './ints.ts'
import { IPV4_TEXT_BYTES, writeIpv4 } from './ipv4.ts'
import type { Memory } from './memory.ts'
import { NUMBER_TEXT_BYTES, writeNumber } from './number-text.ts'
import type { StreamReader } from './streams.ts'
import { type TimeFormat, writeTime } from './time-column.ts'
import { TimeText } from './time-text.ts'
import type { RowTimes } from './values.ts'

/** All of one make, so that the code that copies millions of them sees one kind of object. */
function columnText(bytes: Uint8Array, from: Uint32Array, to: Uint32Array, ids?: Uint32Array): ColumnText {
  return { bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), from, to, ids }
}

/** What decoding needs to know about the rows of a column's values. */
export interface ColumnRows {
  times(): RowTimes
  /** Row of each value. */
  rows(): Uint32Array
  readonly count: number
  /** What the texts are made in. */
  readonly memory: Memory
}

/**
 * The texts of a column.
 * @throws FormatError
 */
export function readColumnText(encoding: Encoding, streams: StreamReader, of: ColumnRows): ColumnText {
  switch (encoding.code) {
    case CONSTANT: {
      const to = Uint32Array.of(encoding.value.length)
      return columnText(encoding.value, new Uint32Array(1), to, of.memory.uint32(of.count))
    }
    case RAW: {
      const lengths = readInts(encoding.lengths, streams, of.count, of.memory)
      return consecutive(streams.read(encoding.bytes), lengths, of.memory)
    }
    case DICTIONARY: {
      const values = readColumnText(encoding.values, streams, { ...of, count: encoding.count })
      const ids = readIndices(encoding.ids, streams, of.count, encoding.count, of.memory)
      return columnText(values.bytes, values.from, values.to, ids)
    }
    case HEX: {
      const { pattern, nibbles } = encoding
      const packed = streams.read(nibbles)
      if (packed.length < of.count * Math.ceil(pattern.varying.length / 2)) {
        throw new FormatError('a column of hex digits is cut short')
      }
      const lengths = of.memory.float64(of.count).fill(pattern.pattern.length)
      return consecutive(unpackHex(packed, pattern, of.count, of.memory), lengths, of.memory)
    }
    case IPV4:
      return readAddresses(readInts(encoding.ints, streams, of.count, of.memory), of.memory)
    case TIME:
      return readTimes(encoding.format, readInts(encoding.ints, streams, of.count, of.memory), of)
    default:
      return formatNumbers(encoding, readScaled(encoding, streams, of), of.memory)
  }
}

function consecutive(bytes: Uint8Array, lengths: Float64Array, memory: Memory): ColumnText {
  const from = memory.uint32(lengths.length)
  const to = memory.uint32(lengths.length)
  let at = 0
  for (let i = 0; i < lengths.length; i++) {
    from[i] = at
    if (!(lengths[i] >= 0 && lengths[i] <= bytes.length - at)) throw new FormatError('a column is cut short')
    at += lengths[i]
    to[i] = at
  }
  return columnText(bytes, from, to)
}

/** The numbers of a column: value · 10^digits. */
export function readScaled(encoding: NumberEncoding, streams: StreamReader, of: ColumnRows): Float64Array {
  const scaled = readInts(encoding.ints, streams, of.count, of.memory)
  if (encoding.relative === 0) return scaled
  const rows = of.rows()
  const { tsMs } = of.times()
  for (let i = 0; i < scaled.length; i++) {
    const ms = tsMs[rows[i]]
    scaled[i] += encoding.relative === 1 ? ms : Math.floor(ms / 1000)
  }
  return scaled
}

function formatNumbers(
  { prefix, suffix, digits, trimmed }: NumberEncoding,
  scaled: Float64Array,
  memory: Memory,
): ColumnText {
  const count = scaled.length
  const bytes = memory.bytes(count * (NUMBER_TEXT_BYTES + prefix.length + suffix.length))
  const from = memory.uint32(count)
  const to = memory.uint32(count)
  let at = 0
  for (let i = 0; i < count; i++) {
    if (!(Math.abs(scaled[i]) < 2 ** 53)) throw new FormatError('a number is too large')
    from[i] = at
    for (let p = 0; p < prefix.length; p++) bytes[at++] = prefix[p]
    at = writeNumber(bytes, at, scaled[i], digits, trimmed)
    for (let s = 0; s < suffix.length; s++) bytes[at++] = suffix[s]
    to[i] = at
  }
  return columnText(bytes, from, to)
}

function readTimes(format: TimeFormat, distances: Float64Array, of: ColumnRows): ColumnText {
  const count = distances.length
  const rows = of.rows()
  const length = 31 + format.suffix.length
  const bytes = of.memory.bytes(count * length)
  const from = of.memory.uint32(count)
  const to = of.memory.uint32(count)
  const text = new TimeText(format.layout, format.separator)
  const { tsMs, tsNs } = of.times()
  let at = 0
  for (let i = 0; i < count; i++) {
    const row = rows[i]
    const ms = tsMs[row] + distances[i] / 10 ** (format.digits - 3)
    if (!(ms >= -1000 && ms < 253_402_300_801_000)) throw new FormatError('a time is out of range')
    from[i] = at
    at = writeTime(bytes, at, format, text, distances[i], tsMs[row], tsNs[row])
    to[i] = at
  }
  return columnText(bytes, from, to)
}

function readAddresses(addresses: Float64Array, memory: Memory): ColumnText {
  const count = addresses.length
  const bytes = memory.bytes(count * IPV4_TEXT_BYTES)
  const from = memory.uint32(count)
  const to = memory.uint32(count)
  let at = 0
  for (let i = 0; i < count; i++) {
    from[i] = at
    at = writeIpv4(bytes, at, addresses[i])
    to[i] = at
  }
  return columnText(bytes, from, to)
}
