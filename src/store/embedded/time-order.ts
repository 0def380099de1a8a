/**
 * The numbers of rows in the order of their times, ties in the order of their numbers; undefined where they
 * are in order as they stand. Rows come as runs that are in order, one per push, so that merging these takes
 * far fewer comparisons than sorting.
 */
export function timeOrder(tsMs: Float64Array, tsNs: Uint32Array): Uint32Array | undefined {
  const rows = tsMs.length
  const starts = runStarts(tsMs, tsNs)
  if (starts.length <= 2) return undefined
  let bounds = starts
  let order = new Uint32Array(rows)
  for (let row = 0; row < rows; row++) order[row] = row
  let merged = new Uint32Array(rows)
  while (bounds.length > 2) {
    const next = [0]
    for (let run = 0; run + 1 < bounds.length; run += 2) {
      const end = bounds[Math.min(run + 2, bounds.length - 1)]
      mergeRuns(tsMs, tsNs, order, merged, bounds[run], bounds[run + 1], end)
      next.push(end)
    }
    bounds = next
    ;[order, merged] = [merged, order]
  }
  return order
}

/** Where runs of rows in time order begin, and the number of rows at the end. */
function runStarts(tsMs: Float64Array, tsNs: Uint32Array): number[] {
  const starts = [0]
  for (let row = 1; row < tsMs.length; row++) {
    if (tsMs[row] < tsMs[row - 1] || (tsMs[row] === tsMs[row - 1] && tsNs[row] < tsNs[row - 1]))
      starts.push(row)
  }
  starts.push(tsMs.length)
  return starts
}

/** Merges [from, middle) and [middle, to) of `order`, both in order, into the same places of `merged`. */
function mergeRuns(
  tsMs: Float64Array,
  tsNs: Uint32Array,
  order: Uint32Array,
  merged: Uint32Array,
  from: number,
  middle: number,
  to: number,
): void {
  let left = from
  let right = middle
  for (let at = from; at < to; at++) {
    const a = order[left]
    const b = order[right]
    const takeRight =
      right < to && (left >= middle || tsMs[b] < tsMs[a] || (tsMs[b] === tsMs[a] && tsNs[b] < tsNs[a]))
    merged[at] = takeRight ? b : a
    if (takeRight) right++
    else left++
  }
}
