import type { Page } from './page.ts'
import type { RowIndex } from './row-index.ts'
import type { Stream } from './stream.ts'

/** The rows of one stream on one page. */
export interface Portion {
  readonly page: Page
  /** Pairs [from, to) of positions on the page, ascending. */
  readonly extents: number[]
  rows: number
  bytes: number
  minMs: number
  maxMs: number
  /** Whether the rows are in time order as they stand. */
  sorted: boolean
}

/** The rows of one stream in one head. */
export interface HeadStream {
  readonly stream: Stream
  /** Number of this stream within its head. */
  readonly index: number
  /** Of one place each as long as they are one: a grown array of a stream with a few rows has 16 in vain. */
  portions: Portion[]
  /** Time of the newest row. */
  maxMs: number
  maxNs: number
  /** Finds exact duplicates; made when the first row arrives that is not newer than all before it. */
  rowIndex: RowIndex | undefined
}

/** A stream without rows; `index` is its number within its head. */
export function makeHeadStream(stream: Stream, index: number): HeadStream {
  return { stream, index, portions: [], maxMs: -Infinity, maxNs: 0, rowIndex: undefined }
}

/** Notes that the stream's next rows are `[from, to)` of `page`, which hold `bytes` line bytes. */
export function addExtent(head: HeadStream, page: Page, from: number, to: number, bytes: number): void {
  let portion = head.portions.at(-1)
  if (portion === undefined || portion.page !== page) {
    const extents = [from, from]
    portion = { page, extents, rows: 0, bytes: 0, minMs: Infinity, maxMs: -Infinity, sorted: true }
    if (head.portions.length === 0) head.portions = [portion]
    else head.portions.push(portion)
  }
  noteTimes(portion, from, to)
  const { extents } = portion
  if (extents[extents.length - 1] === from) extents[extents.length - 1] = to
  else extents.push(from, to)
  portion.rows += to - from
  portion.bytes += bytes
}

function noteTimes(portion: Portion, from: number, to: number): void {
  const { tsMs, tsNs } = portion.page
  let previous = portion.rows > 0 ? portion.extents[portion.extents.length - 1] - 1 : from
  for (let row = from; row < to; row++) {
    const ms = tsMs[row]
    if (ms < portion.minMs) portion.minMs = ms
    if (ms > portion.maxMs) portion.maxMs = ms
    if (ms < tsMs[previous] || (ms === tsMs[previous] && tsNs[row] < tsNs[previous])) portion.sorted = false
    previous = row
  }
}

/**
 * Positions on the page of the portion's rows in time order, ties in order of arrival. `rowLimit` leaves out
 * rows that came after a reader looked.
 */
export function sortedPositions(portion: Portion, rowLimit: number): Uint32Array {
  const positions = new Uint32Array(portion.rows)
  const { extents, page } = portion
  let count = 0
  for (let i = 0; i < extents.length; i += 2) {
    const to = Math.min(extents[i + 1], rowLimit)
    for (let row = extents[i]; row < to; row++) positions[count++] = row
  }
  const taken = positions.subarray(0, count)
  if (!portion.sorted) {
    taken.sort((a, b) => page.tsMs[a] - page.tsMs[b] || page.tsNs[a] - page.tsNs[b] || a - b)
  }
  return taken
}
