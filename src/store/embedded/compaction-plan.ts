import type { Segment } from './segment.ts'

/** What is known of a segment when it is chosen. */
export type Candidate = Pick<Segment, 'sizeBytes' | 'corruptBlocks'>

/** The limits of a merge. */
export interface CompactionLimits {
  /** A merge makes no file larger than about this; a larger one is left as it is. */
  readonly maxBytes: number
  /** Segments that are merged at once: a block of each is in memory. */
  readonly maxInputs: number
}

/** So many small neighbours are awaited while a day still grows. */
const ENOUGH = 4

/**
 * Chooses the segments of a day, given by age, to be merged next; undefined where nothing is worth it. They
 * are neighbours, so that rows of one moment keep their order of arrival. The largest is at most twice as
 * large as the others together: a row is rewritten a number of times that grows with the logarithm of the
 * day's size, however small the pieces are it arrives in. A day that is over is merged further than one that
 * grows. Segments with damaged blocks are left as they are.
 */
export function chooseMerge<S extends Candidate>(
  segments: readonly S[],
  isOver: boolean,
  limits: CompactionLimits,
): readonly S[] | undefined {
  const enough = isOver ? 2 : ENOUGH
  let best: readonly S[] | undefined
  let bestCost = Infinity
  for (let from = 0; from < segments.length; from++) {
    let sum = 0
    let largest = 0
    for (let to = from; to < segments.length && to - from < limits.maxInputs; to++) {
      const { sizeBytes, corruptBlocks } = segments[to]
      if (corruptBlocks.size > 0 || sum + sizeBytes > limits.maxBytes) break
      sum += sizeBytes
      largest = Math.max(largest, sizeBytes)
      const count = to - from + 1
      if (count < enough || largest > 2 * (sum - largest)) continue
      // Bytes to write per file that there is less.
      const cost = sum / (count - 1)
      if (cost > bestCost) continue
      best = segments.slice(from, to + 1)
      bestCost = cost
    }
  }
  return best
}
