import { ARRAY, BARE, END, REST, STRING, stringEnd, valueEnd } from './value-kinds.ts'

/** Where in a JSON object a walk stands: behind a value, or before the object when `stack` is empty. */
export interface JsonPlace {
  /** Keys of the objects around, outermost first: raw bytes as Latin-1, each followed by a zero byte. */
  readonly stack: readonly string[]
  /** Whether the value's closing quote is still to come. */
  readonly inString: boolean
}

/** Where the next value begins, what it is, and the place behind it. */
export interface Hole {
  readonly kind: number
  readonly at: number
  /** Names the value's column: for JSON the path of keys. */
  readonly key: string
  readonly place: JsonPlace | undefined
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const MAX_DEPTH = 16

/** The place before a line's object. */
export const JSON_START: JsonPlace = { stack: [], inString: false }

/**
 * The next value of a JSON object whose text goes on at `at`; of kind `REST` where it is not JSON any more.
 */
export function nextJsonHole(bytes: Uint8Array, from: number, end: number, place: JsonPlace): Hole {
  const rest: Hole = { kind: REST, at: from, key: '', place: undefined }
  const stack = [...place.stack]
  let at = place.inString ? from + 1 : from
  let afterValue = true
  if (stack.length === 0) {
    if (bytes[at] !== OPEN_BRACE) return rest
    stack.push('')
    at++
    afterValue = false
  }
  for (;;) {
    at = skipSpace(bytes, at, end)
    if (at === end) return rest
    if (bytes[at] === CLOSE_BRACE) {
      at++
      stack.pop()
      afterValue = true
      if (stack.length > 0) continue
      return skipSpace(bytes, at, end) === end ? { kind: END, at: end, key: '', place: undefined } : rest
    }
    if (afterValue) {
      if (bytes[at] !== COMMA) return rest
      at = skipSpace(bytes, at + 1, end)
    }
    const key = readKey(bytes, at, end)
    if (key === undefined) return rest
    at = key.next
    if (bytes[at] === OPEN_BRACE) {
      if (stack.length === MAX_DEPTH) return rest
      stack.push(`${stack[stack.length - 1]}${key.text}\0`)
      at++
      afterValue = false
      continue
    }
    const kind = bytes[at] === QUOTE ? STRING : bytes[at] === OPEN_BRACKET ? ARRAY : BARE
    if (kind === STRING) at++
    if (valueEnd(kind, bytes, at, end) === -1) return rest
    const behind = { stack, inString: kind === STRING }
    return { kind, at, key: `${stack[stack.length - 1]}${key.text}`, place: behind }
  }
}

/** The key at `at`, and where its value begins. */
function readKey(bytes: Uint8Array, at: number, end: number): { text: string; next: number } | undefined {
  if (at >= end || bytes[at] !== QUOTE) return undefined
  const to = stringEnd(bytes, at + 1, end)
  if (to === -1) return undefined
  // Control characters are no JSON, and set the parts of a column's key apart.
  for (let i = at + 1; i < to; i++) if (bytes[i] < 0x20) return undefined
  const text = Buffer.from(bytes.subarray(at + 1, to)).toString('latin1')
  const colon = skipSpace(bytes, to + 1, end)
  if (colon === end || bytes[colon] !== COLON) return undefined
  const next = skipSpace(bytes, colon + 1, end)
  return next === end ? undefined : { text, next }
}

function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  for (; at < end; at++) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) break
  }
  return at
}
