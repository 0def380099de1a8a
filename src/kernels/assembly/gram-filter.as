import { INPUT } from './memory'

// The gram filter of docs/formats/segment.md, bit for bit what the twin in ../gram-filter-twin.ts makes. In
// two passes per stretch of input: hash the grams and pack the hashes of the quarter that is used, then set
// their bits. Nothing branches on the bytes, which would be mispredicted at every other gram.

const GRAM_BYTES: i32 = 6
const FILTER_BITS: u32 = 1 << 18
const FILTER_BYTES: i32 = 1 << 15
const MIN_FILTER_BYTES: i32 = 8

/** The filter being built. */
export const FILTER: usize = memory.data(1 << 15, 64)

/** Grams hashed before their bits are set: few enough that their hashes stay in the nearest cache. */
const STRETCH_GRAMS: i32 = 2048
const hashes: usize = memory.data(2048 * 4 + 32, 16)

/** Per set of used lanes, as a mask of four bits: the shuffle that moves them to the front. */
const packing: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0,
  8, 9, 10, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 2, 3, 8, 9, 10, 11, 0, 0, 0, 0, 0, 0, 0, 0,
  4, 5, 6, 7, 8, 9, 10, 11, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 0, 0, 0,
  12, 13, 14, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 2, 3, 12, 13, 14, 15, 0, 0, 0, 0, 0, 0, 0, 0,
  4, 5, 6, 7, 12, 13, 14, 15, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 0, 0, 0, 0,
  8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0, 0,
  4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0, 0,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
], 16)

/** Begins a filter with no bit set. */
export function beginFilter(): void {
  memory.fill(FILTER, 0, FILTER_BYTES)
}

/** Adds the grams that lie within the first `length` bytes of the input. */
export function addGrams(length: i32): void {
  const grams = length - GRAM_BYTES + 1
  for (let from = 0; from < grams; from += STRETCH_GRAMS) {
    const count = hashGrams(INPUT + from, min(STRETCH_GRAMS, grams - from))
    setBits(count)
  }
}

/**
 * The constants of the hash, once per lane. Loaded before a loop they stay in registers, which literals in it
 * would not.
 */
const constants: usize = memory.data<u32>([
  0xffff, 0xffff, 0xffff, 0xffff,
  0x9e3779b1, 0x9e3779b1, 0x9e3779b1, 0x9e3779b1,
  0x85ebca6b, 0x85ebca6b, 0x85ebca6b, 0x85ebca6b,
  3, 3, 3, 3,
], 16)

/** Packs the hashes of the used ones of `grams` grams from `start` into `hashes`; gives their number. */
function hashGrams(start: usize, grams: i32): i32 {
  const low16 = v128.load(constants)
  const mulY = v128.load(constants, 16)
  const mulX = v128.load(constants, 32)
  const three = v128.load(constants, 48)
  let to = hashes
  const end = start + (grams & ~15)
  let at = start
  for (; at < end; at += 16) {
    const h0 = hash(at, low16, mulY, mulX)
    const h1 = hash(at + 1, low16, mulY, mulX)
    const h2 = hash(at + 2, low16, mulY, mulX)
    const h3 = hash(at + 3, low16, mulY, mulX)
    to = packUsed(to, h0, three)
    to = packUsed(to, h1, three)
    to = packUsed(to, h2, three)
    to = packUsed(to, h3, three)
  }
  for (; at < start + grams; at++) {
    const h = i32x4.extract_lane(hash(at, low16, mulY, mulX), 0)
    store<u32>(to, h)
    to += <usize>((h & 3) == 0) << 2
  }
  return <i32>(to - hashes) >> 2
}

/**
 * The hashes of the grams that begin at `at`, 4, 8 and 12 bytes after it: loads at such distances need no
 * shuffling.
 */
@inline
function hash(at: usize, low16: v128, mulY: v128, mulX: v128): v128 {
  const y = v128.and(v128.load(at, 4), low16)
  const h = i32x4.mul(v128.xor(v128.load(at), i32x4.mul(y, mulY)), mulX)
  return v128.xor(h, i32x4.shr_u(h, 15))
}

/** Writes the hashes whose gram is used to `to`; gives where the next ones go. */
@inline
function packUsed(to: usize, h: v128, three: v128): usize {
  const used = i32x4.bitmask(i32x4.eq(v128.and(h, three), i32x4.splat(0)))
  v128.store(to, i8x16.swizzle(h, v128.load(packing + (<usize>used << 4))))
  return to + (<usize>popcnt(used) << 2)
}

function setBits(count: i32): void {
  const end = hashes + (<usize>count << 2)
  for (let at = hashes; at < end; at += 4) {
    const bit = (load<u32>(at) >>> 2) & (FILTER_BITS - 1)
    const word = FILTER + ((bit >>> 5) << 2)
    store<u32>(word, load<u32>(word) | (1 << (bit & 31)))
  }
}

/** Halves the filter while no more than half of what is left would be set; gives its size in bytes. */
export function endFilter(): i32 {
  let size = FILTER_BYTES
  for (let half = size >> 1; half >= MIN_FILTER_BYTES; half >>= 1) {
    if (countFolded(half) > half * 4) break
    for (let i = 0; i < half; i += 8) {
      store<u64>(FILTER + i, load<u64>(FILTER + i) | load<u64>(FILTER + half + i))
    }
    size = half
  }
  return size
}

/** Bits set in the first `half` bytes once the next `half` are folded onto them. */
function countFolded(half: i32): i32 {
  let count: u64 = 0
  for (let i = 0; i < half; i += 8) count += popcnt(load<u64>(FILTER + i) | load<u64>(FILTER + half + i))
  return <i32>count
}
