import { addNs, type LogRow, rowKey } from './row.ts'

/** Newest first, or oldest first. */
export type Direction = 'backward' | 'forward'

/** A window of time, nanoseconds since the epoch, decimal: from `startNs` up to but without `endNs`. */
export interface NsRange {
  readonly startNs: string
  readonly endNs: string
}

/**
 * The window of the page after `rows`. It overlaps the last row's timestamp, because more rows of that very
 * nanosecond may not have fitted; {@link freshRows} takes the known ones out again.
 */
export function nextWindow(rows: readonly LogRow[], direction: Direction, range: NsRange): NsRange {
  const last = rows.at(-1)
  if (last === undefined) return range
  return direction === 'backward'
    ? { startNs: range.startNs, endNs: addNs(last.tsNs, 1) }
    : { startNs: last.tsNs, endNs: range.endNs }
}

/** The rows of a page that are not already among `known`. Equal rows are told apart by their number. */
export function freshRows(known: Iterable<LogRow>, page: readonly LogRow[]): LogRow[] {
  const seen = new Map<string, number>()
  for (const row of known) {
    const key = rowKey(row)
    seen.set(key, (seen.get(key) ?? 0) + 1)
  }
  return page.filter((row) => {
    const key = rowKey(row)
    const left = seen.get(key) ?? 0
    if (left > 0) seen.set(key, left - 1)
    return left === 0
  })
}

/** The rows at the end that share the last timestamp: those a next page repeats. */
export function boundaryRows(rows: readonly LogRow[]): LogRow[] {
  const last = rows.at(-1)
  let from = rows.length
  while (from > 0 && rows[from - 1]?.tsNs === last?.tsNs) from--
  return rows.slice(from)
}

/** What a page brought. */
export interface PageOutcome {
  readonly fresh: readonly LogRow[]
  /** Nothing follows. */
  readonly done: boolean
  /** The page held only known rows although it was full: ask again with a larger limit. */
  readonly stuck: boolean
}

/** Judges a page that was asked for with {@link nextWindow} and `limit`. */
export function takePage(rows: readonly LogRow[], page: readonly LogRow[], limit: number): PageOutcome {
  const fresh = freshRows(boundaryRows(rows), page)
  const full = page.length >= limit
  return { fresh, done: !full, stuck: full && fresh.length === 0 }
}
