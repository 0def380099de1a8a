import { INPUT, OFFSETS } from './memory'

// Substring search: the needle's two rarest bytes are looked for at their distance from each other, 64 starts
// per step, and only where both are found the whole needle is compared. "SIMD-friendly algorithms for
// substring searching", W. Muła, 2016, with bytes chosen by rarity instead of first and last.

/** Longest needle that fits in. */
export const NEEDLE_CAPACITY: i32 = 4096

/** The needle. Where letter case is ignored its letters are lower case. */
export const NEEDLE: usize = memory.data(4096 + 16, 16)

/**
 * Per byte of the needle what to or into the input before comparing: 0x20 for a letter whose case is ignored,
 * or 0.
 */
export const NEEDLE_FOLDS: usize = memory.data(4096 + 16, 16)

let needleBytes: i32 = 0
let rareA: usize = 0
let rareB: usize = 0

/** Says how long the needle is that was written to NEEDLE, and which two of its bytes to look for. */
export function setNeedle(length: i32, a: i32, b: i32): void {
  needleBytes = length
  rareA = a
  rareB = b
}

/** The first offset in [from, to) at which the whole needle lies before `to`; -1 for none. */
export function find(from: i32, to: i32): i32 {
  return search(from, to, 0)
}

/** Writes the first `capacity` such offsets, overlapping ones too, to OFFSETS. Gives their number. */
export function findAll(from: i32, to: i32, capacity: i32): i32 {
  return search(from, to, capacity)
}

@inline
function search(from: i32, to: i32, capacity: i32): i32 {
  let count = 0
  const none = capacity == 0 ? -1 : 0
  if (to - from < needleBytes) return none
  const last = INPUT + to - needleBytes
  const a = rareA
  const b = rareB
  const wantedA = i8x16.splat(load<i8>(NEEDLE + a))
  const wantedB = i8x16.splat(load<i8>(NEEDLE + b))
  const foldA = i8x16.splat(load<i8>(NEEDLE_FOLDS + a))
  const foldB = i8x16.splat(load<i8>(NEEDLE_FOLDS + b))
  for (let at = INPUT + from; at <= last; at += 64) {
    const m0 = candidates(at + a, at + b, foldA, foldB, wantedA, wantedB)
    const m1 = candidates(at + a + 16, at + b + 16, foldA, foldB, wantedA, wantedB)
    const m2 = candidates(at + a + 32, at + b + 32, foldA, foldB, wantedA, wantedB)
    const m3 = candidates(at + a + 48, at + b + 48, foldA, foldB, wantedA, wantedB)
    if (!v128.any_true(v128.or(v128.or(m0, m1), v128.or(m2, m3)))) continue
    let starts = bits(m0) | (bits(m1) << 16) | (bits(m2) << 32) | (bits(m3) << 48)
    for (; starts != 0; starts &= starts - 1) {
      const start = at + <usize>ctz(starts)
      if (start > last) return capacity == 0 ? -1 : count
      if (!isNeedle(start)) continue
      if (capacity == 0) return <i32>(start - INPUT)
      store<i32>(OFFSETS + (<usize>count << 2), <i32>(start - INPUT))
      if (++count == capacity) return count
    }
  }
  return capacity == 0 ? -1 : count
}

@inline
function candidates(atA: usize, atB: usize, foldA: v128, foldB: v128, wantedA: v128, wantedB: v128): v128 {
  return v128.and(
    i8x16.eq(v128.or(v128.load(atA), foldA), wantedA),
    i8x16.eq(v128.or(v128.load(atB), foldB), wantedB),
  )
}

@inline
function bits(mask: v128): u64 {
  return <u64>i8x16.bitmask(mask)
}

/**
 * Whether the needle lies at `start`. Folds of 0x20 are exact: two bytes become a lower-case letter, that
 * letter's cases.
 */
@inline
function isNeedle(start: usize): bool {
  const length = <usize>needleBytes
  let i: usize = 0
  for (; i + 16 <= length; i += 16) {
    const folded = v128.or(v128.load(start + i), v128.load(NEEDLE_FOLDS + i))
    if (!i8x16.all_true(i8x16.eq(folded, v128.load(NEEDLE + i)))) return false
  }
  const folded = v128.or(v128.load(start + i), v128.load(NEEDLE_FOLDS + i))
  const equal = i8x16.bitmask(i8x16.eq(folded, v128.load(NEEDLE + i)))
  const wanted = (1 << (<i32>length & 15)) - 1
  return (equal & wanted) == wanted
}
