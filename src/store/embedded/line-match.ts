import { Haystack } from '#kernels/haystack.ts'
import { makeNeedle, type Needle } from '#kernels/needle.ts'
import type { LinePredicate, Lines } from '../types.ts'

/** The positions whose lines meet every predicate, in the order given. */
export function matchLines(
  lines: Lines,
  positions: Uint32Array,
  predicates: readonly LinePredicate[],
): Uint32Array {
  const haystack = lastBlock?.bytes === lines.bytes ? lastBlock : new Haystack(lines.bytes)
  let kept = positions
  let groups = neighbours(lines, positions)
  for (const predicate of predicates) {
    if (kept.length === 0) return kept
    const wanted = predicate.kind === 'contains' ? 1 : 0
    const found = new Uint8Array(kept.length)
    for (const needle of predicate.needles)
      findNeedle(haystack, lines, kept, groups, preparedNeedle(needle), found)
    const matching = kept.filter((_, i) => found[i] === wanted)
    if (matching.length < kept.length) groups = neighbours(lines, matching)
    kept = matching
  }
  return kept
}

/**
 * The bytes that were last looked at by {@link mayContain}: what is kept of them is searched again by
 * {@link matchLines}, without being copied again.
 */
let lastBlock: Haystack | undefined

/**
 * Whether any needle occurs in the bytes of a block at all; exact enough to leave the block out. The bytes
 * must never change, since they may be kept.
 */
export function mayContain(bytes: Uint8Array, predicate: LinePredicate): boolean {
  if (predicate.kind === 'lacks') return true
  if (lastBlock?.bytes !== bytes) lastBlock = new Haystack(bytes)
  const haystack = lastBlock
  return predicate.needles.some((needle) => haystack.find(preparedNeedle(needle)) >= 0)
}

const prepared = new WeakMap<Uint8Array, Needle>()

/** The needle, made ready once: a scan has few needles and many blocks. */
export function preparedNeedle(bytes: Uint8Array): Needle {
  let needle = prepared.get(bytes)
  if (needle === undefined) prepared.set(bytes, (needle = makeNeedle(bytes)))
  return needle
}

/**
 * Where runs of positions begin whose lines follow one another in the bytes, so that one search covers a run.
 */
function neighbours({ lineFrom, lineTo }: Lines, positions: Uint32Array): number[] {
  const starts: number[] = []
  for (let i = 0; i < positions.length; i++) {
    if (i === 0 || lineFrom[positions[i]] !== lineTo[positions[i - 1]]) starts.push(i)
  }
  return starts
}

function findNeedle(
  haystack: Haystack,
  { lineFrom, lineTo }: Lines,
  positions: Uint32Array,
  groups: readonly number[],
  needle: Needle,
  found: Uint8Array,
): void {
  for (let g = 0; g < groups.length; g++) {
    const last = (groups[g + 1] ?? positions.length) - 1
    const end = lineTo[positions[last]]
    let row = groups[g]
    let at = haystack.find(needle, lineFrom[positions[row]], end)
    while (at >= 0) {
      while (lineTo[positions[row]] <= at) row++
      const lineEnd = lineTo[positions[row]]
      // A match that runs over the end of its line is none, and no later start in this line can do better.
      if (at + needle.bytes.length <= lineEnd) found[row] = 1
      at = row === last ? -1 : haystack.find(needle, lineEnd, end)
    }
  }
}
