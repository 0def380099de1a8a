import type { LinePredicate } from '../types.ts'

/** Lines as positions into offset columns. */
export interface Lines {
  readonly bytes: Uint8Array
  readonly lineFrom: Uint32Array
  readonly lineTo: Uint32Array
}

/** The positions whose lines meet every predicate, in the order given. */
export function matchLines(
  lines: Lines,
  positions: Uint32Array,
  predicates: readonly LinePredicate[],
): Uint32Array {
  let kept = positions
  let groups = neighbours(lines, positions)
  for (const predicate of predicates) {
    if (kept.length === 0) return kept
    const wanted = predicate.kind === 'contains' ? 1 : 0
    const found = new Uint8Array(kept.length)
    for (const needle of predicate.needles) findNeedle(lines, kept, groups, needle, found)
    const matching = kept.filter((_, i) => found[i] === wanted)
    if (matching.length < kept.length) groups = neighbours(lines, matching)
    kept = matching
  }
  return kept
}

/** Whether any needle occurs in the bytes at all; exact enough to leave a whole block out. */
export function mayContain(bytes: Uint8Array, predicate: LinePredicate): boolean {
  if (predicate.kind === 'lacks') return true
  const buffer = asBuffer(bytes)
  return predicate.needles.some((needle) => buffer.includes(needle))
}

/** Where runs of positions begin whose lines follow one another in the bytes, so that one search covers a run. */
function neighbours({ lineFrom, lineTo }: Lines, positions: Uint32Array): number[] {
  const starts: number[] = []
  for (let i = 0; i < positions.length; i++) {
    if (i === 0 || lineFrom[positions[i]] !== lineTo[positions[i - 1]]) starts.push(i)
  }
  return starts
}

function findNeedle(
  { bytes, lineFrom, lineTo }: Lines,
  positions: Uint32Array,
  groups: readonly number[],
  needle: Uint8Array,
  found: Uint8Array,
): void {
  for (let g = 0; g < groups.length; g++) {
    const last = (groups[g + 1] ?? positions.length) - 1
    const base = lineFrom[positions[groups[g]]]
    const region = asBuffer(bytes.subarray(base, lineTo[positions[last]]))
    let row = groups[g]
    let at = region.indexOf(needle)
    while (at >= 0) {
      while (lineTo[positions[row]] - base <= at) row++
      const lineEnd = lineTo[positions[row]] - base
      // A match that runs over the end of its line is none, and no later start in this line can do better.
      if (at + needle.length <= lineEnd) found[row] = 1
      at = row === last ? -1 : region.indexOf(needle, lineEnd)
    }
  }
}

/** Buffer's search is native; Uint8Array's looks for single bytes only. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
