import type { Needle } from '#kernels/needle.ts'
import {
  CONSTANT,
  DECIMAL,
  type Encoding,
  HEX,
  INTEGER,
  IPV4,
  type NumberEncoding,
  TIME,
} from './encoding.ts'
import type { HexPattern } from './hex-pattern.ts'
import { foldedEquals } from './needle-at.ts'
import type { TimeFormat } from './time-column.ts'
import { ISO_LAYOUT } from './time-text.ts'

// What can be said of a column's values without reading them, from how they are stored.

const DIGIT = 1
const LOWER_HEX = 2
const UPPER_HEX = 4
const MONTH = 8
/** Per byte: the classes above. */
const CLASS = new Uint8Array(256)
for (const byte of Buffer.from('0123456789')) CLASS[byte] = DIGIT | LOWER_HEX | UPPER_HEX
for (const byte of Buffer.from('abcdef')) CLASS[byte] |= LOWER_HEX
for (const byte of Buffer.from('ABCDEF')) CLASS[byte] |= UPPER_HEX
for (const byte of Buffer.from('JanFebMarAprMayJunJulAugSepOctNovDec')) CLASS[byte] |= MONTH

/** Values of one length, each byte of which is given or of a class. */
interface Template {
  readonly length: number
  /** Per position: the byte, or −1 and what follows. */
  readonly bytes: Int16Array
  readonly classes: Uint8Array
}

/** Whether a byte of the needle, in any case where it folds, may stand at this position. */
function fits({ bytes, classes }: Template, position: number, needle: Needle, i: number): boolean {
  const wanted = bytes[position]
  const byte = needle.bytes[i]
  const fold = needle.folds[i]
  if (wanted >= 0) return (wanted | fold) === byte
  const { [position]: allowed } = classes
  return (CLASS[byte] & allowed) !== 0 || (fold !== 0 && (CLASS[byte & ~fold] & allowed) !== 0)
}

const templates = new WeakMap<Encoding, Template>()

function templateOf(encoding: Encoding): Template | undefined {
  if (encoding.code !== HEX && encoding.code !== TIME) return undefined
  let template = templates.get(encoding)
  if (template === undefined) {
    template = encoding.code === HEX ? hexTemplate(encoding.pattern) : timeTemplate(encoding.format)
    templates.set(encoding, template)
  }
  return template
}

function hexTemplate({ pattern, varying, isUpper }: HexPattern): Template {
  const bytes = Int16Array.from(pattern)
  const classes = new Uint8Array(pattern.length)
  for (const position of varying) {
    bytes[position] = -1
    classes[position] = isUpper ? UPPER_HEX : LOWER_HEX
  }
  return { length: pattern.length, bytes, classes }
}

function timeTemplate({ layout, separator, mark, digits, suffix }: TimeFormat): Template {
  const date = layout === ISO_LAYOUT ? '0000-00-00' : '00/mmm/0000'
  const fraction = digits > 0 ? String.fromCharCode(mark) + '0'.repeat(digits) : ''
  const text = Buffer.concat([
    Buffer.from(`${date}${String.fromCharCode(separator)}00:00:00${fraction}`, 'latin1'),
    suffix,
  ])
  const bytes = Int16Array.from(text)
  const classes = new Uint8Array(text.length)
  for (let i = 0; i < text.length - suffix.length; i++) {
    const isMonth = layout !== ISO_LAYOUT && i >= 3 && i < 6
    if (text[i] !== 0x30 && !isMonth) continue
    bytes[i] = -1
    classes[i] = isMonth ? MONTH : DIGIT
  }
  return { length: text.length, bytes, classes }
}

/**
 * The places in a value at which the needle could begin and end within the value; undefined where they are
 * not known beforehand.
 */
export function placesIn(encoding: Encoding, needle: Needle): number[] | undefined {
  const template = templateOf(encoding)
  if (template === undefined) return undefined
  const places: number[] = []
  for (let at = 0; at + needle.bytes.length <= template.length; at++) {
    let i = 0
    while (i < needle.bytes.length && fits(template, at + i, needle, i)) i++
    if (i === needle.bytes.length) places.push(at)
  }
  return places
}

/** Whether a value may contain the needle, as far as can be told without reading any. */
export function mayContain(encoding: Encoding, needle: Needle): boolean {
  switch (encoding.code) {
    case INTEGER:
    case DECIMAL:
      return needle.bytes.length <= longestNumber(encoding) && isOfNumbers(encoding, needle)
    case IPV4:
      return (
        needle.bytes.length <= 15 &&
        needle.bytes.every((byte) => (CLASS[byte] & DIGIT) !== 0 || byte === POINT)
      )
    case HEX:
    case TIME:
      return placesIn(encoding, needle)?.length !== 0
    default:
      return true
  }
}

const POINT = 0x2e
const MINUS = 0x2d

function longestNumber({ prefix, suffix, min, max, digits }: NumberEncoding): number {
  const integerDigits = String(Math.max(Math.abs(min), Math.abs(max))).length
  const number = (min < 0 ? 1 : 0) + Math.max(integerDigits, digits + 1) + (digits > 0 ? 1 : 0)
  return prefix.length + number + suffix.length
}

/** Whether every byte of the needle occurs in such numbers. */
function isOfNumbers({ prefix, suffix, min, digits }: NumberEncoding, needle: Needle): boolean {
  return needle.bytes.every((byte, i) => {
    if ((CLASS[byte] & DIGIT) !== 0 || (byte === POINT && digits > 0) || (byte === MINUS && min < 0))
      return true
    const fold = needle.folds[i]
    const isIt = (other: number): boolean => (other | fold) === byte
    return prefix.some(isIt) || suffix.some(isIt)
  })
}

/** Whether a value may begin with the needle from `at` on, or be the beginning of that. */
export function mayBegin(encoding: Encoding, needle: Needle, at: number): boolean {
  const rest = needle.bytes.length - at
  switch (encoding.code) {
    case INTEGER:
    case DECIMAL: {
      const { prefix, min } = encoding
      const common = Math.min(prefix.length, rest)
      if (!foldedEquals(prefix, 0, needle, at, at + common)) return false
      return rest <= prefix.length || isNumberByte(needle.bytes[at + common], min < 0)
    }
    case IPV4:
      return isNumberByte(needle.bytes[at], false)
    case HEX:
    case TIME: {
      const template = templateOf(encoding)
      if (template === undefined) return true
      const common = Math.min(template.length, rest)
      for (let i = 0; i < common; i++) if (!fits(template, i, needle, at + i)) return false
      return true
    }
    case CONSTANT: {
      const common = Math.min(encoding.value.length, rest)
      return foldedEquals(encoding.value, 0, needle, at, at + common)
    }
    default:
      return true
  }
}

/** Whether a value may end with the needle's bytes before `to`. */
export function mayEnd(encoding: Encoding, needle: Needle, to: number): boolean {
  switch (encoding.code) {
    case INTEGER:
    case DECIMAL: {
      const { suffix, min } = encoding
      const common = Math.min(suffix.length, to)
      if (!foldedEquals(suffix, suffix.length - common, needle, to - common, to)) return false
      return to <= suffix.length || isNumberByte(needle.bytes[to - common - 1], min < 0)
    }
    case IPV4:
      return isNumberByte(needle.bytes[to - 1], false)
    case HEX:
    case TIME: {
      const template = templateOf(encoding)
      if (template === undefined) return true
      if (to > template.length) return false
      for (let i = 0; i < to; i++) if (!fits(template, template.length - to + i, needle, i)) return false
      return true
    }
    case CONSTANT: {
      const { value } = encoding
      return to <= value.length && foldedEquals(value, value.length - to, needle, 0, to)
    }
    default:
      return true
  }
}

function isNumberByte(byte: number, hasMinus: boolean): boolean {
  return (CLASS[byte] & DIGIT) !== 0 || (hasMinus && byte === MINUS)
}
