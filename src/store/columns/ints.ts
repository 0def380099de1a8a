import type { Wasm } from '#kernels/wasm.ts'
import { type ByteReader, type ByteWriter, FormatError } from '../embedded/bytes.ts'
import { type Memory, ownMemory } from './memory.ts'
import {
  byteEntropy,
  entropyOf,
  readRef,
  readSigned,
  type StreamReader,
  type StreamRef,
  type StreamWriter,
  writeRef,
  writeSigned,
} from './streams.ts'
import { unpackBits } from './unpack-bits.ts'

// Columns of integers below 2^52 in magnitude: `Ints` of docs/formats/columns.md.

const PLAIN = 0
const DELTA = 1
/** Bytes that a zstd frame spends on its header and tables, about. */
const FRAME_BYTES = 40

/** Writes the first `count` of `values`; their description to `to`, their bits to `streams`. */
export function writeInts(to: ByteWriter, streams: StreamWriter, values: Float64Array, count: number): void {
  const { wasm } = streams
  if (wasm !== undefined && count <= wasm.columns.numbers.length) {
    writeIntsByKernel(to, streams, wasm, values, count)
    return
  }
  let min = Infinity
  let max = -Infinity
  let minStep = Infinity
  let maxStep = -Infinity
  for (let i = 0; i < count; i++) {
    const value = values[i]
    if (value < min) min = value
    if (value > max) max = value
    if (i === 0) continue
    const step = value - values[i - 1]
    if (step < minStep) minStep = step
    if (step > maxStep) maxStep = step
  }
  const { isDelta, base, bits } = describeInts(to, values[0], count, min, max, minStep, maxStep)
  if (bits === 0) return
  const offsets = offsetsOf(values, count, base, isDelta)
  const plane = scratchPlane(count)
  for (let shift = 0; shift < bits; shift += 8) {
    if (bits <= 32) for (let i = 0; i < count; i++) plane[i] = offsets[i] >>> shift
    else fillPlane(plane, offsets, count, 2 ** shift)
    writePlane(to, streams, plane, Math.min(8, bits - shift))
  }
}

/** {@link writeInts} with what the kernels have found; `values` may be their own. */
function writeIntsByKernel(
  to: ByteWriter,
  streams: StreamWriter,
  wasm: Wasm,
  values: Float64Array,
  count: number,
): void {
  const { numbers, intRange, bytes, byteCounts } = wasm.columns
  const first = values[0]
  if (values.buffer !== numbers.buffer) numbers.set(values.subarray(0, count))
  wasm.findIntRange(count)
  const [min, max, minStep, maxStep] = intRange
  const { isDelta, base, bits } = describeInts(to, first, count, min, max, minStep, maxStep)
  if (bits === 0) return
  wasm.takeOffsets(count, base, isDelta ? 1 : 0)
  for (let shift = 0; shift < bits; shift += 8) {
    wasm.gatherPlane(count, shift >>> 3)
    const width = Math.min(8, bits - shift)
    if (isSkewed(entropyOf(byteCounts, count), count, width)) {
      to.byte(8)
      writeRef(to, streams.addSkewed(bytes.subarray(0, count)))
    } else {
      to.byte(width)
      const length = width === 8 ? count : wasm.packPlane(count, width)
      writeRef(to, streams.addStored(bytes.subarray(0, length)))
    }
  }
}

/** Decides how integers of such a range are kept, and writes it. */
function describeInts(
  to: ByteWriter,
  first: number,
  count: number,
  min: number,
  max: number,
  minStep: number,
  maxStep: number,
): { isDelta: boolean; base: number; bits: number } {
  const range = count === 0 ? 0 : max - min
  const isDelta = count > 1 && bitsOf(maxStep - minStep) < bitsOf(range) - 1
  const base = count === 0 ? 0 : isDelta ? minStep : min
  const bits = bitsOf(isDelta ? maxStep - minStep : range)
  to.byte(isDelta ? DELTA : PLAIN)
  if (isDelta) writeSigned(to, first)
  writeSigned(to, base)
  to.byte(bits)
  return { isDelta, base, bits }
}

let scratchOffsets = new Float64Array(0)
let scratchBytes = new Uint8Array(0)

function scratchPlane(count: number): Uint8Array {
  if (scratchBytes.length < count) scratchBytes = new Uint8Array(count)
  return scratchBytes.subarray(0, count)
}

/** What is left of the values once what they have in common is taken away. */
function offsetsOf(values: Float64Array, count: number, base: number, isDelta: boolean): Float64Array {
  if (scratchOffsets.length < count) scratchOffsets = new Float64Array(count)
  const offsets = scratchOffsets
  if (isDelta) {
    offsets[0] = 0
    for (let i = 1; i < count; i++) offsets[i] = values[i] - values[i - 1] - base
  } else for (let i = 0; i < count; i++) offsets[i] = values[i] - base
  return offsets
}

/** Bits of an integer from 0 to 2^53. */
function bitsOf(value: number): number {
  return value < 2 ** 32 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / 2 ** 32))
}

function fillPlane(plane: Uint8Array, offsets: Float64Array, count: number, divisor: number): void {
  for (let i = 0; i < count; i++) plane[i] = Math.floor(offsets[i] / divisor) % 256
}

/** A plane whose bytes are about equally likely is packed to its bits; others are left to zstd. */
function isSkewed(entropy: number, length: number, bits: number): boolean {
  const compressed = (entropy * length) / 8 + FRAME_BYTES
  const packed = (bits * length) / 8
  return packed > compressed * 1.25
}

function writePlane(to: ByteWriter, streams: StreamWriter, plane: Uint8Array, bits: number): void {
  if (isSkewed(byteEntropy(plane), plane.length, bits)) {
    to.byte(8)
    writeRef(to, streams.addSkewed(plane))
  } else {
    to.byte(bits)
    writeRef(to, streams.addStored(packBits(plane, bits)))
  }
}

function packBits(plane: Uint8Array, width: number): Uint8Array {
  if (width === 8) return plane
  const packed = new Uint8Array(Math.ceil((plane.length * width) / 8))
  let held = 0
  let heldBits = 0
  let at = 0
  for (let i = 0; i < plane.length; i++) {
    held |= plane[i] << heldBits
    heldBits += width
    if (heldBits >= 8) {
      packed[at++] = held
      held >>>= 8
      heldBits -= 8
    }
  }
  if (heldBits > 0) packed[at] = held
  return packed
}

/** Where the bits of integers lie and what they mean. */
export interface IntsInfo {
  readonly isDelta: boolean
  readonly first: number
  readonly base: number
  readonly planes: readonly { readonly width: number; readonly ref: StreamRef }[]
}

/**
 * Reads a description that {@link writeInts} wrote.
 * @throws FormatError
 */
export function readIntsInfo(from: ByteReader): IntsInfo {
  const transform = from.byte()
  if (transform > DELTA) throw new FormatError('integers are stored in an unknown way')
  const first = transform === DELTA ? readSigned(from) : 0
  const base = readSigned(from)
  const bits = from.byte()
  if (bits > 53) throw new FormatError('integers are too wide')
  const planes: { width: number; ref: StreamRef }[] = []
  for (let shift = 0; shift < bits; shift += 8) {
    const width = from.byte()
    if (width < 1 || width > 8) throw new FormatError('integers have no valid width')
    planes.push({ width, ref: readRef(from) })
  }
  return { isDelta: transform === DELTA, first, base, planes }
}

/**
 * Reads `count` integers.
 * @throws FormatError
 */
export function readInts(
  info: IntsInfo,
  streams: StreamReader,
  count: number,
  memory: Memory = ownMemory,
): Float64Array {
  const { isDelta, first, base } = info
  const values = memory.float64(count)
  const planes = readPlanes(info, streams, count, memory)
  if (planes.length <= 3) addLowPlanes(values, planes)
  else for (const [i, plane] of planes.entries()) addPlane(values, plane, 2 ** (i * 8))
  if (!isDelta) {
    if (base !== 0) for (let i = 0; i < count; i++) values[i] += base
    return values
  }
  let value = first
  for (let i = 0; i < count; i++) values[i] = i === 0 ? value : (value += values[i] + base)
  return values
}

/**
 * Reads `count` integers from 0 up to, and without, `limit`, which is at most 2^32.
 * @throws FormatError where one is none of these, too
 */
export function readIndices(
  info: IntsInfo,
  streams: StreamReader,
  count: number,
  limit: number,
  memory: Memory = ownMemory,
): Uint32Array {
  const indices = memory.uint32(count)
  const { base, isDelta } = info
  if (isDelta || info.planes.length > 3 || base < 0 || base >= limit) {
    const values = readInts(info, streams, count, memory)
    for (let i = 0; i < count; i++) {
      if (!(values[i] >= 0 && values[i] < limit)) throw new FormatError(NO_INDEX)
      indices[i] = values[i]
    }
    return indices
  }
  const planes = readPlanes(info, streams, count, memory)
  if (planes.length === 0) return indices.fill(base)
  const [low, middle, high] = planes
  let max = 0
  for (let i = 0; i < count; i++) {
    let value = low[i] + base
    if (middle !== undefined) value += middle[i] << 8
    if (high !== undefined) value += high[i] << 16
    if (value > max) max = value
    indices[i] = value
  }
  if (max >= limit) throw new FormatError(NO_INDEX)
  return indices
}

/**
 * Reads `count` integers from 0 up to, and without, the length of `marks`, and tells the mark of each.
 * @throws FormatError where one is none of these, too
 */
export function readMarks(
  info: IntsInfo,
  streams: StreamReader,
  count: number,
  marks: Uint8Array,
  memory: Memory = ownMemory,
): Uint8Array {
  const { isDelta, base, planes } = info
  const found = new Uint8Array(count)
  if (isDelta || planes.length !== 1 || base < 0 || base >= marks.length) {
    const indices = readIndices(info, streams, count, marks.length, memory)
    for (let i = 0; i < count; i++) found[i] = marks[indices[i]]
    return found
  }
  const ofByte = new Uint8Array(256).fill(NO_MARK)
  ofByte.set(marks.subarray(base, base + 256))
  const [bytes] = readPlanes(info, streams, count, memory)
  let seen = 0
  for (let i = 0; i < count; i++) seen |= found[i] = ofByte[bytes[i]]
  if ((seen & NO_MARK) !== 0) throw new FormatError(NO_INDEX)
  return found
}

/** Marks of callers are less. */
const NO_MARK = 128

/** One in so many values wanted, and taking all of them apart costs less than looking at each. */
const FEW = 4

/**
 * Reads some of `count` integers: those at these places.
 * @throws FormatError
 */
export function readIntsAt(
  info: IntsInfo,
  streams: StreamReader,
  count: number,
  picked: Uint32Array,
  memory: Memory = ownMemory,
): Float64Array {
  const { isDelta, base, planes } = info
  if (isDelta || picked.length * FEW > count) {
    const values = readInts(info, streams, count, memory)
    for (let i = 0; i < picked.length; i++) values[i] = values[picked[i]]
    return values.subarray(0, picked.length)
  }
  const values = memory.float64(picked.length).fill(base)
  for (const [i, { width, ref }] of planes.entries()) {
    const stream = plane(streams, ref, width, count)
    const factor = 2 ** (i * 8)
    const mask = (1 << width) - 1
    for (let k = 0; k < picked.length; k++) {
      const bit = picked[k] * width
      const at = bit >>> 3
      // The byte behind the last is undefined, which shifts to nothing.
      values[k] += (((stream[at] | (stream[at + 1] << 8)) >>> (bit & 7)) & mask) * factor
    }
  }
  return values
}

/**
 * Reads some of `count` integers from 0 up to, and without, `limit`.
 * @throws FormatError where one is none of these, too
 */
export function readIndicesAt(
  info: IntsInfo,
  streams: StreamReader,
  count: number,
  limit: number,
  picked: Uint32Array,
  memory: Memory = ownMemory,
): Uint32Array {
  const values = readIntsAt(info, streams, count, picked, memory)
  const indices = memory.uint32(values.length)
  for (let i = 0; i < values.length; i++) {
    if (!(values[i] >= 0 && values[i] < limit)) throw new FormatError(NO_INDEX)
    indices[i] = values[i]
  }
  return indices
}

const NO_INDEX = 'a number in a column names nothing'

/** The planes of the integers, lowest first, each with a byte per integer. */
function readPlanes(info: IntsInfo, streams: StreamReader, count: number, memory: Memory): Uint8Array[] {
  return info.planes.map(({ width, ref }) => {
    const stream = plane(streams, ref, width, count)
    return width === 8 ? plainBytes(stream) : unpackBits(stream, width, count, memory)
  })
}

/** The stream of a plane, which is long enough. */
function plane(streams: StreamReader, ref: StreamRef, width: number, count: number): Uint8Array {
  const stream = streams.read(ref)
  if (stream.length < Math.ceil((count * width) / 8)) {
    throw new FormatError('a column of integers is cut short')
  }
  return stream
}

/** Always a plain Uint8Array, so that the loops over planes see one kind of object. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

function addLowPlanes(values: Float64Array, planes: readonly Uint8Array[]): void {
  const [low, middle, high] = planes
  const count = values.length
  if (high !== undefined) {
    for (let i = 0; i < count; i++) values[i] = low[i] | (middle[i] << 8) | (high[i] << 16)
  } else if (middle !== undefined) for (let i = 0; i < count; i++) values[i] = low[i] | (middle[i] << 8)
  else if (low !== undefined) for (let i = 0; i < count; i++) values[i] = low[i]
}

function addPlane(values: Float64Array, plane: Uint8Array, factor: number): void {
  for (let i = 0; i < values.length; i++) values[i] += plane[i] * factor
}
