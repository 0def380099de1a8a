import type { Wasm } from '#kernels/wasm.ts'
import type { Memory } from './memory.ts'
import type { Values } from './values.ts'

// Columns of texts of one length that differ in hex digits only: identifiers, UUIDs, hashes, zero-padded
// numbers.

const MAX_LENGTH = 72
const LOWER = 0x20
const UPPER = 0x40
const OTHER = 0x80
/** Per byte: the value of the hex digit, and what kind of one it is. */
const HEX = new Uint8Array(256).fill(OTHER)
for (let i = 0; i < 10; i++) HEX[0x30 + i] = i
for (let i = 10; i < 16; i++) {
  HEX[0x61 + i - 10] = LOWER | i
  HEX[0x41 + i - 10] = UPPER | i
}

/** What the texts of a column have in common, and where they differ. */
export interface HexPattern {
  /** The first text. */
  readonly pattern: Uint8Array
  /** The positions that vary, ascending. */
  readonly varying: readonly number[]
  readonly isUpper: boolean
}

/** The positions at which the texts differ; undefined where their lengths do. */
function commonPattern({ bytes, view, from, to, count }: Values): number[] | undefined {
  const first = from[0]
  const length = to[0] - first
  if (length === 0 || length > MAX_LENGTH) return undefined
  const words = length >>> 2
  const difference = new Int32Array(words + 4)
  for (let i = 1; i < count; i++) {
    const at = from[i]
    if (to[i] - at !== length) return undefined
    for (let w = 0; w < words; w++) {
      difference[w] |= view.getInt32(at + 4 * w, true) ^ view.getInt32(first + 4 * w, true)
    }
    for (let p = 4 * words; p < length; p++) difference[words + (p & 3)] |= bytes[at + p] ^ bytes[first + p]
  }
  const varying: number[] = []
  for (let p = 0; p < length; p++) {
    const differs =
      p < 4 * words ? (difference[p >>> 2] >>> (8 * (p & 3))) & 255 : difference[words + (p & 3)]
    if (differs !== 0) varying.push(p)
  }
  return varying
}

/**
 * A column as a pattern and its varying digits, packed; undefined where something else than hex digits
 * varies.
 */
export function packHex(
  values: Values,
  memory: Memory,
): { pattern: HexPattern; packed: Uint8Array } | undefined {
  if (values.wasm !== undefined) return packByKernel(values, values.wasm)
  const varying = commonPattern(values)
  if (varying === undefined) return undefined
  const { bytes, from, to, count } = values
  const positions = Uint8Array.from(varying)
  const packed = memory.bytes(count * ((positions.length + 1) >>> 1))
  let seen = 0
  let at = 0
  for (let i = 0; i < count; i++) {
    const base = from[i]
    let p = 0
    for (; p + 1 < positions.length; p += 2) {
      const high = HEX[bytes[base + positions[p]]]
      const low = HEX[bytes[base + positions[p + 1]]]
      seen |= high | low
      packed[at++] = (high << 4) | (low & 15)
    }
    if (p < positions.length) {
      const high = HEX[bytes[base + positions[p]]]
      seen |= high
      packed[at++] = high << 4
    }
    if ((seen & OTHER) !== 0) return undefined
  }
  if ((seen & (LOWER | UPPER)) === (LOWER | UPPER)) return undefined
  const pattern = { pattern: bytes.slice(from[0], to[0]), varying, isUpper: (seen & UPPER) !== 0 }
  return { pattern, packed }
}

/** {@link packHex} in the memory of the kernels; valid until they look at another column. */
function packByKernel(
  { bytes, from, to, count }: Values,
  wasm: Wasm,
): { pattern: HexPattern; packed: Uint8Array } | undefined {
  const found = wasm.packHex(from.byteOffset, to.byteOffset, count)
  if (found < 0) return undefined
  const varying = [...wasm.columns.hexPositions.subarray(0, found)]
  const pattern = { pattern: bytes.slice(from[0], to[0]), varying, isUpper: wasm.hexIsUpper() === 1 }
  return { pattern, packed: wasm.columns.bytes.subarray(0, count * ((found + 1) >>> 1)) }
}

/** Both digits of a byte, the first one in the low half: as they are written to little-endian memory. */
function digitPairs(digits: string): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    return digits.charCodeAt(byte >>> 4) | (digits.charCodeAt(byte & 15) << 8)
  })
}

const LOWER_PAIRS = digitPairs('0123456789abcdef')
const UPPER_PAIRS = digitPairs('0123456789ABCDEF')

/**
 * The values that {@link packHex} packed, one after another.
 * @param picked which values to unpack; the first `count` where undefined
 */
export function unpackHex(
  packed: Uint8Array,
  { pattern, varying, isUpper }: HexPattern,
  count: number,
  memory: Memory,
  picked?: Uint32Array,
): Uint8Array {
  const pairs = isUpper ? UPPER_PAIRS : LOWER_PAIRS
  const length = pattern.length
  const width = (varying.length + 1) >>> 1
  const positions = Uint8Array.from(varying)
  const even = varying.length & ~1
  const text = memory.bytes(count * length)
  fillWith(text, pattern)
  for (let i = 0; i < count; i++) {
    const base = i * length
    let at = (picked === undefined ? i : picked[i]) * width
    for (let v = 0; v < even; v += 2) {
      const pair = pairs[packed[at++]]
      text[base + positions[v]] = pair
      text[base + positions[v + 1]] = pair >>> 8
    }
    if (even < positions.length) text[base + positions[even]] = pairs[packed[at]]
  }
  return text
}

/** Repeats the pattern to the end, in native copies of growing length. */
function fillWith(text: Uint8Array, pattern: Uint8Array): void {
  if (text.length === 0) return
  text.set(pattern)
  for (let done = pattern.length; done < text.length; done *= 2) {
    text.copyWithin(done, 0, Math.min(done, text.length - done))
  }
}
