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

/** Level words as lower-case bytes, in lists by their first letter. */
type WordTable = readonly (readonly { readonly bytes: Uint8Array; readonly code: number }[])[]

function tableOf(words: readonly (readonly [string, number])[]): WordTable {
  const table: { bytes: Uint8Array; code: number }[][] = Array.from({ length: 256 }, () => [])
  for (const [word, code] of words) table[word.charCodeAt(0)].push({ bytes: Buffer.from(word), code })
  return table
}

const VALUE_WORDS = tableOf(WORDS)
// Order within a letter matters: of `warning` and `warn` the longer is tried first.
const TEXT_WORDS = tableOf([
  ['trace', TRACE],
  ['debug', DEBUG],
  ['fatal', FATAL],
  ['critical', CRITICAL],
  ['error', ERROR],
  ['err', ERROR],
  ['warning', WARN],
  ['warn', WARN],
  ['info', INFO],
])

/** The code of the level word that `bytes[from … to)` is, in any case; -1 where it is none. */
export function levelOfValue(bytes: Uint8Array, from: number, to: number): number {
  if (to === from) return -1
  for (const { bytes: word, code } of VALUE_WORDS[bytes[from] | 0x20]) {
    if (word.length === to - from && startsWith(bytes, from, word)) return code
  }
  return -1
}

function startsWith(bytes: Uint8Array, from: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if ((bytes[from + i] | 0x20) !== word[i]) return false
  return true
}

const LEFT = 1
const RIGHT = 2
const FIRST = 4

/** Per byte: may stand left of a level word, may stand right of one, begins one. */
const CLASS = new Uint8Array(256)
for (const char of ' \t\n[({"\'=|') CLASS[char.charCodeAt(0)] |= LEFT
for (const char of ' \t\n[](){}:,!"\'=|') CLASS[char.charCodeAt(0)] |= RIGHT
for (const char of 'tdfcewiTDFCEWI') CLASS[char.charCodeAt(0)] |= FIRST

/** The code of the earliest level word that stands by itself in the text; 0 where there is none. */
export function levelInText(bytes: Uint8Array, from: number, to: number): number {
  let boundary = true
  for (let at = from; at < to; at++) {
    const kind = CLASS[bytes[at]]
    if (boundary && (kind & FIRST) !== 0) {
      for (const { bytes: word, code } of TEXT_WORDS[bytes[at] | 0x20]) {
        const end = at + word.length
        if (end > to || !startsWith(bytes, at, word)) continue
        if (end === to || (CLASS[bytes[end]] & RIGHT) !== 0) return code
      }
    }
    boundary = (kind & LEFT) !== 0
  }
  return UNKNOWN
}
