import type { Wasm } from '#kernels/wasm.ts'
import type { Values } from './values.ts'

/**
 * Numbers as texts that give themselves back: no leading zeros, few enough digits for a double to hold them
 * exactly.
 */

const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const MAX_DIGITS = 15
const MAX_FRACTION_DIGITS = 9

/** What all values of a column have around their number. */
export interface Frame {
  readonly prefix: Uint8Array
  readonly suffix: Uint8Array
}

/** A column of numbers: `value · 10^digits`, in a frame. */
export interface NumberColumn extends Frame {
  readonly scaled: Float64Array
  readonly digits: number
  /** Whether zeros at the end of the fraction, and a point with nothing behind it, are left out. */
  readonly trimmed: boolean
}

const scratch = { mantissa: new Float64Array(0), fraction: new Uint8Array(0) }

/**
 * The column as numbers, where every text is one in its shortest or its fixed form; valid until the next
 * call.
 */
export function parseNumbers(values: Values): NumberColumn | undefined {
  const frame = frameOf(values)
  if (frame === undefined) return undefined
  const { bytes, from, to, count, wasm } = values
  if (wasm !== undefined) return parseByKernel(values, wasm, frame)
  if (scratch.mantissa.length < count) {
    scratch.mantissa = new Float64Array(count)
    scratch.fraction = new Uint8Array(count)
  }
  const { mantissa, fraction } = scratch
  const before = frame.prefix.length
  const behind = frame.suffix.length
  let digits = 0
  let fewest = MAX_DIGITS
  let endsInZero = false
  for (let i = 0; i < count; i++) {
    if (to[i] - from[i] <= before + behind || !framed(bytes, from[i], to[i], frame)) return undefined
    const end = to[i] - behind
    if (!parseNumber(bytes, from[i] + before, end)) return undefined
    mantissa[i] = parsed.mantissa
    const fractionDigits = parsed.fractionDigits
    fraction[i] = fractionDigits
    if (fractionDigits > digits) digits = fractionDigits
    if (fractionDigits < fewest) fewest = fractionDigits
    if (fractionDigits > 0 && bytes[end - 1] === ZERO) endsInZero = true
  }
  const trimmed = fewest !== digits
  if (trimmed) {
    if (endsInZero) return undefined
    for (let i = 0; i < count; i++) {
      mantissa[i] *= POWERS[digits - fraction[i]]
      if (Math.abs(mantissa[i]) >= 1e15) return undefined
    }
  }
  return { ...frame, scaled: mantissa, digits, trimmed }
}

/** What the kernel adds to the digits of fractions that are trimmed. */
const TRIMMED = 256

function parseByKernel({ from, to, count }: Values, wasm: Wasm, frame: Frame): NumberColumn | undefined {
  const { prefix, suffix } = frame
  const found = wasm.parseNumbers(from.byteOffset, to.byteOffset, count, prefix.length, suffix.length)
  if (found < 0) return undefined
  return { ...frame, scaled: wasm.columns.numbers, digits: found & 255, trimmed: (found & TRIMMED) !== 0 }
}

const parsed = { mantissa: 0, fractionDigits: 0 }

/** Reads `-?digits(.digits)?` into `parsed`. */
function parseNumber(bytes: Uint8Array, at: number, end: number): boolean {
  const isNegative = bytes[at] === MINUS
  if (isNegative) at++
  if (end - at > MAX_DIGITS + 1 || at >= end) return false
  if (bytes[at] === ZERO && at + 1 < end && bytes[at + 1] !== POINT) return false
  let value = 0
  let pointAt = -1
  let digitCount = 0
  for (let i = at; i < end; i++) {
    const digit = bytes[i] - ZERO
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit
      digitCount++
    } else if (bytes[i] === POINT && pointAt === -1 && i > at && i + 1 < end) pointAt = i
    else return false
  }
  const fractionDigits = pointAt === -1 ? 0 : end - pointAt - 1
  if (digitCount > MAX_DIGITS || fractionDigits > MAX_FRACTION_DIGITS || (isNegative && value === 0))
    return false
  parsed.mantissa = isNegative ? -value : value
  parsed.fractionDigits = fractionDigits
  return true
}

/** What stands before the first and behind the last digit of the first value, if there is a digit. */
function frameOf({ bytes, from, to }: Values): Frame | undefined {
  let first = from[0]
  while (first < to[0] && !isDigit(bytes[first])) first++
  if (first === to[0]) return undefined
  let last = to[0]
  while (!isDigit(bytes[last - 1])) last--
  // A minus is a sign only at the very beginning.
  if (first === from[0] + 1 && bytes[from[0]] === MINUS) first--
  return { prefix: bytes.slice(from[0], first), suffix: bytes.slice(last, to[0]) }
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39
}

function framed(bytes: Uint8Array, from: number, to: number, { prefix, suffix }: Frame): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[from + i] !== prefix[i]) return false
  const suffixAt = to - suffix.length
  for (let i = 0; i < suffix.length; i++) if (bytes[suffixAt + i] !== suffix[i]) return false
  return true
}

/** Powers of ten, by exponent: computing them takes longer than anything else of a number. */
const POWERS = Float64Array.from({ length: 24 }, (_, exponent) => 10 ** exponent)

/** Longest text of {@link writeNumber} without its frame. */
export const NUMBER_TEXT_BYTES = 24

/**
 * Writes a scaled number as text at `at`; returns where it ends.
 * @param trimmed as in {@link NumberColumn}
 */
export function writeNumber(
  to: Uint8Array,
  at: number,
  scaled: number,
  digits: number,
  trimmed: boolean,
): number {
  if (scaled < 0) {
    to[at++] = MINUS
    scaled = -scaled
  }
  let length = digits
  if (trimmed) {
    while (length > 0 && scaled % 10 === 0) {
      scaled /= 10
      length--
    }
  }
  let count = length + 1
  while (scaled >= POWERS[count]) count++
  const end = at + count + (length > 0 ? 1 : 0)
  if (scaled < 2 ** 31) {
    writeSmall(to, at, end, scaled, length)
    return end
  }
  for (let i = end - 1, left = length; i >= at; i--) {
    if (length > 0 && left === 0) {
      to[i] = POINT
      left = -1
      continue
    }
    const next = Math.floor(scaled / 10)
    to[i] = ZERO + scaled - next * 10
    scaled = next
    left--
  }
  return end
}

/** The digits of a number that fits 32-bit arithmetic, which is several times faster. */
function writeSmall(to: Uint8Array, at: number, end: number, scaled: number, fractionDigits: number): void {
  let value = scaled | 0
  let i = end - 1
  if (fractionDigits > 0) {
    for (const point = end - 1 - fractionDigits; i > point; i--) {
      const next = (value / 10) | 0
      to[i] = ZERO + value - next * 10
      value = next
    }
    to[i--] = POINT
  }
  for (; i >= at; i--) {
    const next = (value / 10) | 0
    to[i] = ZERO + value - next * 10
    value = next
  }
}
