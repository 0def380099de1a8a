import { GRAM_BYTES, gramHash } from './gram-hash.ts'

const MAX_BITS = 2 ** 18
const MIN_BITS = 64

/**
 * Filters are built one after another in the same memory; a constant of the module, so that its bounds are
 * known.
 */
const bits = new Int32Array(MAX_BITS / 32)

/** `buildGramFilter` in plain TypeScript: the same bits. */
export function buildGramFilterTwin(lines: Uint8Array): Uint8Array {
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
