import { isSame, SHAPE_ROWS } from './shapes'

// Values of one column on their way into their encoding (docs/formats/columns.md): src/store/columns has the
// twins. `from` and `to` are the places of arrays with where in memory each value begins and ends, as offsets
// into the input.
import { INPUT } from './memory'

/** Room for a number per value: what a column is parsed to, and what integers are made of. */
export const NUMBERS: usize = memory.data(1 << 19, 64)
/** Room for the bytes of a column, however it is encoded. */
export const COLUMN_BYTES: usize = memory.data((1 << 20) + 64, 64)

/** Distinct values of a column: where they begin and end, and which value was the first of its kind. */
export const DISTINCT_FROM: usize = memory.data(1 << 17, 64)
export const DISTINCT_TO: usize = memory.data(1 << 17, 64)
export const DISTINCT_FIRST: usize = memory.data(1 << 17, 64)
/** By hash: the number of a distinct value, from 1. */
const table: usize = memory.data(SHAPE_ROWS << 2, 64)

const HASH_MULTIPLIER: u64 = 0x9e3779b97f4a7c15

@inline
export function beginOf(from: usize, i: i32): usize {
  return INPUT + <usize>load<u32>(from + (<usize>i << 2))
}

/** Whether all values are the same. */
export function allSame(from: usize, to: usize, count: i32): bool {
  const first = beginOf(from, 0)
  const length = beginOf(to, 0) - first
  for (let i = 1; i < count; i++) {
    const at = beginOf(from, i)
    if (beginOf(to, i) - at != length || !isSame(first, at, length)) return false
  }
  return true
}

@inline
function hashOf(at: usize, length: usize): u64 {
  let h = <u64>length * HASH_MULTIPLIER
  for (; length >= 8; length -= 8) {
    h = (h ^ load<u64>(at)) * HASH_MULTIPLIER
    h ^= h >> 32
    at += 8
  }
  if (length > 0) {
    h = (h ^ (load<u64>(at) & ((<u64>1 << (<u64>length << 3)) - 1))) * HASH_MULTIPLIER
    h ^= h >> 32
  }
  return h
}

/**
 * Numbers the distinct values and the values by them. Gives how many there are; -1 where they are more than
 * `limit`, or more than `sampleLimit` in the first `sample` values. `slots` is a power of two beyond `limit`.
 */
export function findDistinct(
  from: usize,
  to: usize,
  count: i32,
  limit: i32,
  slots: i32,
  sample: i32,
  sampleLimit: i32,
): i32 {
  memory.fill(table, 0, <usize>slots << 2)
  const mask = <u64>(slots - 1)
  let distinct = 0
  for (let i = 0; i < count; i++) {
    const at = beginOf(from, i)
    const length = beginOf(to, i) - at
    let slot = <usize>(hashOf(at, length) & mask)
    let known: i32
    for (;;) {
      known = load<i32>(table + (slot << 2))
      if (known == 0) break
      const first = beginOf(DISTINCT_FROM, known - 1)
      if (beginOf(DISTINCT_TO, known - 1) - first == length && isSame(first, at, length)) break
      slot = (slot + 1) & <usize>mask
    }
    if (known == 0) {
      if (distinct == limit || (i == sample && distinct > sampleLimit)) return -1
      const place = <usize>distinct << 2
      store<u32>(DISTINCT_FROM + place, <u32>(at - INPUT))
      store<u32>(DISTINCT_TO + place, <u32>(at + length - INPUT))
      store<u32>(DISTINCT_FIRST + place, i)
      known = ++distinct
      store<i32>(table + (slot << 2), known)
    }
    store<f64>(NUMBERS + (<usize>i << 3), <f64>(known - 1))
  }
  return distinct
}

let flags: i32 = 0

const HAS_OTHER: i32 = 1
const HAS_QUOTE: i32 = 2
const HAS_BACKSLASH: i32 = 4
const HAS_EQUALS: i32 = 8
const HAS_EMPTY: i32 = 16

/** Copies the values one after another, their lengths to the numbers. Gives the bytes of all. */
export function gatherText(from: usize, to: usize, count: i32): i32 {
  flags = 0
  let end = COLUMN_BYTES
  for (let i = 0; i < count; i++) {
    const at = beginOf(from, i)
    const length = beginOf(to, i) - at
    store<f64>(NUMBERS + (<usize>i << 3), <f64>length)
    if (length == 0) flags |= HAS_EMPTY
    for (let done: usize = 0; done < length; done += 16) v128.store(end + done, v128.load(at + done))
    end += length
  }
  findFlags(COLUMN_BYTES, end)
  return <i32>(end - COLUMN_BYTES)
}

/** What the values that were gathered have: the flags of a column. */
export function textFlags(): i32 {
  return flags
}

function findFlags(at: usize, end: usize): void {
  const first = i8x16.splat(0x20)
  const span = i8x16.splat(0x5e)
  const quote = i8x16.splat(0x22)
  const slash = i8x16.splat(0x5c)
  const equals = i8x16.splat(0x3d)
  // What is behind the end must set no flag.
  v128.store(end, first)
  let others = i8x16.splat(0)
  let quotes = others
  let slashes = others
  let equal = others
  for (; at < end; at += 16) {
    const bytes = v128.load(at)
    others = v128.or(others, i8x16.gt_u(i8x16.sub(bytes, first), span))
    quotes = v128.or(quotes, i8x16.eq(bytes, quote))
    slashes = v128.or(slashes, i8x16.eq(bytes, slash))
    equal = v128.or(equal, i8x16.eq(bytes, equals))
  }
  if (v128.any_true(others)) flags |= HAS_OTHER
  if (v128.any_true(quotes)) flags |= HAS_QUOTE
  if (v128.any_true(slashes)) flags |= HAS_BACKSLASH
  if (v128.any_true(equal)) flags |= HAS_EQUALS
}
