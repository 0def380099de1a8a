import { type ByteReader, FormatError } from '../embedded/bytes.ts'
import type { HexPattern } from './hex-pattern.ts'
import { type IntsInfo, readIntsInfo } from './ints.ts'
import type { Frame } from './number-text.ts'
import { readRef, readSigned, type StreamRef } from './streams.ts'
import type { TimeFormat } from './time-column.ts'
import { CLF_LAYOUT, ISO_LAYOUT } from './time-text.ts'

// The encodings of columns and their descriptions, docs/formats/columns.md.

/** One value for all rows. */
export const CONSTANT = 1
/** Lengths and bytes. */
export const RAW = 2
/** Distinct values and their numbers. */
export const DICTIONARY = 3
/** Whole numbers. */
export const INTEGER = 4
/** Numbers with a fraction. */
export const DECIMAL = 5
/** Dates with times of day. */
export const TIME = 6
/** Hex digits at fixed places. */
export const HEX = 7
/** Dotted addresses. */
export const IPV4 = 8

/** Numbers between texts that all values share: `value · 10^digits`. */
export interface NumberEncoding extends Frame {
  readonly code: typeof INTEGER | typeof DECIMAL
  readonly digits: number
  readonly trimmed: boolean
  /** 1: minus the row's milliseconds, 2: minus its seconds. */
  readonly relative: number
  readonly min: number
  readonly max: number
  readonly ints: IntsInfo
}

/** How a column's values are stored, and where. */
export type Encoding =
  | { readonly code: typeof CONSTANT; readonly value: Uint8Array }
  | { readonly code: typeof RAW; readonly lengths: IntsInfo; readonly bytes: StreamRef }
  | {
      readonly code: typeof DICTIONARY
      readonly count: number
      readonly values: Encoding
      readonly ids: IntsInfo
    }
  | NumberEncoding
  | { readonly code: typeof TIME; readonly format: TimeFormat; readonly ints: IntsInfo }
  | { readonly code: typeof HEX; readonly pattern: HexPattern; readonly nibbles: StreamRef }
  | { readonly code: typeof IPV4; readonly ints: IntsInfo }

/**
 * Reads the description of a column's encoding.
 * @throws FormatError
 */
export function readEncoding(from: ByteReader, inDictionary = false): Encoding {
  const code = from.byte()
  switch (code) {
    case CONSTANT:
      return { code, value: from.raw(from.varint()) }
    case RAW:
      return { code, lengths: readIntsInfo(from), bytes: readRef(from) }
    case DICTIONARY: {
      if (inDictionary) throw new FormatError('a dictionary in a dictionary')
      const count = from.varint()
      return { code, count, values: readEncoding(from, true), ids: readIntsInfo(from) }
    }
    case INTEGER:
    case DECIMAL:
      return readNumberEncoding(from, code)
    case TIME:
      return { code, format: readTimeFormat(from), ints: readIntsInfo(from) }
    case HEX:
      return { code, pattern: readHexPattern(from), nibbles: readRef(from) }
    case IPV4:
      return { code, ints: readIntsInfo(from) }
    default:
      throw new FormatError(`column encoding ${code} is not known to this Logboom`)
  }
}

function readNumberEncoding(from: ByteReader, code: typeof INTEGER | typeof DECIMAL): NumberEncoding {
  const prefix = from.raw(from.varint())
  const suffix = from.raw(from.varint())
  const relative = code === INTEGER ? from.byte() : 0
  const digits = code === DECIMAL ? from.byte() : 0
  const trimmed = code === DECIMAL && from.byte() === 1
  if (relative > 2 || digits > 15) throw new FormatError('a column of numbers is malformed')
  const [min, max] = [readSigned(from), readSigned(from)]
  return { code, prefix, suffix, relative, digits, trimmed, min, max, ints: readIntsInfo(from) }
}

function readTimeFormat(from: ByteReader): TimeFormat {
  const [layout, separator, mark, digits] = [from.byte(), from.byte(), from.byte(), from.byte()]
  if ((layout !== ISO_LAYOUT && layout !== CLF_LAYOUT) || digits > 9) {
    throw new FormatError('a column of times has no valid format')
  }
  return { layout, separator, mark, digits, suffix: from.raw(from.varint()) }
}

function readHexPattern(from: ByteReader): HexPattern {
  const length = from.varint()
  const pattern = from.raw(length)
  const mask = from.raw(Math.ceil(length / 8))
  const varying: number[] = []
  for (let p = 0; p < length; p++) if (((mask[p >>> 3] >>> (p & 7)) & 1) === 1) varying.push(p)
  return { pattern, varying, isUpper: from.byte() === 1 }
}
