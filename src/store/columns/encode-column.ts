import type { Wasm } from '#kernels/wasm.ts'
import type { ByteWriter } from '../embedded/bytes.ts'
import { bareFlags, byteFlags } from './column-flags.ts'
import { findDictionary } from './dictionary.ts'
import { CONSTANT, DECIMAL, DICTIONARY, HEX, INTEGER, IPV4, RAW, TIME } from './encoding.ts'
import { packHex } from './hex-pattern.ts'
import { writeInts } from './ints.ts'
import { parseIpv4s } from './ipv4.ts'
import type { Memory } from './memory.ts'
import { type NumberColumn, parseNumbers } from './number-text.ts'
import { entropyOf, type StreamRef, type StreamWriter, writeBytes, writeRef, writeSigned } from './streams.ts'
import { parseTimes } from './time-column.ts'
import type { RowTimes, Values } from './values.ts'
import { sameBytes } from './words.ts'

/** Share of distinct values up to which a dictionary is better than anything else. */
const FEW = 0.04
/** Share up to which one is better than the texts themselves. */
const MANY = 0.5
/** Rows and numbers this close in milliseconds may be the same moment. */
const NEAR_MS = 7 * 86_400_000

/** Where an encoded column goes. */
export interface ColumnSink {
  /** Takes the descriptions. */
  readonly to: ByteWriter
  /** Takes the bits. */
  readonly streams: StreamWriter
  readonly times: RowTimes
  readonly memory: Memory
}

/**
 * Writes a column of at least one value in the encoding that suits it. Returns its flags. `isBare`: the
 * values are bare ones of JSON.
 */
export function writeColumn(sink: ColumnSink, values: Values, isBare: boolean): number {
  const flagsOf = (some: Values): number => (isBare ? bareFlags(some) : 0)
  if (writeConstant(sink, values)) {
    return byteFlags(values.bytes, values.from[0], values.to[0]) | flagsOf({ ...values, count: 1 })
  }
  const few = findDictionary(values, FEW, sink.memory)
  if (few !== undefined) return flagsOf(few.values) | writeDictionary(sink, few.values, few.ids)
  const typed = writeTyped(sink, values, isBare)
  if (typed !== undefined) return typed
  const many = values.count < 8 ? undefined : findDictionary(values, MANY, sink.memory)
  if (many !== undefined) return flagsOf(many.values) | writeDictionary(sink, many.values, many.ids)
  return flagsOf(values) | writeText(sink, values)
}

function writeConstant({ to }: ColumnSink, values: Values): boolean {
  const { bytes, from } = values
  if (!isConstant(values)) return false
  to.byte(CONSTANT)
  writeBytes(to, bytes.subarray(from[0], values.to[0]))
  return true
}

function isConstant({ view, from, to, count, wasm }: Values): boolean {
  if (wasm !== undefined) return wasm.allSame(from.byteOffset, to.byteOffset, count) === 1
  const length = to[0] - from[0]
  for (let i = 1; i < count; i++) {
    if (to[i] - from[i] !== length || !sameBytes(view, from[0], view, from[i], length)) return false
  }
  return true
}

function writeDictionary(sink: ColumnSink, values: Values, ids: Float64Array): number {
  sink.to.byte(DICTIONARY)
  sink.to.varint(values.count)
  const flags = writeText(sink, values)
  writeInts(sink.to, sink.streams, ids, ids.length)
  return flags
}

/** Hex digits in a pattern, or any text. */
function writeText(sink: ColumnSink, values: Values): number {
  return writeHex(sink, values) ?? writeRaw(sink, values)
}

function writeRaw(sink: ColumnSink, values: Values): number {
  const { to, streams, memory } = sink
  const { bytes, from, count, wasm } = values
  if (wasm !== undefined) return writeRawByKernel(sink, values, wasm)
  const lengths = memory.float64(count)
  let total = 0
  for (let i = 0; i < count; i++) total += lengths[i] = values.to[i] - from[i]
  const text = memory.bytes(total)
  let at = 0
  let flags = 0
  for (let i = 0; i < count; i++) {
    for (let b = from[i]; b < values.to[i]; b++) text[at++] = bytes[b]
    if (lengths[i] === 0) flags |= byteFlags(bytes, 0, 0)
  }
  if (total > 0) flags |= byteFlags(text, 0, total)
  const ref = streams.addText(text)
  to.byte(RAW)
  writeInts(to, streams, lengths, count)
  writeRef(to, ref)
  return flags
}

function writeRawByKernel(
  { to, streams }: ColumnSink,
  { from, to: valueTo, count }: Values,
  wasm: Wasm,
): number {
  const length = wasm.gatherText(from.byteOffset, valueTo.byteOffset, count)
  const { bytes, numbers } = wasm.columns
  // The text is taken first, for its lengths are written in the same memory.
  const ref = streams.addText(bytes.subarray(0, length))
  to.byte(RAW)
  writeInts(to, streams, numbers, count)
  writeRef(to, ref)
  return wasm.textFlags()
}

function writeHex({ to, streams, memory }: ColumnSink, values: Values): number | undefined {
  const found = packHex(values, memory)
  if (found === undefined) return undefined
  const { packed } = found
  const { pattern, varying, isUpper } = found.pattern
  to.byte(HEX)
  to.varint(pattern.length)
  to.raw(pattern)
  const mask = new Uint8Array(Math.ceil(pattern.length / 8))
  for (const p of varying) mask[p >>> 3] |= 1 << (p & 7)
  to.raw(mask)
  to.byte(isUpper ? 1 : 0)
  writeRef(to, values.wasm === undefined ? streams.add(packed) : addPacked(streams, packed, values.wasm))
  return byteFlags(pattern, 0, pattern.length)
}

/** Adds bytes that lie where the kernels count them. */
function addPacked(streams: StreamWriter, packed: Uint8Array, wasm: Wasm): StreamRef {
  wasm.countBytes(packed.length)
  return streams.addByEntropy(packed, entropyOf(wasm.columns.byteCounts, packed.length))
}

/** Times, addresses and numbers; undefined where the column is none of these. */
function writeTyped(sink: ColumnSink, values: Values, isBare: boolean): number | undefined {
  const { to, streams } = sink
  const length = values.to[0] - values.from[0]
  if (length >= 19) {
    const parsed = parseTimes(values, sink.times, sink.memory)
    if (parsed !== undefined) {
      const { layout, separator, mark, digits, suffix } = parsed.format
      for (const byte of [TIME, layout, separator, mark, digits]) to.byte(byte)
      writeBytes(to, suffix)
      writeInts(to, streams, parsed.distances, values.count)
      // Bare or not, a time begins with a digit.
      return byteFlags(values.bytes, values.from[0], values.to[0])
    }
  }
  const addresses = parseIpv4s(values, sink.memory)
  if (addresses !== undefined) {
    to.byte(IPV4)
    writeInts(to, streams, addresses, values.count)
    return 0
  }
  const numbers = parseNumbers(values)
  if (numbers === undefined) return undefined
  writeNumbers(sink, values, numbers)
  // All that is not the number is in the first text too.
  const flags = byteFlags(values.bytes, values.from[0], values.to[0])
  return isBare && numbers.prefix.length > 0 ? flags | bareFlags(values) : flags
}

function writeNumbers({ to, streams, times }: ColumnSink, values: Values, numbers: NumberColumn): void {
  const { scaled, digits } = numbers
  const { count, row } = values
  let min = Infinity
  let max = -Infinity
  for (let i = 0; i < count; i++) {
    if (scaled[i] < min) min = scaled[i]
    if (scaled[i] > max) max = scaled[i]
  }
  to.byte(digits === 0 ? INTEGER : DECIMAL)
  writeBytes(to, numbers.prefix)
  writeBytes(to, numbers.suffix)
  if (digits === 0) {
    const relative = relativeOf(scaled[0], times.tsMs[row[0]])
    if (relative !== 0) subtractTimes(scaled, values, times, relative)
    to.byte(relative)
  } else {
    to.byte(digits)
    to.byte(numbers.trimmed ? 1 : 0)
  }
  writeSigned(to, min)
  writeSigned(to, max)
  writeInts(to, streams, scaled, count)
}

function relativeOf(value: number, rowMs: number): number {
  if (Math.abs(value - rowMs) < NEAR_MS) return 1
  return Math.abs(value - rowMs / 1000) < NEAR_MS / 1000 ? 2 : 0
}

function subtractTimes(
  scaled: Float64Array,
  { row, count }: Values,
  times: RowTimes,
  relative: number,
): void {
  for (let i = 0; i < count; i++) {
    const ms = times.tsMs[row[i]]
    scaled[i] -= relative === 1 ? ms : Math.floor(ms / 1000)
  }
}
