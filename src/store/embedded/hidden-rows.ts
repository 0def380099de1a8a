import type { LabelMatcher, Lines, Metadata, RowBatch, Scan, ScanWindow, StreamRef } from '../types.ts'
import type { ActiveDelete } from './delete-log.ts'
import { matchLines } from './line-match.ts'

/** Rows of one stream, as blocks, pages and batches have them. */
export interface TestedRows {
  readonly stream: StreamRef
  readonly tsMs: Float64Array
  readonly tsNs: Uint32Array
  readonly metadata: readonly Metadata[]
  readonly rowMetadata: Uint32Array
  lines(wanted: Uint32Array): Lines
}

/** A scan without the rows of these requests. They are asked for as the iteration begins. */
export function hideDeleted(scan: Scan, active: () => readonly ActiveDelete[]): Scan {
  return { stats: scan.stats, [Symbol.asyncIterator]: () => withoutDeleted(scan, active()) }
}

/** Windows without the rows of these requests. */
export async function* withoutDeleted(
  windows: AsyncIterable<ScanWindow>,
  deletes: readonly ActiveDelete[],
): AsyncGenerator<ScanWindow> {
  for await (const window of windows) {
    const batches: RowBatch[] = []
    for (const batch of window.batches) {
      const kept = rowsWithout(batch, batch.rows, deletes)
      if (kept === batch.rows) batches.push(batch)
      else if (kept.length > 0) batches.push(withRows(batch, kept))
    }
    if (batches.length > 0) yield { ...window, batches }
  }
}

/** A batch of which fewer rows are looked at. */
function withRows(batch: RowBatch, rows: Uint32Array): RowBatch {
  return {
    ...batch,
    rows,
    lineSize: (row) => batch.lineSize(row),
    lines: (wanted = rows) => batch.lines(wanted),
  }
}

/** The rows that no request means, in the order given; the very same array where that is all of them. */
export function rowsWithout(
  rows: TestedRows,
  positions: Uint32Array,
  deletes: readonly ActiveDelete[],
): Uint32Array {
  let left = positions
  for (const each of deletes) {
    if (left.length === 0) break
    const hidden = rowsOf(rows, left, each)
    if (hidden.length === 0) continue
    // Both are in one order, and every hidden row is among those left.
    let next = 0
    left = left.filter((row) => {
      if (row !== hidden[next]) return true
      next++
      return false
    })
  }
  return left
}

/** The rows that a request means, in the order given. */
export function rowsOf(
  rows: TestedRows,
  positions: Uint32Array,
  { request, selection }: ActiveDelete,
): Uint32Array {
  if (!meansStream(selection.matchers, rows.stream)) return NONE
  const { tsMs, tsNs } = rows
  const { fromMs, fromNs, toMs, toNs } = request
  const inTime = positions.filter((row) => {
    const ms = tsMs[row]
    if (ms < fromMs || ms > toMs) return false
    return (ms > fromMs || tsNs[row] >= fromNs) && (ms < toMs || tsNs[row] <= toNs)
  })
  const { lines: predicates, test } = selection
  if (inTime.length === 0 || (predicates.length === 0 && test === undefined)) return inTime
  const lines = rows.lines(inTime)
  const meeting = predicates.length === 0 ? inTime : matchLines(lines, inTime, predicates)
  if (test === undefined) return meeting
  const { bytes, lineFrom, lineTo } = lines
  return meeting.filter((row) =>
    test(
      rows.stream,
      rows.metadata[rows.rowMetadata[row]],
      tsMs[row],
      tsNs[row],
      bytes.subarray(lineFrom[row], lineTo[row]),
    ),
  )
}

const NONE = new Uint32Array(0)

/** Streams are one object each, and so are the matchers of a request. */
const known = new WeakMap<readonly LabelMatcher[], WeakMap<StreamRef, boolean>>()

/** Whether a stream fits every matcher. */
export function meansStream(matchers: readonly LabelMatcher[], stream: StreamRef): boolean {
  let answers = known.get(matchers)
  if (answers === undefined) known.set(matchers, (answers = new WeakMap()))
  let answer = answers.get(stream)
  if (answer === undefined) {
    answer = matchers.every((matcher) => {
      const label = stream.labels.find(([name]) => name === matcher.name)
      return matcher.matches(label?.[1] ?? '')
    })
    answers.set(stream, answer)
  }
  return answer
}

/** Whether a request can mean rows of a time, both ends inclusive. */
export function overlaps({ request }: ActiveDelete, minMs: number, maxMs: number): boolean {
  return request.fromMs <= maxMs && request.toMs >= minMs
}
