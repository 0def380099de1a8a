/**
 * A lenient walk over JSON bytes. It accepts what Loki's parser accepts (trailing commas, anything after the
 * closing brace, numbers of any look) and names what it refuses in the same words.
 */

/** What is wrong with a text, in Loki's words. */
export const JSON_ERRORS = {
  object: "Value looks like object, but can't find closing '}' symbol",
  array: "Value is array, but can't find closing ']' symbol",
  string: "Value is string, but can't find closing '\"' symbol",
  unknown: 'Unknown value type',
  malformed: 'Malformed JSON error',
  escape: 'Encountered an invalid escape sequence in a string',
} as const

/** What a value is; objects and arrays are not looked into. */
export const JSON_STRING = 1
/** Kind of a {@link JsonValue}. */
export const JSON_NUMBER = 2
/** Kind of a {@link JsonValue}. */
export const JSON_BOOLEAN = 3
/** Kind of a {@link JsonValue}. */
export const JSON_NULL = 4
/** Kind of a {@link JsonValue}. */
export const JSON_OBJECT = 5
/** Kind of a {@link JsonValue}. */
export const JSON_ARRAY = 6

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COMMA = 0x2c
const COLON = 0x3a

/** A moving view on one value; filled in by {@link readValue}. */
export interface JsonValue {
  type: number
  /** The value's bytes; for strings without the quotes. */
  from: number
  to: number
  /** Strings: whether an escape is inside. */
  escaped: boolean
  /** Where reading goes on. */
  next: number
}

/**
 * Called for each member. Return true to end the walk. `keyEscaped` tells that the key's bytes hold an
 * escape.
 */
export type OnMember = (keyFrom: number, keyTo: number, keyEscaped: boolean, value: JsonValue) => boolean

/** The index of the first byte that is not white space, or `end`. */
export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at
    at++
  }
  return end
}

/**
 * Walks the members of the object in `bytes[from, end)`.
 * @returns an error's text, or undefined; members before the error have been visited
 */
export function walkObject(
  bytes: Uint8Array,
  from: number,
  end: number,
  onMember: OnMember,
): string | undefined {
  const value: JsonValue = { type: 0, from: 0, to: 0, escaped: false, next: 0 }
  let at = skipSpace(bytes, from, end)
  if (at === end || bytes[at] !== OPEN_BRACE) return JSON_ERRORS.object
  at = skipSpace(bytes, at + 1, end)
  if (at === end) return JSON_ERRORS.malformed
  if (bytes[at] === CLOSE_BRACE) return undefined
  while (at < end) {
    if (bytes[at] === CLOSE_BRACE) return undefined
    if (bytes[at] !== QUOTE) return JSON_ERRORS.object
    const keyFrom = at + 1
    const keyTo = stringEnd(bytes, keyFrom, end)
    if (keyTo === -1) return JSON_ERRORS.malformed
    const keyEscaped = sawEscape
    at = skipSpace(bytes, keyTo + 1, end)
    if (at === end || bytes[at] !== COLON) return JSON_ERRORS.malformed
    const error = readValue(bytes, at + 1, end, value)
    if (error !== undefined) return error
    at = value.next
    if (onMember(keyFrom, keyTo, keyEscaped, value)) return undefined
    at = skipSpace(bytes, at, end)
    if (at === end) return JSON_ERRORS.array
    if (bytes[at] === CLOSE_BRACE) return undefined
    if (bytes[at] !== COMMA) return JSON_ERRORS.object
    at = skipSpace(bytes, at + 1, end)
    if (at === end) return JSON_ERRORS.array
  }
  return JSON_ERRORS.object
}

/** Reads the value that begins at or after `from` into `value`. Returns an error's text, or undefined. */
export function readValue(
  bytes: Uint8Array,
  from: number,
  end: number,
  value: JsonValue,
): string | undefined {
  const at = skipSpace(bytes, from, end)
  if (at === end) return JSON_ERRORS.malformed
  const first = bytes[at]
  if (first === QUOTE) {
    const to = stringEnd(bytes, at + 1, end)
    if (to === -1) return JSON_ERRORS.string
    value.type = JSON_STRING
    value.from = at + 1
    value.to = to
    value.escaped = sawEscape
    value.next = to + 1
    return undefined
  }
  if (first === OPEN_BRACE || first === OPEN_BRACKET) {
    const isObject = first === OPEN_BRACE
    const to = blockEnd(bytes, at, end, first, isObject ? CLOSE_BRACE : CLOSE_BRACKET)
    if (to === -1) return isObject ? JSON_ERRORS.object : JSON_ERRORS.array
    value.type = isObject ? JSON_OBJECT : JSON_ARRAY
    value.escaped = false
    value.from = at
    value.to = to
    value.next = to
    return undefined
  }
  const to = tokenEnd(bytes, at, end)
  const type = tokenType(bytes, at, to)
  if (type === 0) return JSON_ERRORS.unknown
  value.type = type
  value.escaped = false
  value.from = at
  value.to = to
  value.next = to
  return undefined
}

/**
 * Whether the string that {@link stringEnd} went over last held an escape: a second result, without an
 * object.
 */
let sawEscape = false

/** The index of the quote that ends the string whose inside begins at `at`, or -1. */
function stringEnd(bytes: Uint8Array, at: number, end: number): number {
  sawEscape = false
  for (; at < end; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) return at
    if (byte === BACKSLASH) {
      sawEscape = true
      at++
    }
  }
  return -1
}

/** One past the bracket that closes the one at `at`, or -1. Brackets inside strings do not count. */
function blockEnd(bytes: Uint8Array, at: number, end: number, open: number, close: number): number {
  let level = 0
  for (; at < end; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      at = stringEnd(bytes, at + 1, end)
      if (at === -1) return -1
    } else if (byte === open) level++
    else if (byte === close && --level === 0) return at + 1
  }
  return -1
}

function tokenEnd(bytes: Uint8Array, at: number, end: number): number {
  for (; at < end; at++) {
    const byte = bytes[at]
    if (byte <= 0x20 && (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)) return at
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET) return at
  }
  return end
}

const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
const NULL = Buffer.from('null')

function tokenType(bytes: Uint8Array, from: number, to: number): number {
  const first = bytes[from]
  if ((first >= 0x30 && first <= 0x39) || first === 0x2d) return JSON_NUMBER
  if (first === 0x74) return equals(bytes, from, to, TRUE) ? JSON_BOOLEAN : 0
  if (first === 0x66) return equals(bytes, from, to, FALSE) ? JSON_BOOLEAN : 0
  if (first === 0x6e) return equals(bytes, from, to, NULL) ? JSON_NULL : 0
  return 0
}

function equals(bytes: Uint8Array, from: number, to: number, word: Uint8Array): boolean {
  if (to - from !== word.length) return false
  for (let i = 0; i < word.length; i++) if (bytes[from + i] !== word[i]) return false
  return true
}

const ESCAPES: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/**
 * The value of the inside of a JSON string; `undefined` where an escape is none. Lone surrogates are refused.
 */
export function unescapeJson(inside: string): string | undefined {
  let out = ''
  let at = 0
  for (;;) {
    const slash = inside.indexOf('\\', at)
    if (slash === -1) return out + inside.slice(at)
    out += inside.slice(at, slash)
    const simple = ESCAPES[inside[slash + 1]]
    if (simple !== undefined) {
      out += simple
      at = slash + 2
      continue
    }
    const unicode = /^u([0-9a-fA-F]{4})(?:\\u([0-9a-fA-F]{4}))?/.exec(inside.slice(slash + 1, slash + 12))
    if (unicode === null) return undefined
    const high = Number.parseInt(unicode[1], 16)
    if (high < 0xd800 || high > 0xdfff) {
      out += String.fromCharCode(high)
      at = slash + 6
      continue
    }
    const low = unicode[2] === undefined ? 0 : Number.parseInt(unicode[2], 16)
    if (high > 0xdbff || low < 0xdc00 || low > 0xdfff) return undefined
    out += String.fromCharCode(high, low)
    at = slash + 12
  }
}
