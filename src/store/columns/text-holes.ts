import type { Hole } from './json-holes.ts'
import {
  BRACKET,
  END,
  isDelimiter,
  isDigit,
  PAIR,
  STAMP,
  STRING,
  TOKEN,
  valueEnd,
  WORD,
} from './value-kinds.ts'

const QUOTE = 0x22
const EQUALS = 0x3d
const OPEN_BRACKET = 0x5b
const MAX_KEY_BYTES = 48

/**
 * The next value of a line that is no JSON, where the text goes on at `from` behind a value of kind `before`.
 * @param words whether every word is a value
 */
export function nextTextHole(
  bytes: Uint8Array,
  from: number,
  end: number,
  before: number,
  words: boolean,
): Hole {
  // The value's own closing quote or bracket opens nothing.
  let at = from
  if ((before === STRING || before === BRACKET) && at < end) at++
  while (at < end) {
    const kind = opens(bytes, at, end, words)
    if (kind !== 0) {
      const holeAt = kind === STRING || kind === BRACKET ? at + 1 : at
      return { kind, at: holeAt, key: columnKey(bytes, from, holeAt, kind), place: undefined }
    }
    if (isDelimiter(bytes[at])) {
      at++
      continue
    }
    const wordAt = at
    while (at < end && !isDelimiter(bytes[at])) at++
    if (at < end && bytes[at] === EQUALS && isKey(bytes, wordAt, at)) {
      at++
      const kindAfter = opens(bytes, at, end, words) === STRING ? STRING : PAIR
      const holeAt = kindAfter === STRING ? at + 1 : at
      if (valueEnd(kindAfter, bytes, holeAt, end) !== -1) {
        return {
          kind: kindAfter,
          at: holeAt,
          key: columnKey(bytes, wordAt, holeAt, kindAfter),
          place: undefined,
        }
      }
    }
  }
  return { kind: END, at: end, key: '', place: undefined }
}

/** The kind of the value that begins at `at`, its opening mark included; 0 for none. */
function opens(bytes: Uint8Array, at: number, end: number, words: boolean): number {
  if (at >= end) return 0
  const byte = bytes[at]
  if (byte === QUOTE) return valueEnd(STRING, bytes, at + 1, end) === -1 ? 0 : STRING
  if (byte === OPEN_BRACKET) return valueEnd(BRACKET, bytes, at + 1, end) === -1 ? 0 : BRACKET
  if (isDelimiter(byte)) return 0
  if (isDigit(byte) && valueEnd(STAMP, bytes, at, end) !== -1) return STAMP
  if (valueEnd(TOKEN, bytes, at, end) !== -1) return TOKEN
  if (!words) return 0
  const to = valueEnd(WORD, bytes, at, end)
  return to < end && bytes[to] === EQUALS ? 0 : WORD
}

function isKey(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from > MAX_KEY_BYTES) return false
  const first = bytes[from] | 0x20
  return (first >= 0x61 && first <= 0x7a) || bytes[from] === 0x5f
}

/**
 * Values after the same word belong together, wherever they stand. Empty where no word comes before: then
 * the column is the node's own.
 */
function columnKey(bytes: Uint8Array, from: number, to: number, kind: number): string {
  let wordTo = to
  while (wordTo > from && !isLetter(bytes[wordTo - 1])) wordTo--
  if (wordTo === from) return ''
  let wordFrom = wordTo
  while (wordFrom > from && !isDelimiter(bytes[wordFrom - 1])) wordFrom--
  return `${kind} ${Buffer.from(bytes.subarray(wordFrom, to)).toString('latin1')}`
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || byte >= 0x80
}
