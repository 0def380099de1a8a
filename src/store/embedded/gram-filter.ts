import type { LinePredicate } from '../types.ts'

// A Bloom filter with one hash over a quarter of the six-byte grams of a block, docs/formats/segment.md.

const GRAM_BYTES = 6
const MAX_BITS = 2 ** 18
const MIN_BITS = 64

/** The format's multipliers as signed integers: beyond 31 bits V8 would multiply in floating point. */
const MUL_Y = 0x9e3779b1 | 0
const MUL_X = 0x85ebca6b | 0

function gramHash(x: number, y: number): number {
  const h = Math.imul(x ^ Math.imul(y, MUL_Y), MUL_X) | 0
  return h ^ (h >>> 15)
}

/** Filters are built one after another in the same memory; a constant of the module, so that its bounds are known. */
const bits = new Int32Array(MAX_BITS / 32)

/** The filter of a block's lines; valid until the next call. Empty for lines too short to have grams. */
export function buildGramFilter(lines: Uint8Array): Uint8Array {
  if (lines.length < GRAM_BYTES) return new Uint8Array(0)
  bits.fill(0)
  const end = lines.length
  let x = (lines[0] << 8) | (lines[1] << 16) | (lines[2] << 24)
  let y = lines[3] | (lines[4] << 8)
  for (let i = GRAM_BYTES - 1; i < end; i++) {
    x = (x >>> 8) | (y << 24)
    y = (y >>> 8) | (lines[i] << 8)
    const h = gramHash(x, y)
    const bit = (h >>> 2) & (MAX_BITS - 1)
    // 1 for the quarter that is used, else 0: a branch would be mispredicted at every other byte.
    const used = ((h & 3) - 1) >>> 31
    bits[bit >> 5] |= used << (bit & 31)
  }
  return foldBits()
}

/** Halves the filter while no more than half of what is left would be set. */
function foldBits(): Uint8Array {
  let words = bits.length
  for (let half = words / 2; half * 32 >= MIN_BITS; half /= 2) {
    if (countFolded(half) > half * 16) break
    for (let i = 0; i < half; i++) bits[i] |= bits[half + i]
    words = half
  }
  return new Uint8Array(bits.buffer, 0, words * 4)
}

/** Bits set in the first `half` words once the next `half` are folded onto them. */
function countFolded(half: number): number {
  let count = 0
  for (let i = 0; i < half; i++) {
    let v = bits[i] | bits[half + i]
    v -= (v >>> 1) & 0x55555555
    v = (v & 0x33333333) + ((v >>> 2) & 0x33333333)
    count += Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
  }
  return count
}

/** For each needle of a predicate the hashes that the filter of a block with it holds. */
export type NeedleHashes = readonly Uint32Array[]

/** The hashes to look for; undefined where filters say nothing about a predicate. */
export function predicateHashes(predicate: LinePredicate): NeedleHashes | undefined {
  if (predicate.kind === 'lacks') return undefined
  const hashes = predicate.needles.map(needleHashes)
  return hashes.every((each) => each.length > 0) ? hashes : undefined
}

function needleHashes(needle: Uint8Array): Uint32Array {
  const hashes = new Set<number>()
  for (let i = 0; i + GRAM_BYTES <= needle.length; i++) {
    const x = needle[i] | (needle[i + 1] << 8) | (needle[i + 2] << 16) | (needle[i + 3] << 24)
    const h = gramHash(x, needle[i + 4] | (needle[i + 5] << 8))
    if ((h & 3) === 0) hashes.add(h >>> 2)
  }
  return Uint32Array.from(hashes)
}

/** Whether the lines of the block with this filter may hold one of the needles. */
export function mayHold(filter: Uint8Array, needles: NeedleHashes): boolean {
  const mask = filter.length * 8 - 1
  return needles.some((hashes) => hashes.every((h) => ((filter[(h & mask) >>> 3] >>> (h & 7)) & 1) === 1))
}
