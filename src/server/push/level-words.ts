/** Levels by code; code 0 is what a row gets that says nothing. */
export const LEVELS = ['unknown', 'trace', 'debug', 'info', 'warn', 'error', 'critical', 'fatal'] as const

const UNKNOWN = 0
const TRACE = 1
const DEBUG = 2
const INFO = 3
const WARN = 4
const ERROR = 5
const CRITICAL = 6
const FATAL = 7

const WORDS: readonly (readonly [word: string, code: number])[] = [
  ['trace', TRACE],
  ['trc', TRACE],
  ['debug', DEBUG],
  ['dbg', DEBUG],
  ['info', INFO],
  ['inf', INFO],
  ['information', INFO],
  ['warn', WARN],
  ['wrn', WARN],
  ['warning', WARN],
  ['error', ERROR],
  ['err', ERROR],
  ['critical', CRITICAL],
  ['fatal', FATAL],
]

const CODE_OF = new Map(WORDS)

/** The code of a level word in any case, or -1 for any other text. */
export function levelCode(word: string): number {
  return CODE_OF.get(word.toLowerCase()) ?? -1
}

/** OTLP severity numbers: 1–4 trace, 5–8 debug, …; anything that is not an integer counts as info. */
export function severityCode(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) return INFO
  const number = Number(text)
  if (number < 1 || number > 24) return UNKNOWN
  return [TRACE, DEBUG, INFO, WARN, ERROR, FATAL][Math.floor((number - 1) / 4)]
}

/** A word as lower-case bytes, with its code. */
interface Word {
  readonly bytes: Uint8Array
  readonly code: number
}

const VALUE_WORDS: readonly Word[] = WORDS.map(([word, code]) => ({ bytes: Buffer.from(word), code }))

/** Words looked for in text. Of two that begin alike the longer comes first. */
const TEXT_WORDS: readonly Word[] = VALUE_WORDS.filter(
  ({ bytes }) => !['trc', 'dbg', 'inf', 'wrn', 'information'].includes(bytes.toString()),
).sort((a, b) => b.bytes.length - a.bytes.length)

/** The code of the level word that `bytes[from … to)` is, in any case; -1 where it is none. */
export function levelOfValue(bytes: Uint8Array, from: number, to: number): number {
  for (let i = 0; i < VALUE_WORDS.length; i++) {
    const word = VALUE_WORDS[i]
    if (word.bytes.length === to - from && startsWith(bytes, from, word.bytes)) return word.code
  }
  return -1
}

function startsWith(bytes: Uint8Array, from: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if ((bytes[from + i] | 0x20) !== word[i]) return false
  return true
}

const LEFT = 1
const RIGHT = 2

/** Per byte: 1 where it may stand left of a level word, 2 where it may stand right of one. */
export const SIDE: Uint8Array = new Uint8Array(256)
for (const char of ' \t\n[({"\'=|') SIDE[char.charCodeAt(0)] |= LEFT
for (const char of ' \t\n[](){}:,!"\'=|') SIDE[char.charCodeAt(0)] |= RIGHT

/** Mark of {@link wordPairs}: letters one and two of a level word. */
export const WORD_HEAD = 1
/** Mark of {@link wordPairs}: letters two and three of a level word. */
export const WORD_NECK = 2

/**
 * Marks per pair of bytes. Every word has three letters, so looking at every other pair of a text finds all
 * words, and
 * most pairs carry no mark. A fresh table: callers add marks of their own.
 */
export function wordPairs(): Uint8Array {
  const pairs = new Uint8Array(65_536)
  for (const { bytes } of TEXT_WORDS) {
    markPair(pairs, bytes[0], bytes[1], WORD_HEAD)
    markPair(pairs, bytes[1], bytes[2], WORD_NECK)
  }
  return pairs
}

/** Adds a mark to a pair of bytes, letters in either case. */
export function markPair(pairs: Uint8Array, first: number, second: number, mark: number): void {
  for (const a of bothCases(first)) for (const b of bothCases(second)) pairs[(a << 8) | b] |= mark
}

function bothCases(byte: number): number[] {
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x7a ? [lower, lower - 0x20] : [byte]
}

const PAIRS = wordPairs()

/** The code of the earliest level word that stands by itself in the text; 0 where there is none. */
export function levelInText(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to - 1; at += 2) {
    const mark = PAIRS[(bytes[at] << 8) | bytes[at + 1]]
    if (mark === 0) continue
    const code = wordNear(bytes, at, from, to, mark)
    if (code > 0) return code
  }
  return UNKNOWN
}

/**
 * The code of a level word that stands by itself at a marked pair: begins at it, or one byte before. 0 for
 * none.
 */
export function wordNear(bytes: Uint8Array, at: number, from: number, to: number, mark: number): number {
  if ((mark & WORD_NECK) !== 0 && at > from) {
    const code = wordAt(bytes, at - 1, from, to)
    if (code > 0) return code
  }
  return (mark & WORD_HEAD) !== 0 ? wordAt(bytes, at, from, to) : 0
}

/** The code of the level word that begins at `at` and stands by itself, or 0. */
function wordAt(bytes: Uint8Array, at: number, from: number, to: number): number {
  if (at > from && (SIDE[bytes[at - 1]] & LEFT) === 0) return 0
  for (let i = 0; i < TEXT_WORDS.length; i++) {
    const word = TEXT_WORDS[i]
    const end = at + word.bytes.length
    if (end > to || !startsWith(bytes, at, word.bytes)) continue
    if (end === to || (SIDE[bytes[end]] & RIGHT) !== 0) return word.code
  }
  return 0
}
