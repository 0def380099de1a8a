import { freshRows } from './pager.ts'
import { compareNs, type LogRow } from './row.ts'

/** How far back each poll looks again, ns: lines of other containers may arrive late. */
export const TAIL_OVERLAP_NS = 5_000_000_000n

/** Where the next poll starts: a little before the newest row, but not before the window. */
export function tailStartNs(newestNs: string, windowStartNs: string): string {
  const overlapped = BigInt(newestNs) - TAIL_OVERLAP_NS
  const start = BigInt(windowStartNs)
  return String(overlapped > start ? overlapped : start)
}

/** The rows of a poll that are not known yet; `known` in either order. */
export function tailFresh(known: readonly LogRow[], polled: readonly LogRow[], startNs: string): LogRow[] {
  return freshRows(
    known.filter((row) => compareNs(row.tsNs, startNs) >= 0),
    polled,
  )
}

/** Merges new rows into a list that is sorted newest first or oldest first, and returns the new list. */
export function mergeRows(
  rows: readonly LogRow[],
  fresh: readonly LogRow[],
  direction: 'backward' | 'forward',
): LogRow[] {
  if (fresh.length === 0) return [...rows]
  const ordered = fresh.toSorted((a, b) => compareNs(a.tsNs, b.tsNs))
  const ascending = direction === 'forward' ? [...rows] : rows.toReversed()
  const oldest = ordered[0] as LogRow
  let from = ascending.length
  while (from > 0 && compareNs((ascending[from - 1] as LogRow).tsNs, oldest.tsNs) > 0) from--
  const tail = [...ascending.slice(from), ...ordered].sort((a, b) => compareNs(a.tsNs, b.tsNs))
  const merged = [...ascending.slice(0, from), ...tail]
  return direction === 'forward' ? merged : merged.reverse()
}
