import { invariant } from '#base/invariant.ts'
import { labelsText } from '#base/labels.ts'
import { sameBytes, viewOf } from '../columns/words.ts'
import type { Metadata } from '../types.ts'
import { type CountedLevel, countedLevel, metadataBytes } from './counted-level.ts'
import { CounterTable, minuteOf } from './counter-table.ts'
import type { Entries } from './entries.ts'
import { addExtent, type HeadStream, makeHeadStream, type Portion } from './head-stream.ts'
import { fittingRows, type Page, type PagePool } from './page.ts'
import { RowIndex, rowHashAt } from './row-index.ts'
import type { Stream } from './stream.ts'

/** How many rows of equal time are compared one by one before an index of the stream's rows is made. */
const TAIL_WALK_ROWS = 16
/** Rough cost of a stream in memory beside its rows. */
const STREAM_BYTES = 600
/** Memory per row of a {@link RowIndex}, with room to grow. */
const INDEXED_ROW_BYTES = 40

/** The rows of one flush, all tenants: append-only, in memory, backed by the log files from `walFrom` on. */
export class Head {
  /** First log file with rows of this head. */
  readonly walFrom: number
  readonly createdMs: number
  readonly streams = new Map<Stream, HeadStream>()
  readonly pages: Page[] = []
  readonly counters = new CounterTable()
  /** Distinct metadata sets; index 0 is the empty one. Only ever appended to. */
  readonly sets: Metadata[] = [[]]
  /** What cells are told apart by, next to minute and stream; 0 is for rows without metadata. */
  readonly levels: CountedLevel[] = [{ level: '', metadata: 'level' }]
  rows = 0
  lineBytes = 0
  readonly #pool: PagePool
  readonly #setIds = new Map<string, number>([['{}', 0]])
  readonly #setLevel: number[] = [0]
  /** Per set: bytes of its values. */
  readonly #setSizes: number[] = [0]
  #setBytes = 0
  #pageBytes = 0
  #indexBytes = 0

  constructor(walFrom: number, createdMs: number, pool: PagePool) {
    this.walFrom = walFrom
    this.createdMs = createdMs
    this.#pool = pool
  }

  /** About how much memory the head holds. */
  get sizeBytes(): number {
    const rowBytes = this.#pageBytes + this.#setBytes + this.#indexBytes
    return rowBytes + this.counters.sizeBytes + this.streams.size * STREAM_BYTES
  }

  /**
   * Takes in the rows of a log record. `streams` are those of its runs; `isWanted` says for each row whether
   * to take it (at replay, rows that a segment already holds are not wanted). Returns the numbers of
   * duplicate rows, in order.
   */
  insert(entries: Entries, streams: readonly Stream[], isWanted?: (row: number) => boolean): number[] {
    const sets = this.#internSets(entries.sets)
    const offsets = lineOffsets(entries)
    const duplicates: number[] = []
    const insertion: Insertion = { entries, sets, offsets, view: viewOf(entries.lines) }
    let from = 0
    entries.runs.forEach((run, i) => {
      const to = from + run.rows
      const head = this.#headStream(streams[i])
      // Rows [start, row) are wanted and new, and not yet taken in.
      let start = from
      for (let row = from; row < to; row++) {
        const ms = entries.tsMs[row]
        const ns = entries.tsNs[row]
        if (isWanted?.(row) === false) {
          this.#append(head, insertion, start, row)
          start = row + 1
        } else if (ms > head.maxMs || (ms === head.maxMs && ns > head.maxNs)) {
          head.maxMs = ms
          head.maxNs = ns
        } else {
          // A row that is newer than those not yet taken in cannot repeat one of them.
          if (start < row && !isNewer(entries, row, row - 1)) {
            this.#append(head, insertion, start, row)
            start = row
          }
          if (this.#isDuplicate(head, insertion, row)) {
            this.#append(head, insertion, start, row)
            duplicates.push(row)
            start = row + 1
          }
        }
      }
      this.#append(head, insertion, start, to)
      from = to
    })
    return duplicates
  }

  /** Gives the memory back once no reader can come any more. */
  release(): void {
    for (const page of this.pages) this.#pool.give(page)
    this.pages.length = 0
  }

  #headStream(stream: Stream): HeadStream {
    let head = this.streams.get(stream)
    if (head === undefined) {
      head = makeHeadStream(stream, this.streams.size)
      this.streams.set(stream, head)
    }
    return head
  }

  #internSets(sets: readonly Metadata[]): Uint32Array {
    const ids = new Uint32Array(sets.length)
    for (let i = 1; i < sets.length; i++) {
      const text = labelsText(sets[i])
      let id = this.#setIds.get(text)
      if (id === undefined) {
        id = this.sets.length
        this.#setIds.set(text, id)
        this.sets.push(sets[i])
        this.#setLevel.push(this.#levelId(countedLevel(sets[i])))
        this.#setSizes.push(metadataBytes(sets[i]))
        this.#setBytes += 200 + text.length * 3
      }
      ids[i] = id
    }
    return ids
  }

  #levelId({ level, metadata }: CountedLevel): number {
    const known = this.levels.findIndex((other) => other.level === level && other.metadata === metadata)
    return known >= 0 ? known : this.levels.push({ level, metadata }) - 1
  }

  #append(head: HeadStream, insertion: Insertion, from: number, to: number): void {
    const { entries, offsets, sets } = insertion
    while (from < to) {
      let page = this.pages.at(-1)
      let count = page === undefined ? 0 : fittingRows(page, entries.lineBytes, from, to)
      if (page === undefined || count === 0) {
        page = this.#pool.take(entries.lineBytes[from])
        this.#pageBytes += page.bytes.length + page.tsMs.length * 24
        this.pages.push(page)
        count = fittingRows(page, entries.lineBytes, from, to)
        invariant(count > 0, 'an empty page holds at least one row')
      }
      const bytes = offsets[from + count] - offsets[from]
      copyToPage(page, insertion, from, count)
      addExtent(head, page, page.rows, page.rows + count, bytes)
      if (head.rowIndex !== undefined) this.#indexRows(head.rowIndex, page, page.rows, page.rows + count)
      this.#count(head, entries, sets, from, from + count)
      page.rows += count
      page.usedBytes += bytes
      this.rows += count
      this.lineBytes += bytes
      from += count
    }
  }

  #count(head: HeadStream, entries: Entries, sets: Uint32Array, from: number, to: number): void {
    const { tsMs, tsNs, metadata, lineBytes } = entries
    // Row after row mostly stays in one minute: its bounds are at hand, from exclusive, to inclusive.
    let minute = 0
    let fromMs = Infinity
    let toMs = -Infinity
    let level = -1
    let lines = 0
    let bytes = 0
    let ofMetadata = 0
    for (let row = from; row < to; row++) {
      const set = sets[metadata[row]]
      const rowLevel = this.#setLevel[set]
      if (tsMs[row] >= toMs || tsMs[row] <= fromMs || rowLevel !== level) {
        const rowMinute = minuteOf(tsMs[row], tsNs[row])
        if (rowMinute !== minute || rowLevel !== level) {
          if (lines > 0) this.counters.add(minute, head.index, level, lines, bytes, ofMetadata)
          minute = rowMinute
          fromMs = minute * 60_000
          toMs = fromMs + 60_000
          level = rowLevel
          lines = 0
          bytes = 0
          ofMetadata = 0
        }
      }
      lines++
      bytes += lineBytes[row]
      ofMetadata += this.#setSizes[set]
    }
    if (lines > 0) this.counters.add(minute, head.index, level, lines, bytes, ofMetadata)
  }

  /**
   * Whether the stream has a row with the same time, line and metadata. Called for rows that are not newer
   * than all.
   */
  #isDuplicate(head: HeadStream, insertion: Insertion, row: number): boolean {
    const { entries, offsets, sets } = insertion
    const ms = entries.tsMs[row]
    const ns = entries.tsNs[row]
    const set = sets[entries.metadata[row]]
    const lineFrom = offsets[row]
    const lineBytes = offsets[row + 1] - lineFrom
    const same = (page: Page, position: number): boolean =>
      page.tsMs[position] === ms &&
      page.tsNs[position] === ns &&
      page.metadata[position] === set &&
      page.lineTo[position] - page.lineFrom[position] === lineBytes &&
      sameBytes(viewOf(page.bytes), page.lineFrom[position], insertion.view, lineFrom, lineBytes)
    if (head.rowIndex === undefined) {
      if (head.portions.length === 0) return false
      if (ms === head.maxMs && ns === head.maxNs) {
        const found = findInTail(head.portions, ms, ns, same)
        if (found !== undefined) return found
      }
      head.rowIndex = this.#buildIndex(head.portions)
    }
    return head.rowIndex.find(rowHashAt(ms, ns, insertion.view, lineFrom, lineBytes), same)
  }

  #buildIndex(portions: readonly Portion[]): RowIndex {
    const index = new RowIndex()
    for (const { page, extents } of portions) {
      for (let i = 0; i < extents.length; i += 2) this.#indexRows(index, page, extents[i], extents[i + 1])
    }
    return index
  }

  #indexRows(index: RowIndex, page: Page, from: number, to: number): void {
    const { tsMs, tsNs, lineFrom, lineTo, bytes } = page
    this.#indexBytes += (to - from) * INDEXED_ROW_BYTES
    const view = viewOf(bytes)
    for (let row = from; row < to; row++) {
      const length = lineTo[row] - lineFrom[row]
      index.add(rowHashAt(tsMs[row], tsNs[row], view, lineFrom[row], length), page, row)
    }
  }
}

interface Insertion {
  readonly entries: Entries
  /** The head's number of each metadata set of the entries. */
  readonly sets: Uint32Array
  /** Where each line begins in `entries.lines`; one more for the end. */
  readonly offsets: Uint32Array
  /** Of `entries.lines`. */
  readonly view: DataView
}

function isNewer({ tsMs, tsNs }: Entries, row: number, than: number): boolean {
  return tsMs[row] > tsMs[than] || (tsMs[row] === tsMs[than] && tsNs[row] > tsNs[than])
}

function lineOffsets(entries: Entries): Uint32Array {
  const offsets = new Uint32Array(entries.rows + 1)
  for (let row = 0; row < entries.rows; row++) offsets[row + 1] = offsets[row] + entries.lineBytes[row]
  return offsets
}

function copyToPage(page: Page, { entries, offsets, sets }: Insertion, from: number, count: number): void {
  const { rows, usedBytes } = page
  const to = from + count
  page.tsMs.set(entries.tsMs.subarray(from, to), rows)
  page.tsNs.set(entries.tsNs.subarray(from, to), rows)
  const shift = usedBytes - offsets[from]
  for (let i = 0; i < count; i++) {
    page.lineFrom[rows + i] = offsets[from + i] + shift
    page.lineTo[rows + i] = offsets[from + i + 1] + shift
    page.metadata[rows + i] = sets[entries.metadata[from + i]]
  }
  page.bytes.set(entries.lines.subarray(offsets[from], offsets[to]), usedBytes)
}

/**
 * Looks among the last rows while they have the time given, the newest of the stream. `undefined` when there
 * are too many of them. Only for a stream that is in time order throughout: any other has an index already.
 */
function findInTail(
  portions: readonly Portion[],
  ms: number,
  ns: number,
  same: (page: Page, position: number) => boolean,
): boolean | undefined {
  let left = TAIL_WALK_ROWS
  for (let p = portions.length - 1; p >= 0; p--) {
    const { page, extents } = portions[p]
    for (let e = extents.length - 2; e >= 0; e -= 2) {
      for (let row = extents[e + 1] - 1; row >= extents[e]; row--) {
        if (page.tsMs[row] !== ms || page.tsNs[row] !== ns) return false
        if (same(page, row)) return true
        if (--left === 0) return undefined
      }
    }
  }
  return false
}
