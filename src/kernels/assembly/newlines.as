import { INPUT, OFFSETS } from './memory'

/**
 * Writes the offsets of the first `capacity` newlines in [from, to) to OFFSETS, counted from `base` bytes
 * before the input. Gives their number.
 */
export function findNewlines(from: i32, to: i32, base: i32, capacity: i32): i32 {
  const origin = INPUT - base
  const newline = i8x16.splat(10)
  const end = INPUT + to
  let count = 0
  for (let at = INPUT + from; at < end; at += 64) {
    const m0 = i8x16.eq(v128.load(at), newline)
    const m1 = i8x16.eq(v128.load(at + 16), newline)
    const m2 = i8x16.eq(v128.load(at + 32), newline)
    const m3 = i8x16.eq(v128.load(at + 48), newline)
    if (!v128.any_true(v128.or(v128.or(m0, m1), v128.or(m2, m3)))) continue
    let found = bits(m0) | (bits(m1) << 16) | (bits(m2) << 32) | (bits(m3) << 48)
    for (; found != 0; found &= found - 1) {
      const place = at + <usize>ctz(found)
      if (place >= end) return count
      store<i32>(OFFSETS + (<usize>count << 2), <i32>(place - origin))
      if (++count == capacity) return count
    }
  }
  return count
}

@inline
function bits(mask: v128): u64 {
  return <u64>i8x16.bitmask(mask)
}
