/** Times as texts, second by second: `YYYY-MM-DD hh:mm:ss` and `DD/Mon/YYYY:hh:mm:ss`, read as UTC. */

/** ISO 8601 with any byte between date and time of day. */
export const ISO_LAYOUT = 1
/** The common log format of web servers. */
export const CLF_LAYOUT = 2

/** Bytes of the text without fraction, by layout. */
export const LAYOUT_BYTES = [0, 19, 20] as const

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const
const ZERO = 0x30

/** The layout that a text of these bytes may have; 0 for none. */
export function layoutOf(bytes: Uint8Array, at: number, end: number): 0 | 1 | 2 {
  if (end - at >= 19 && bytes[at + 4] === 0x2d && bytes[at + 13] === 0x3a) return ISO_LAYOUT
  if (end - at >= 20 && bytes[at + 2] === 0x2f && bytes[at + 11] === 0x3a) return CLF_LAYOUT
  return 0
}

/**
 * Parses and formats times of one layout; remembers the last day, which is mostly that of the next text too.
 */
export class TimeText {
  readonly #layout: number
  readonly #separator: number
  readonly #dateBytes: number
  readonly #date: Uint8Array
  #dateSeconds = -1

  constructor(layout: number, separator: number) {
    this.#layout = layout
    this.#separator = separator
    this.#dateBytes = layout === ISO_LAYOUT ? 10 : 11
    this.#date = new Uint8Array(this.#dateBytes)
  }

  /** Seconds since the epoch of the text at `at`; −1 where formatting them would not give the text back. */
  parse(bytes: Uint8Array, at: number): number {
    const date = this.#date
    let isSame = this.#dateSeconds >= 0
    for (let i = 0; isSame && i < date.length; i++) isSame = bytes[at + i] === date[i]
    if (!isSame && !this.#parseDate(bytes, at)) return -1
    at += date.length
    if (bytes[at] !== this.#separator || bytes[at + 3] !== 0x3a || bytes[at + 6] !== 0x3a) return -1
    const hour = twoDigits(bytes, at + 1)
    const minute = twoDigits(bytes, at + 4)
    const second = twoDigits(bytes, at + 7)
    if (hour > 23 || minute > 59 || second > 59) return -1
    return this.#dateSeconds + hour * 3600 + minute * 60 + second
  }

  /** Writes seconds since the epoch at `at`; returns where the text ends. */
  write(to: Uint8Array, at: number, seconds: number): number {
    const inDay = seconds - this.#dateSeconds
    if (this.#dateSeconds < 0 || inDay < 0 || inDay >= 86_400) this.#formatDate(seconds)
    const date = this.#date
    for (let i = 0; i < this.#dateBytes; i++) to[at++] = date[i]
    const rest = seconds - this.#dateSeconds
    const hour = Math.floor(rest / 3600)
    const minute = Math.floor(rest / 60) % 60
    to[at] = this.#separator
    writeTwoDigits(to, at + 1, hour)
    to[at + 3] = 0x3a
    writeTwoDigits(to, at + 4, minute)
    to[at + 6] = 0x3a
    writeTwoDigits(to, at + 7, rest % 60)
    return at + 9
  }

  #parseDate(bytes: Uint8Array, at: number): boolean {
    this.#dateSeconds = -1
    const isIso = this.#layout === ISO_LAYOUT
    const yearAt = isIso ? at : at + 7
    const year = twoDigits(bytes, yearAt) * 100 + twoDigits(bytes, yearAt + 2)
    const month = isIso ? twoDigits(bytes, at + 5) : monthNumber(bytes, at + 3)
    const day = twoDigits(bytes, isIso ? at + 8 : at)
    const mark = isIso ? 0x2d : 0x2f
    const marksAreRight = isIso
      ? bytes[at + 4] === mark && bytes[at + 7] === mark
      : bytes[at + 2] === mark && bytes[at + 6] === mark
    if (!marksAreRight || year < 1970 || year > 9999 || month < 1 || month > 12) return false
    const isLeap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
    if (day < 1 || day > MONTH_DAYS[month - 1] + (isLeap ? 1 : 0)) return false
    this.#date.set(bytes.subarray(at, at + this.#dateBytes))
    this.#dateSeconds = Date.UTC(year, month - 1, day) / 1000
    return true
  }

  #formatDate(seconds: number): void {
    const iso = new Date(seconds * 1000).toISOString()
    const month = Number(iso.slice(5, 7)) - 1
    const clf = `${iso.slice(8, 10)}/${MONTHS.slice(month * 3, month * 3 + 3)}/${iso.slice(0, 4)}`
    this.#date.set(Buffer.from(this.#layout === ISO_LAYOUT ? iso.slice(0, 10) : clf))
    this.#dateSeconds = Math.floor(seconds / 86_400) * 86_400
  }
}

/** The number of two digits, or one that is too large for anything where they are none. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - ZERO
  const ones = bytes[at + 1] - ZERO
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 1e6
}

function writeTwoDigits(to: Uint8Array, at: number, value: number): void {
  const tens = Math.floor(value / 10)
  to[at] = ZERO + tens
  to[at + 1] = ZERO + value - tens * 10
}

function monthNumber(bytes: Uint8Array, at: number): number {
  const name = String.fromCharCode(bytes[at], bytes[at + 1], bytes[at + 2])
  const place = MONTHS.indexOf(name)
  return place >= 0 && place % 3 === 0 ? place / 3 + 1 : 0
}
