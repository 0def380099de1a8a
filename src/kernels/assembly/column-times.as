import { beginOf, NUMBERS } from './columns'
import { ROW_MS, ROW_NS } from './push-body'
import { isSame } from './shapes'

// Columns of times, as the distance to the time of the row; the twin is in src/store/columns/time-column.ts.
// The times of the rows are put where those of a push are while it is taken apart.

const ISO: i32 = 1
const ZERO: u8 = 0x30
const COLON: u8 = 0x3a
const DASH: u8 = 0x2d
const SLASH: u8 = 0x2f
/** What is no number: too large for anything. */
const NO_NUMBER: i32 = 1_000_000

const powers: usize = memory.data<f64>([1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9], 16)
/** `Jan` to `Dec`, as little-endian numbers. */
const months: usize = memory.data<u32>([
  0x6e614a, 0x626546, 0x72614d, 0x727041, 0x79614d, 0x6e754a,
  0x6c754a, 0x677541, 0x706553, 0x74634f, 0x766f4e, 0x636544,
], 16)
const monthDays: usize = memory.data<u8>([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], 16)

/** Seconds of the date read last. */
let dateSeconds: i64 = 0

/**
 * Puts the distances of the times to those of their rows in the place of the numbers, in units of 10^−digits
 * seconds. `rows`: the place of the values' rows. All values must have the form of the first one. Whether that
 * is so, and all are close enough.
 */
export function parseTimes(
  from: usize,
  to: usize,
  rows: usize,
  count: i32,
  layout: i32,
  separator: i32,
  mark: i32,
  digits: i32,
): bool {
  const dateBytes: usize = layout == ISO ? 10 : 11
  const first = beginOf(from, 0)
  const length = beginOf(to, 0) - first
  const behind = dateBytes + 9 + (digits > 0 ? <usize>digits + 1 : 0)
  let date: usize = 0
  for (let i = 0; i < count; i++) {
    const at = beginOf(from, i)
    if (beginOf(to, i) - at != length) return false
    if (date == 0 || !isSame(date, at, dateBytes)) {
      if (!readDate(at, layout)) return false
      date = at
    }
    const inDay = timeOfDay(at + dateBytes, <u8>separator)
    if (inDay < 0) return false
    const fraction = digits == 0 ? 0 : fractionAt(at + dateBytes + 9, <u8>mark, digits)
    if (fraction < 0 || !isSame(first + behind, at + behind, length - behind)) return false
    const row = <usize>load<u32>(rows + (<usize>i << 2))
    const rowMs = load<f64>(ROW_MS + (row << 3))
    const rowSeconds = Math.floor(rowMs / 1000)
    const seconds = <f64>(dateSeconds + <i64>inDay)
    const ofRow = rowFraction(rowMs - rowSeconds * 1000, load<u32>(ROW_NS + (row << 2)), digits)
    const distance = (seconds - rowSeconds) * power(digits) + <f64>fraction - ofRow
    if (Math.abs(distance) > 2_251_799_813_685_248) return false
    store<f64>(NUMBERS + (<usize>i << 3), distance)
  }
  return true
}

@inline
function power(exponent: i32): f64 {
  return load<f64>(powers + (<usize>exponent << 3))
}

/** The part of the row's time below a second, in units of 10^−digits seconds, cut. */
@inline
function rowFraction(ms: f64, ns: u32, digits: i32): f64 {
  if (digits == 3) return ms
  if (digits < 3) return Math.floor(ms / power(3 - digits))
  return ms * power(digits - 3) + Math.floor(<f64>ns / power(9 - digits))
}

@inline
function twoDigits(at: usize): i32 {
  const tens = <u32>load<u8>(at) - <u32>ZERO
  const ones = <u32>load<u8>(at, 1) - <u32>ZERO
  return tens <= 9 && ones <= 9 ? <i32>(tens * 10 + ones) : NO_NUMBER
}

/** Seconds of `separator`hh:mm:ss; -1 for anything else. */
@inline
function timeOfDay(at: usize, separator: u8): i32 {
  if (load<u8>(at) != separator || load<u8>(at, 3) != COLON || load<u8>(at, 6) != COLON) return -1
  const hour = twoDigits(at + 1)
  const minute = twoDigits(at + 4)
  const second = twoDigits(at + 7)
  return hour > 23 || minute > 59 || second > 59 ? -1 : hour * 3600 + minute * 60 + second
}

/** The digits behind the mark; -1 for anything else. */
@inline
function fractionAt(at: usize, mark: u8, digits: i32): i32 {
  if (load<u8>(at) != mark) return -1
  let fraction = 0
  for (let i = 1; i <= digits; i++) {
    const digit = <u32>load<u8>(at + i) - <u32>ZERO
    if (digit > 9) return -1
    fraction = fraction * 10 + <i32>digit
  }
  return fraction
}

/** Reads the date at `at`, from 1970 on; false where it is none. */
function readDate(at: usize, layout: i32): bool {
  const iso = layout == ISO
  const yearAt = iso ? at : at + 7
  const year = twoDigits(yearAt) * 100 + twoDigits(yearAt + 2)
  const month = iso ? twoDigits(at + 5) : monthNumber(at + 3)
  const day = twoDigits(iso ? at + 8 : at)
  const marked = iso
    ? load<u8>(at, 4) == DASH && load<u8>(at, 7) == DASH
    : load<u8>(at, 2) == SLASH && load<u8>(at, 6) == SLASH
  if (!marked || year < 1970 || year > 9999 || month < 1 || month > 12) return false
  const isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  if (day < 1 || day > <i32>load<u8>(monthDays + <usize>(month - 1)) + (month == 2 && isLeap ? 1 : 0)) return false
  // Years begin in March: what a leap day adds is then at the end.
  const y = month > 2 ? year : year - 1
  const m = month > 2 ? month - 3 : month + 9
  const days = y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 719_469
  dateSeconds = <i64>days * 86_400
  return true
}

function monthNumber(at: usize): i32 {
  const name = load<u32>(at) & 0xff_ffff
  for (let month = 0; month < 12; month++) {
    if (load<u32>(months + (<usize>month << 2)) == name) return month + 1
  }
  return 0
}
