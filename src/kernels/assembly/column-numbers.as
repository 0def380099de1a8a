import { beginOf, NUMBERS } from './columns'
import { isSame, SHAPE_ROWS } from './shapes'

// Columns of numbers as text; the twin is in src/store/columns/number-text.ts.

const MAX_DIGITS: i32 = 15
const MAX_FRACTION_DIGITS: i32 = 9
const MINUS: u8 = 0x2d
const POINT: u8 = 0x2e
const ZERO: u8 = 0x30

const NO_NUMBER: i32 = -1

/** Per value: digits of its fraction. */
const fractions: usize = memory.data(SHAPE_ROWS, 64)
const powers: usize = memory.data<f64>([1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9], 16)

/**
 * Parses values that have `before` bytes before and `behind` bytes behind their number in common with the
 * first. Gives the most digits of a fraction, plus 256 where fractions are trimmed; -1 where not all are
 * numbers that can be kept.
 */
export function parseNumbers(from: usize, to: usize, count: i32, before: i32, behind: i32): i32 {
  const first = beginOf(from, 0)
  const firstBehind = beginOf(to, 0) - behind
  let digits = 0
  let fewest = MAX_DIGITS
  let endsInZero = false
  for (let i = 0; i < count; i++) {
    const at = beginOf(from, i)
    const valueTo = beginOf(to, i)
    const end = valueTo - behind
    if (<i32>(valueTo - at) <= before + behind) return -1
    if (!isSame(first, at, before) || !isSame(firstBehind, end, behind)) return -1
    const fraction = parseNumber(at + before, end, NUMBERS + (<usize>i << 3))
    if (fraction == NO_NUMBER) return -1
    store<u8>(fractions + <usize>i, fraction)
    digits = max(digits, fraction)
    fewest = min(fewest, fraction)
    if (fraction > 0 && load<u8>(end - 1) == ZERO) endsInZero = true
  }
  if (fewest == digits) return digits
  if (endsInZero) return -1
  for (let i = 0; i < count; i++) {
    const place = NUMBERS + (<usize>i << 3)
    const power = load<f64>(powers + ((<usize>digits - <usize>load<u8>(fractions + <usize>i)) << 3))
    const scaled = load<f64>(place) * power
    if (abs(scaled) >= 1e15) return -1
    store<f64>(place, scaled)
  }
  return digits | 256
}

/** Reads `-?digits(.digits)?`, without its point to `place`; gives the digits behind the point. */
@inline
function parseNumber(at: usize, end: usize, place: usize): i32 {
  const isNegative = load<u8>(at) == MINUS
  if (isNegative) at++
  if (at >= end || <i32>(end - at) > MAX_DIGITS + 1) return NO_NUMBER
  if (load<u8>(at) == ZERO && at + 1 < end && load<u8>(at + 1) != POINT) return NO_NUMBER
  let value: i64 = 0
  let point: usize = 0
  for (let i = at; i < end; i++) {
    const digit = <u32>load<u8>(i) - <u32>ZERO
    if (digit <= 9) value = value * 10 + <i64>digit
    else if (load<u8>(i) == POINT && point == 0 && i > at && i + 1 < end) point = i
    else return NO_NUMBER
  }
  const fraction = point == 0 ? 0 : <i32>(end - point) - 1
  const digits = <i32>(end - at) - (point == 0 ? 0 : 1)
  if (digits > MAX_DIGITS || fraction > MAX_FRACTION_DIGITS || (isNegative && value == 0)) return NO_NUMBER
  store<f64>(place, <f64>(isNegative ? -value : value))
  return fraction
}
