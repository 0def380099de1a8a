import { FormatError } from '../embedded/bytes.ts'
import type { ColumnText } from '../types.ts'
import { CONSTANT, DICTIONARY, type Encoding, HEX, IPV4, type NumberEncoding, RAW, TIME } from './encoding.ts'
import { unpackHex } from './hex-pattern.ts'
import { type IntsInfo, readIndices, readIndicesAt, readInts, readIntsAt } from './ints.ts'
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
  /** Which values are wanted, ascending; all where undefined. */
  readonly picked?: Uint32Array | undefined
}

/**
 * The texts of a column, one per value that is wanted.
 * @throws FormatError
 */
export function readColumnText(encoding: Encoding, streams: StreamReader, of: ColumnRows): ColumnText {
  switch (encoding.code) {
    case CONSTANT: {
      const to = Uint32Array.of(encoding.value.length)
      return columnText(encoding.value, new Uint32Array(1), to, of.memory.uint32(wantedCount(of)))
    }
    case RAW: {
      const lengths = readInts(encoding.lengths, streams, of.count, of.memory)
      const { bytes, from, to } = consecutive(streams.read(encoding.bytes), lengths, of.memory)
      return columnText(bytes, pick(from, of), pick(to, of))
    }
    case DICTIONARY: {
      const texts = { ...of, count: encoding.count, picked: undefined }
      const values = readColumnText(encoding.values, streams, texts)
      return columnText(values.bytes, values.from, values.to, readIds(encoding, streams, of))
    }
    case HEX: {
      const { pattern, nibbles } = encoding
      const packed = streams.read(nibbles)
      if (packed.length < of.count * Math.ceil(pattern.varying.length / 2)) {
        throw new FormatError('a column of hex digits is cut short')
      }
      const count = wantedCount(of)
      const bytes = unpackHex(packed, pattern, count, of.memory, of.picked)
      return equallyLong(bytes, pattern.pattern.length, count, of.memory)
    }
    case IPV4:
      return readAddresses(wantedInts(encoding.ints, streams, of), of.memory)
    case TIME:
      return readTimes(encoding.format, wantedInts(encoding.ints, streams, of), of)
    default:
      return formatNumbers(encoding, readScaled(encoding, streams, of), of.memory)
  }
}

function readIds(
  { ids, count }: Encoding & { code: typeof DICTIONARY },
  streams: StreamReader,
  { picked, count: values, memory }: ColumnRows,
): Uint32Array {
  if (picked === undefined) return readIndices(ids, streams, values, count, memory)
  return readIndicesAt(ids, streams, values, count, picked, memory)
}

function wantedInts(
  info: IntsInfo,
  streams: StreamReader,
  { picked, count, memory }: ColumnRows,
): Float64Array {
  return picked === undefined
    ? readInts(info, streams, count, memory)
    : readIntsAt(info, streams, count, picked, memory)
}

function wantedCount({ count, picked }: ColumnRows): number {
  return picked === undefined ? count : picked.length
}

/** The wanted ones of a column's values, brought to the front of their array. */
function pick<Values extends Uint32Array | Float64Array>(values: Values, { picked }: ColumnRows): Values {
  if (picked === undefined) return values
  for (let i = 0; i < picked.length; i++) values[i] = values[picked[i]]
  return values.subarray(0, picked.length) as Values
}

function rowsPicked(rows: Uint32Array, picked: Uint32Array): Uint32Array {
  return picked.map((value) => rows[value])
}

function equallyLong(bytes: Uint8Array, length: number, count: number, memory: Memory): ColumnText {
  const from = memory.uint32(count)
  const to = memory.uint32(count)
  for (let i = 0; i < count; i++) {
    from[i] = i * length
    to[i] = from[i] + length
  }
  return columnText(bytes, from, to)
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

/** The wanted numbers of a column: value · 10^digits. */
export function readScaled(encoding: NumberEncoding, streams: StreamReader, of: ColumnRows): Float64Array {
  const scaled = wantedInts(encoding.ints, streams, of)
  if (encoding.relative === 0) return scaled
  const rows = of.picked === undefined ? of.rows() : rowsPicked(of.rows(), of.picked)
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
  const rows = of.picked === undefined ? of.rows() : rowsPicked(of.rows(), of.picked)
  const length = 31 + format.suffix.length
  const bytes = of.memory.bytes(count * length)
  const from = of.memory.uint32(count)
  const to = of.memory.uint32(count)
  const text = new TimeText(format.layout, format.separator)
  const { tsMs, tsNs } = of.times()
  const perMs = 10 ** (format.digits - 3)
  let at = 0
  for (let i = 0; i < count; i++) {
    const row = rows[i]
    const ms = tsMs[row] + distances[i] / perMs
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
