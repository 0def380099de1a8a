import type { Values } from './values.ts'

// Columns of texts of one length that differ in hex digits only: identifiers, UUIDs, hashes, zero-padded numbers.

const MAX_LENGTH = 72
const DIGIT = 1
const LOWER = 2
const UPPER = 4
const OTHER = 8
const CLASS = new Uint8Array(256).fill(OTHER)
/** Value of a hex digit. */
const NIBBLE = new Uint8Array(256)
for (let i = 0; i < 10; i++) {
  CLASS[0x30 + i] = DIGIT
  NIBBLE[0x30 + i] = i
}
for (let i = 0; i < 6; i++) {
  CLASS[0x61 + i] = LOWER
  CLASS[0x41 + i] = UPPER
  NIBBLE[0x61 + i] = NIBBLE[0x41 + i] = 10 + i
}

/** What the texts of a column have in common, and where they differ. */
export interface HexPattern {
  /** The first text. */
  readonly pattern: Uint8Array
  /** The positions that vary, ascending. */
  readonly varying: readonly number[]
  readonly isUpper: boolean
}

/** The pattern of a column, or undefined where it has none. */
export function findHexPattern({ bytes, from, to, count }: Values): HexPattern | undefined {
  const length = to[0] - from[0]
  if (length === 0 || length > MAX_LENGTH) return undefined
  const difference = new Uint8Array(length)
  const classes = new Uint8Array(length)
  for (let i = 0; i < count; i++) {
    if (to[i] - from[i] !== length) return undefined
    for (let p = 0, at = from[i], first = from[0]; p < length; p++) {
      const byte = bytes[at++]
      difference[p] |= byte ^ bytes[first++]
      classes[p] |= CLASS[byte]
    }
    if (i === 16 && !allHex(difference, classes)) return undefined
  }
  if (!allHex(difference, classes)) return undefined
  const varying: number[] = []
  let seen = 0
  difference.forEach((each, p) => {
    if (each === 0) return
    varying.push(p)
    seen |= classes[p]
  })
  if ((seen & (LOWER | UPPER)) === (LOWER | UPPER)) return undefined
  return { pattern: bytes.slice(from[0], to[0]), varying, isUpper: (seen & UPPER) !== 0 }
}

function allHex(difference: Uint8Array, classes: Uint8Array): boolean {
  for (let p = 0; p < difference.length; p++) {
    if (difference[p] !== 0 && (classes[p] & OTHER) !== 0) return false
  }
  return true
}

/** The varying digits of all values, packed. */
export function packHex({ bytes, from, count }: Values, { varying }: HexPattern): Uint8Array {
  const packed = new Uint8Array(count * Math.ceil(varying.length / 2))
  const pairs = varying.length >>> 1
  const isOdd = varying.length % 2 === 1
  let at = 0
  for (let i = 0; i < count; i++) {
    const base = from[i]
    for (let pair = 0; pair < pairs; pair++) {
      const high = NIBBLE[bytes[base + varying[2 * pair]]]
      packed[at++] = (high << 4) | NIBBLE[bytes[base + varying[2 * pair + 1]]]
    }
    if (isOdd) packed[at++] = NIBBLE[bytes[base + varying[2 * pairs]]] << 4
  }
  return packed
}

/** The values that {@link packHex} packed, one after another. */
export function unpackHex(
  packed: Uint8Array,
  { pattern, varying, isUpper }: HexPattern,
  count: number,
): Uint8Array {
  const digits = Buffer.from(isUpper ? '0123456789ABCDEF' : '0123456789abcdef')
  const length = pattern.length
  const text = new Uint8Array(count * length)
  let at = 0
  for (let i = 0; i < count; i++) {
    const base = i * length
    for (let p = 0; p < length; p++) text[base + p] = pattern[p]
    for (let v = 0; v < varying.length; v += 2) {
      const pair = packed[at++]
      text[base + varying[v]] = digits[pair >>> 4]
      if (v + 1 < varying.length) text[base + varying[v + 1]] = digits[pair & 15]
    }
  }
  return text
}
