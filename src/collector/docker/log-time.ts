/** What {@link parseLogTime} found. One object is reused for every line, so read it before the next call. */
export interface LogTime {
  tsMs: number
  tsNs: number
  /** Where the line itself starts: after the stamp and its space. */
  contentStart: number
}

/** The longest stamp: `2026-01-02T15:04:05.123456789+01:00` and its space. */
export const MAX_STAMP_BYTES = 36

const DAY_MS = 86_400_000
const POWERS = [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1000, 100, 10, 1]

/**
 * Reads the RFC 3339 stamp that the daemon puts in front of every line, straight from the bytes `start` …
 * `end`, into `out`. False when there is none; a stamp that ends the range without a space counts, with an
 * empty line behind it.
 */
export function parseLogTime(bytes: Uint8Array, start: number, end: number, out: LogTime): boolean {
  if (end - start < 20) return false
  const year = digits(bytes, start, 4)
  const month = digits(bytes, start + 5, 2)
  const day = digits(bytes, start + 8, 2)
  const hour = digits(bytes, start + 11, 2)
  const minute = digits(bytes, start + 14, 2)
  const second = digits(bytes, start + 17, 2)
  if (year < 0 || hour < 0 || minute < 0 || second < 0 || month < 1 || month > 12 || day < 1 || day > 31)
    return false
  if (bytes[start + 4] !== 0x2d || bytes[start + 7] !== 0x2d || bytes[start + 10] !== 0x54) return false
  if (bytes[start + 13] !== 0x3a || bytes[start + 16] !== 0x3a) return false
  let at = start + 19
  let nanoseconds = 0
  if (bytes[at] === 0x2e) {
    const from = ++at
    while (at < end && at - from < 9 && isDigit(bytes[at]))
      nanoseconds = nanoseconds * 10 + bytes[at++] - 0x30
    if (at === from) return false
    nanoseconds *= POWERS[at - from]
  }
  let offsetMinutes = 0
  if (bytes[at] === 0x5a) at++
  else {
    const offsetHours = at + 6 <= end ? digits(bytes, at + 1, 2) : -1
    const rest = offsetHours < 0 ? -1 : digits(bytes, at + 4, 2)
    if (rest < 0 || (bytes[at] !== 0x2b && bytes[at] !== 0x2d)) return false
    offsetMinutes = (bytes[at] === 0x2b ? 1 : -1) * (offsetHours * 60 + rest)
    at += 6
  }
  if (at < end && bytes[at] !== 0x20) return false
  const minutes = hour * 60 + minute - offsetMinutes
  out.tsMs = dayMs(year, month, day) + minutes * 60_000 + second * 1000 + Math.floor(nanoseconds / 1_000_000)
  out.tsNs = nanoseconds % 1_000_000
  out.contentStart = at < end ? at + 1 : at
  return true
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

/** A fixed number of decimal digits, or -1. */
function digits(bytes: Uint8Array, at: number, length: number): number {
  let value = 0
  for (let i = at; i < at + length; i++) {
    if (!isDigit(bytes[i])) return -1
    value = value * 10 + bytes[i] - 0x30
  }
  return value
}

let lastDay = -1
let lastDayMs = 0

/**
 * Milliseconds at the start of a day. Lines come from the same day nearly always, so one answer is
 * remembered.
 */
function dayMs(year: number, month: number, day: number): number {
  const key = (year * 16 + month) * 32 + day
  if (key !== lastDay) {
    lastDayMs = Math.floor(Date.UTC(year, month - 1, day) / DAY_MS) * DAY_MS
    lastDay = key
  }
  return lastDayMs
}
