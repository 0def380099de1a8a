// What a hole of a shape holds, docs/formats/columns.md. Numbers, because they are compared per value and
// stored.

/** The line ends after the constant. */
export const END = 1
/** Everything up to the end of the line. */
export const REST = 2
/** The inside of a quoted string. */
export const STRING = 3
/** A JSON number, `true`, `false` or `null`. */
export const BARE = 4
/** A JSON array with its brackets. */
export const ARRAY = 5
/** A word with a digit in it. */
export const TOKEN = 6
/** Any word. */
export const WORD = 7
/** The inside of `[…]`. */
export const BRACKET = 8
/** What follows `key=`, unquoted. */
export const PAIR = 9
/** Date and time of day. */
export const STAMP = 10

const DELIMITER = 1
const JSON_STOP = 2
const DIGIT = 4
/** Per byte: 1 delimiter, 2 end of a bare JSON value, 4 digit. */
export const CLASS: Uint8Array = new Uint8Array(256)
for (let byte = 0; byte <= 0x20; byte++) CLASS[byte] = DELIMITER | JSON_STOP
for (const byte of Buffer.from(`"'(),;<=>[]{|}`)) CLASS[byte] |= DELIMITER
for (const byte of Buffer.from(',:[]{}"')) CLASS[byte] |= JSON_STOP
for (let byte = 0x30; byte <= 0x39; byte++) CLASS[byte] |= DIGIT

const QUOTE = 0x22
const EQUALS = 0x3d
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** Whether words end before this byte. */
export function isDelimiter(byte: number): boolean {
  return (CLASS[byte] & DELIMITER) !== 0
}

/** Whether bare JSON values end before this byte. */
export function isJsonStop(byte: number): boolean {
  return (CLASS[byte] & JSON_STOP) !== 0
}

/** Whether the byte is `0` … `9`. */
export function isDigit(byte: number): boolean {
  return (CLASS[byte] & DIGIT) !== 0
}

/** Where a value of this kind that begins at `at` ends, at most `end`; −1 where there is none. */
export function valueEnd(kind: number, bytes: Uint8Array, at: number, end: number): number {
  switch (kind) {
    case STRING:
      return stringEnd(bytes, at, end)
    case BARE: {
      const from = at
      while (at < end && (CLASS[bytes[at]] & JSON_STOP) === 0) at++
      return at === from ? -1 : at
    }
    case TOKEN:
      return tokenEnd(bytes, at, end)
    case PAIR:
      return pairEnd(bytes, at, end)
    case STAMP:
      return stampEnd(bytes, at, end)
    case BRACKET:
      while (at < end && bytes[at] !== CLOSE_BRACKET) at++
      return at === end ? -1 : at
    case WORD: {
      const from = at
      while (at < end && (CLASS[bytes[at]] & DELIMITER) === 0) at++
      return at === from ? -1 : at
    }
    case ARRAY:
      return arrayEnd(bytes, at, end)
    case END:
      return at === end ? end : -1
    default:
      return end
  }
}

/** The index of the quote that ends the string whose inside begins at `at`, or −1. */
export function stringEnd(bytes: Uint8Array, at: number, end: number): number {
  for (; at < end; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) return at
    if (byte === BACKSLASH) at++
  }
  return -1
}

function tokenEnd(bytes: Uint8Array, at: number, end: number): number {
  let seen = 0
  for (; at < end; at++) {
    const byteClass = CLASS[bytes[at]]
    if ((byteClass & DELIMITER) !== 0) break
    seen |= byteClass
  }
  // A word before `=` is a key, whatever it holds.
  return (seen & DIGIT) === 0 || (at < end && bytes[at] === EQUALS) ? -1 : at
}

function pairEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at < end && bytes[at] === QUOTE) return -1
  while (at < end && bytes[at] > 0x20) at++
  return at
}

function arrayEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end || bytes[at] !== OPEN_BRACKET) return -1
  let depth = 0
  for (; at < end; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      at = stringEnd(bytes, at + 1, end)
      if (at === -1) return -1
    } else if (byte === OPEN_BRACKET) depth++
    else if (byte === CLOSE_BRACKET && --depth === 0) return at + 1
  }
  return -1
}

/**
 * `dddd-dd-dd`, space or T, `dd:dd:dd`, then fraction and zone where they follow; −1 where that is not here.
 */
function stampEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at + 19 > end) return -1
  for (let i = 0; i < 19; i++) {
    const byte = bytes[at + i]
    const isRight =
      i === 4 || i === 7
        ? byte === 0x2d
        : i === 10
          ? byte === 0x20 || byte === 0x54
          : i === 13 || i === 16
            ? byte === 0x3a
            : isDigit(byte)
    if (!isRight) return -1
  }
  at += 19
  if (at + 1 < end && (bytes[at] === 0x2e || bytes[at] === 0x2c) && isDigit(bytes[at + 1])) {
    at++
    while (at < end && isDigit(bytes[at])) at++
  }
  if (at < end && bytes[at] === 0x5a) return at + 1
  if (at + 1 < end && (bytes[at] === 0x2b || bytes[at] === 0x2d) && isDigit(bytes[at + 1])) {
    at++
    while (at < end && (isDigit(bytes[at]) || bytes[at] === 0x3a)) at++
  }
  return at
}
