import { COLUMN_BYTES, NUMBERS } from './columns'

// Columns of integers: what src/store/columns/ints.ts writes.

/** Least and most of the numbers, and of the steps from each to the next. */
export const INT_RANGE: usize = memory.data(32, 16)
/** How often each byte is in the plane made last. */
export const BYTE_COUNTS: usize = memory.data(1 << 10, 64)

/** Finds the range of the first `count` numbers. */
export function findIntRange(count: i32): void {
  let least: f64 = Infinity
  let most: f64 = -Infinity
  let leastStep: f64 = Infinity
  let mostStep: f64 = -Infinity
  let before: f64 = 0
  for (let i = 0; i < count; i++) {
    const value = load<f64>(NUMBERS + (<usize>i << 3))
    if (value < least) least = value
    if (value > most) most = value
    if (i > 0) {
      const step = value - before
      if (step < leastStep) leastStep = step
      if (step > mostStep) mostStep = step
    }
    before = value
  }
  store<f64>(INT_RANGE, least)
  store<f64>(INT_RANGE, most, 8)
  store<f64>(INT_RANGE, leastStep, 16)
  store<f64>(INT_RANGE, mostStep, 24)
}

/** Puts what is left above `base` in the place of the numbers, or of their steps; integers, not doubles. */
export function takeOffsets(count: i32, base: f64, isDelta: bool): void {
  for (let i = count - 1; i >= 0; i--) {
    const place = NUMBERS + (<usize>i << 3)
    let value = load<f64>(place)
    if (isDelta) value = i == 0 ? base : value - load<f64>(place - 8)
    store<u64>(place, <u64>(value - base))
  }
}

/** Gathers byte number `plane` of the offsets, and counts the bytes. */
export function gatherPlane(count: i32, plane: i32): void {
  memory.fill(BYTE_COUNTS, 0, 1 << 10)
  const from = NUMBERS + <usize>plane
  for (let i: usize = 0; i < <usize>count; i++) {
    const byte = load<u8>(from + (i << 3))
    store<u8>(COLUMN_BYTES + i, byte)
    const place = BYTE_COUNTS + (<usize>byte << 2)
    store<u32>(place, load<u32>(place) + 1)
  }
}

/** Packs the plane to `width` bits per byte, below 8; gives the bytes it then has. */
export function packPlane(count: i32, width: i32): i32 {
  let held: u32 = 0
  let heldBits = 0
  let to = COLUMN_BYTES
  for (let i: usize = 0; i < <usize>count; i++) {
    held |= <u32>load<u8>(COLUMN_BYTES + i) << heldBits
    heldBits += width
    if (heldBits >= 8) {
      store<u8>(to++, held)
      held >>= 8
      heldBits -= 8
    }
  }
  if (heldBits > 0) store<u8>(to++, held)
  return <i32>(to - COLUMN_BYTES)
}

/** Counts the first `length` column bytes. */
export function countBytes(length: i32): void {
  memory.fill(BYTE_COUNTS, 0, 1 << 10)
  for (let at = COLUMN_BYTES; at < COLUMN_BYTES + <usize>length; at++) {
    const place = BYTE_COUNTS + (<usize>load<u8>(at) << 2)
    store<u32>(place, load<u32>(place) + 1)
  }
}
