import { goQuote } from '#base/goquote.ts'
import { PushError } from './push-error.ts'

/** A place in the bytes of a JSON body. Readers move `at` forward and leave it after what they read. */
export interface JsonReader {
  readonly bytes: Buffer
  at: number
  /**
   * Set by {@link readString}: where the unescaped text lies. Escapes are undone in place, which never
   * grows.
   */
  from: number
  to: number
}

/** What is wrong with the shape of a value, to be framed with the place; see {@link frame}. */
export class JsonShapeError extends Error {}

/** The texts of Loki's JSON readers. */
export const SHAPE = {
  object: "Value looks like object, but can't find closing '}' symbol",
  string: "Value is string, but can't find closing '\"' symbol",
  number: "Value looks like Number/Boolean/None, but can't find its end: ',' or '}' symbol",
  malformed: 'Malformed JSON error',
} as const

/** The text Loki's decoder gives an error at `at`: the message and what stands around that place. */
export function frame(bytes: Buffer, at: number, message: string): PushError {
  const around = (distance: number): string =>
    bytes.toString('utf8', Math.max(0, at - distance), Math.min(bytes.length, at + distance))
  const place =
    `error found in #${Math.min(at, 10)} byte of ...|${around(10)}|..., bigger context ` +
    `...|${around(50)}|...`
  return new PushError(400, `${message}, ${place}`)
}

/** Moves over white space and returns the byte that follows, 0 at the end. */
export function peek(reader: JsonReader): number {
  const { bytes } = reader
  let at = reader.at
  while (at < bytes.length) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) {
      reader.at = at
      return byte
    }
    at++
  }
  reader.at = at
  return 0
}

/** Reads a string whose opening quote is next; its text is then `bytes[from … to)`. */
export function readString(reader: JsonReader): void {
  const { bytes } = reader
  let at = reader.at + 1
  reader.from = at
  for (; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === 0x22) {
      reader.to = at
      reader.at = at + 1
      return
    }
    if (byte === 0x5c) {
      unescapeRest(reader, at)
      return
    }
  }
  throw frame(bytes, bytes.length, `${STREAMS}readStringSlowPath: unexpected end of input`)
}

/** What Loki puts before errors inside `streams`. */
export const STREAMS = 'loghttp.PushRequest.Streams: []loghttp.LogProtoStream: '

/** Continues a string at its first backslash, moving the text down over the escapes. */
function unescapeRest(reader: JsonReader, start: number): void {
  const { bytes } = reader
  let at = start
  let to = start
  while (at < bytes.length) {
    const byte = bytes[at]
    if (byte === 0x22) {
      reader.to = to
      reader.at = at + 1
      return
    }
    if (byte !== 0x5c) {
      bytes[to++] = byte
      at++
      continue
    }
    const simple = SIMPLE_ESCAPES[bytes[at + 1]]
    if (simple !== 0) {
      bytes[to++] = simple
      at += 2
    } else {
      const point = readUnicodeEscape(bytes, at)
      at += point > 0xffff ? 12 : 6
      to = writeUtf8(bytes, to, point)
    }
  }
  throw frame(bytes, bytes.length, `${STREAMS}readStringSlowPath: unexpected end of input`)
}

const SIMPLE_ESCAPES = new Uint8Array(256)
for (const [escaped, byte] of [
  ['"', 0x22],
  ['\\', 0x5c],
  ['/', 0x2f],
  ['b', 0x08],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
] as const) {
  SIMPLE_ESCAPES[escaped.charCodeAt(0)] = byte
}

/** The code point of `\uXXXX`, or of a pair of them. A half of a pair alone is refused, as Loki does. */
function readUnicodeEscape(bytes: Buffer, at: number): number {
  const high = bytes[at + 1] === 0x75 ? hex4(bytes, at + 2) : -1
  if (high < 0) throw new JsonShapeError(SHAPE.number)
  if (high < 0xd800 || high > 0xdfff) return high
  const low = bytes[at + 6] === 0x5c && bytes[at + 7] === 0x75 ? hex4(bytes, at + 8) : -1
  if (high > 0xdbff || low < 0xdc00 || low > 0xdfff) throw new JsonShapeError(SHAPE.number)
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
}

function hex4(bytes: Buffer, at: number): number {
  let value = 0
  for (let i = at; i < at + 4; i++) {
    const byte = bytes[i] | 0x20
    if (byte >= 0x30 && byte <= 0x39) value = value * 16 + byte - 0x30
    else if (byte >= 0x61 && byte <= 0x66) value = value * 16 + byte - 0x57
    else return -1
  }
  return value
}

function writeUtf8(bytes: Buffer, at: number, point: number): number {
  if (point < 0x80) {
    bytes[at] = point
    return at + 1
  }
  if (point < 0x800) {
    bytes[at] = 0xc0 | (point >> 6)
    bytes[at + 1] = 0x80 | (point & 0x3f)
    return at + 2
  }
  if (point < 0x10000) {
    bytes[at] = 0xe0 | (point >> 12)
    bytes[at + 1] = 0x80 | ((point >> 6) & 0x3f)
    bytes[at + 2] = 0x80 | (point & 0x3f)
    return at + 3
  }
  bytes[at] = 0xf0 | (point >> 18)
  bytes[at + 1] = 0x80 | ((point >> 12) & 0x3f)
  bytes[at + 2] = 0x80 | ((point >> 6) & 0x3f)
  bytes[at + 3] = 0x80 | (point & 0x3f)
  return at + 4
}

const MAX_DEPTH = 10_000

/**
 * Moves over one value of any kind, checking that brackets and strings close. `prefix` goes before its
 * errors.
 */
export function skipValue(reader: JsonReader, prefix: string): void {
  const { bytes } = reader
  let depth = 0
  do {
    const byte = peek(reader)
    if (byte === 0x22) {
      skipString(reader, prefix)
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > MAX_DEPTH) throw frame(bytes, reader.at, `${prefix}exceeded max depth`)
      reader.at++
    } else if (byte === 0x7d || byte === 0x5d) {
      if (depth === 0) throw frame(bytes, reader.at, `${prefix}Skip: do not know how to skip: ${byte}`)
      depth--
      reader.at++
    } else if ((byte === 0x2c || byte === 0x3a) && depth > 0) {
      reader.at++
    } else {
      skipLiteral(reader, prefix)
    }
  } while (depth > 0)
}

function skipString(reader: JsonReader, prefix: string): void {
  const { bytes } = reader
  for (let at = reader.at + 1; at < bytes.length; at++) {
    if (bytes[at] === 0x5c) {
      at++
    } else if (bytes[at] === 0x22) {
      reader.at = at + 1
      return
    }
  }
  throw frame(bytes, bytes.length, `${prefix}readStringSlowPath: unexpected end of input`)
}

const LITERAL = /^(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/

function skipLiteral(reader: JsonReader, prefix: string): void {
  const { bytes, at } = reader
  const match = LITERAL.exec(bytes.toString('latin1', at, Math.min(bytes.length, at + 64)))
  if (match === null) {
    const what = at < bytes.length ? String(bytes[at]) : '0'
    throw frame(bytes, at, `${prefix}Skip: do not know how to skip: ${what}`)
  }
  reader.at = at + match[0].length
}

/** The byte as Loki's decoder names it in `but found …`: the character, or Go's escape of it. */
export function foundByte(byte: number): string {
  return byte >= 0x20 && byte < 0x7f
    ? String.fromCharCode(byte)
    : goQuote(String.fromCharCode(byte)).slice(1, -1)
}
