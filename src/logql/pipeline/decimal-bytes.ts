const MINUS = 0x2d
const POINT = 0x2e
/** Digits that a double holds exactly, whatever they are. */
const MAX_DIGITS = 15

const POWERS = Float64Array.from({ length: MAX_DIGITS + 1 }, (_, i) => 10 ** i)

/**
 * The number that `bytes[from, to)` spells as plain decimal digits: `-12.5`. `undefined` for every other
 * form, which is not to say that it is no number. Rounded as a parser of texts rounds: both parts of the
 * division are exact.
 */
export function readDecimal(bytes: Uint8Array, from: number, to: number): number | undefined {
  const negative = bytes[from] === MINUS
  let at = negative ? from + 1 : from
  if (at === to || to - at > MAX_DIGITS + 1) return undefined
  let digits = 0
  let count = 0
  let pointAt = -1
  for (; at < to; at++) {
    const byte = bytes[at]
    if (byte === POINT && pointAt === -1 && count > 0) pointAt = at
    else if (byte >= 0x30 && byte <= 0x39) {
      digits = digits * 10 + byte - 0x30
      count++
    } else return undefined
  }
  if (count > MAX_DIGITS || pointAt === to - 1) return undefined
  const value = pointAt === -1 ? digits : digits / POWERS[to - 1 - pointAt]
  return negative ? -value : value
}
