import { buildGramFilter as gramFilterOf } from '#kernels/gram-filter.ts'
import { GRAM_BYTES, gramHash } from '#kernels/gram-hash.ts'
import type { LinePredicate } from '../types.ts'

// A Bloom filter with one hash over a quarter of the six-byte grams of a block, docs/formats/segment.md.

/** The filter of a block's lines; valid until the next call. Empty for lines too short to have grams. */
export function buildGramFilter(lines: Uint8Array): Uint8Array {
  return gramFilterOf(lines)
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
