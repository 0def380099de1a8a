import { HAS_BACKSLASH, HAS_EQUALS, HAS_OTHER, HAS_QUOTE } from './column-flags.ts'
import type { ColumnInfo } from './directory.ts'
import { CONSTANT, DECIMAL, DICTIONARY, type Encoding, HEX, INTEGER, IPV4 } from './encoding.ts'
import type { Columns } from './open-columns.ts'
import { BARE, BRACKET, isDelimiter, isDigit, isJsonStop, PAIR, STAMP, TOKEN, WORD } from './value-kinds.ts'

/** What all lines of a shape look like: bytes that each of them has, and holes between. */
export interface ShapeText {
  /** Per place: the byte, or −1 for a hole. */
  readonly bytes: Int16Array
  /** Per place: the column of the hole's values. */
  readonly columns: Int32Array
  /** Per place that is a hole: 1 for each byte that some value may have. */
  readonly allowed: readonly (Uint8Array | undefined)[]
}

/** Where a text is found first in the lines of a shape. */
export type Found =
  /** Its bytes stand at this place in every line. */
  | { readonly kind: 'at'; readonly place: number }
  /** In the values of the hole at this place that contain it; of the others nothing is known. */
  | { readonly kind: 'in'; readonly place: number }
  /** In no line. */
  | { readonly kind: 'nowhere' }
  | { readonly kind: 'unknown' }

const QUOTE = 0x22
const BACKSLASH = 0x5c
const EQUALS = 0x3d
const CLOSE_BRACKET = 0x5d

/** The text of a shape. */
export function shapeText({ shapes, directory }: Columns, shape: number): ShapeText {
  const bytes: number[] = []
  const columns: number[] = []
  const allowed: (Uint8Array | undefined)[] = []
  const add = (byte: number, column: number, bytesOfHole?: Uint8Array): void => {
    bytes.push(byte)
    columns.push(column)
    allowed.push(bytesOfHole)
  }
  for (let step = shapes.stepFrom[shape]; step < shapes.stepFrom[shape + 1]; step++) {
    for (let at = shapes.constantFrom[step]; at < shapes.constantTo[step]; at++) add(shapes.constants[at], -1)
    const column = shapes.stepColumn[step]
    if (column < 0) continue
    add(-1, column, allowedBytes(directory.nodes.kind[shapes.stepNode[step]], directory.columns[column]))
  }
  return { bytes: Int16Array.from(bytes), columns: Int32Array.from(columns), allowed }
}

function allowedBytes(kind: number, { flags, encoding }: ColumnInfo): Uint8Array {
  const allowed = new Uint8Array(256)
  for (let byte = 0; byte < 256; byte++) {
    if (kindAllows(kind, byte) && flagsAllow(flags, byte) && encodingAllows(encoding, byte)) allowed[byte] = 1
  }
  return allowed
}

function kindAllows(kind: number, byte: number): boolean {
  switch (kind) {
    case TOKEN:
    case WORD:
      return !isDelimiter(byte)
    case BARE:
      return !isJsonStop(byte)
    case PAIR:
      return byte > 0x20
    case BRACKET:
      return byte !== CLOSE_BRACKET
    case STAMP:
      return isDigit(byte) || STAMP_MARKS.includes(byte)
    default:
      // A quote inside a string comes with a backslash, which the flags tell.
      return true
  }
}

const STAMP_MARKS = Buffer.from('-:+., TZ')

function flagsAllow(flags: number, byte: number): boolean {
  if (byte < 0x20 || byte > 0x7e) return (flags & HAS_OTHER) !== 0
  if (byte === QUOTE) return (flags & HAS_QUOTE) !== 0
  if (byte === BACKSLASH) return (flags & HAS_BACKSLASH) !== 0
  return byte !== EQUALS || (flags & HAS_EQUALS) !== 0
}

const NUMBER_BYTES = Buffer.from('0123456789-.')
const HEX_BYTES = Buffer.from('0123456789abcdefABCDEF')

function encodingAllows(encoding: Encoding, byte: number): boolean {
  switch (encoding.code) {
    case CONSTANT:
      return encoding.value.includes(byte)
    case DICTIONARY:
      return encodingAllows(encoding.values, byte)
    case INTEGER:
    case DECIMAL:
      return NUMBER_BYTES.includes(byte) || encoding.prefix.includes(byte) || encoding.suffix.includes(byte)
    case IPV4:
      return NUMBER_BYTES.includes(byte)
    case HEX:
      return HEX_BYTES.includes(byte) || encoding.pattern.pattern.includes(byte)
    default:
      return true
  }
}

/** Where a text is found first from a place on, in every line of a shape; from anywhere in a hole there. */
export function findInShape(text: ShapeText, wanted: Uint8Array, from: number): Found {
  for (let place = from; place < text.bytes.length; place++) {
    if (text.bytes[place] >= 0 && isAt(text, wanted, place)) return { kind: 'at', place }
    if (!mayBeginAt(text, wanted, place)) continue
    return text.bytes[place] < 0 ? { kind: 'in', place } : { kind: 'unknown' }
  }
  return { kind: 'nowhere' }
}

/** Whether the bytes stand at this place in every line. */
export function isAt({ bytes }: ShapeText, wanted: Uint8Array, place: number): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[place + i] !== wanted[i]) return false
  return true
}

/** Whether the bytes may begin with this byte, or with one inside this hole, in some line. */
export function mayBeginAt({ bytes, allowed }: ShapeText, wanted: Uint8Array, begin: number): boolean {
  let places = [begin]
  for (let i = 0; i < wanted.length; i++) {
    const next = new Set<number>()
    for (const from of places) {
      for (let place = from; place < bytes.length; place++) {
        if (bytes[place] >= 0) {
          if (bytes[place] === wanted[i]) next.add(place + 1)
          break
        }
        if (allowed[place]?.[wanted[i]] === 1) next.add(place)
        // The first byte is to be of this hole; any other may be behind where a hole ends.
        if (i === 0) break
      }
    }
    if (next.size === 0) return false
    places = [...next]
  }
  return true
}
