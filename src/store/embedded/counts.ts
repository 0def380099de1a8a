import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import type { CountRun, LabelMatcher } from '../types.ts'
import type { BlockReader } from './block-reader.ts'
import { FormatError } from './bytes.ts'
import type { Catalog } from './catalog.ts'
import type { CutMinutes } from './cut-minutes.ts'
import {
  addRuns,
  allCells,
  type GroupedCounters,
  groupCounters,
  groupedBytes,
  type MinuteRange,
} from './grouped-counters.ts'
import type { Head } from './head.ts'
import type { HeadStream, Portion } from './head-stream.ts'
import { Lru } from './lru.ts'
import { readRowColumns } from './row-columns.ts'
import { RowCounts } from './row-counts.ts'
import type { Snapshot } from './scan.ts'
import type { Segment } from './segment.ts'
import { emptyStats } from './sources.ts'
import type { Stream } from './stream.ts'

/**
 * Answers {@link LogStore.counts} from the counters of segments and heads. Rows are read only of streams that
 * have some on both sides of a cut through one of their minutes.
 */
export class CountReader {
  readonly #cache: Lru<GroupedCounters>
  readonly #blocks: BlockReader
  readonly #logger: Logger

  constructor(cacheBytes: number, blocks: BlockReader, logger: Logger) {
    this.#cache = new Lru(cacheBytes)
    this.#blocks = blocks
    this.#logger = logger
  }

  /**
   * Counts of the rows in a span of time; undefined where a segment's counters are damaged. The directories
   * of segments that may lie across a cut are loaded.
   */
  async count(
    catalog: Catalog,
    snapshot: Snapshot,
    tenant: string,
    matchers: readonly LabelMatcher[],
    minutes: CutMinutes,
  ): Promise<CountRun[] | undefined> {
    const selected = new Set(catalog.select(tenant, matchers))
    const runs: CountRun[] = []
    const used = new Set<number>()
    // Memory first: it is read at once, as it was when the snapshot was taken.
    for (const head of snapshot.heads) addHead(runs, head, selected, minutes)
    for (const segment of snapshot.segments) {
      const { minMs, maxMs } = segment.properties
      if (!minutes.mayHold(minMs, maxMs)) continue
      const counters = this.#cache.get(segment.id) ?? (await this.#read(segment, used))
      if (counters === undefined) return undefined
      used.add(segment.id)
      await this.#addSegment(runs, segment, counters, selected, minutes)
    }
    return runs
  }

  async #addSegment(
    runs: CountRun[],
    segment: Segment,
    counters: GroupedCounters,
    selected: ReadonlySet<Stream>,
    minutes: CutMinutes,
  ): Promise<void> {
    const { streams } = segment
    const { minMs, maxMs } = segment.properties
    const ofAll = minutes.marks(minMs, maxMs)
    const isAcross = minutes.isAcross(segment.properties)
    const wanted: number[] = []
    addRuns(runs, counters, streams, (number) => {
      if (!selected.has(streams[number])) return undefined
      if (!isAcross) return minutes.countable(ofAll)
      const marks = marksIn(segment, streams[number], minutes)
      if (minutes.areAcross(marks)) addBlocks(wanted, segment, streams[number], minutes)
      return minutes.countable(marks)
    })
    if (wanted.length === 0) return
    const rows = new RowCounts()
    const { directory } = segment
    await readRowColumns(this.#blocks, segment, wanted, emptyStats(), (block, columns) => {
      const number = directory.stream(block)
      const marks = marksIn(segment, streams[number], minutes)
      const isMissing = (ms: number, ns: number): boolean => minutes.isMissing(marks, ms, ns)
      rows.add(number, columns, [0, columns.tsMs.length], isMissing)
    })
    addRuns(runs, rows.grouped(streams.length), streams, () => ALL_MINUTES)
  }

  /** @param used segments that the question at hand needs as well */
  async #read(segment: Segment, used: ReadonlySet<number>): Promise<GroupedCounters | undefined> {
    try {
      const counters = await segment.readCounters()
      const grouped = groupCounters(counters, segment.streams.length, allCells(counters.minute.length))
      this.#keep(segment, grouped, used)
      return grouped
    } catch (thrown) {
      if (!(thrown instanceof FormatError)) throw thrown
      this.#logger.error(
        { file: segment.path, offset: segment.sectionOffset('counters'), error: errorMessage(thrown) },
        'the counters of a segment are damaged; its rows are read and counted instead. Check the disk.',
      )
      return undefined
    }
  }

  /** Where a question needs more than fits, what fits stays for the next time that it is asked. */
  #keep(segment: Segment, grouped: GroupedCounters, used: ReadonlySet<number>): void {
    const sizeBytes = groupedBytes(grouped)
    while (!this.#cache.hasRoom(sizeBytes)) {
      const { oldest } = this.#cache
      if (oldest === undefined || used.has(oldest)) return
      this.#cache.delete(oldest)
    }
    this.#cache.set(segment.id, grouped, sizeBytes)
  }
}

const ALL_MINUTES: MinuteRange = { first: -Infinity, end: Infinity }

/** What a stream's rows in a segment may be in cut minutes: as `CutMinutes.marks`. */
function marksIn(segment: Segment, stream: Stream, minutes: CutMinutes): number {
  const { directory } = segment
  const [from, to] = segment.blocksOf(stream)
  let marks = 0
  for (let block = from; block < to; block++) {
    marks |= minutes.marks(directory.minMs(block), directory.maxMs(block))
  }
  return marks
}

/** Adds the blocks that may have rows of a stream in cut minutes. */
function addBlocks(wanted: number[], segment: Segment, stream: Stream, minutes: CutMinutes): void {
  const { directory } = segment
  const [from, to] = segment.blocksOf(stream)
  for (let block = from; block < to; block++) {
    if (minutes.marks(directory.minMs(block), directory.maxMs(block)) !== 0) wanted.push(block)
  }
}

function marksOf(portions: readonly Portion[], minutes: CutMinutes): number {
  let marks = 0
  for (const { minMs, maxMs } of portions) marks |= minutes.marks(minMs, maxMs)
  return marks
}

/** Counts the rows of a stream in cut minutes whose counters do not hold for the span. */
function countPortions(
  rows: RowCounts,
  { sets }: Head,
  { index, portions }: HeadStream,
  minutes: CutMinutes,
  marks: number,
): void {
  const isMissing = (ms: number, ns: number): boolean => minutes.isMissing(marks, ms, ns)
  for (const { page, extents, minMs, maxMs } of portions) {
    if (minutes.marks(minMs, maxMs) === 0) continue
    const columns = { ...page, sets, rowMetadata: page.metadata }
    for (let i = 0; i < extents.length; i += 2) {
      rows.add(index, columns, [extents[i], extents[i + 1]], isMissing)
    }
  }
}

/** A head's streams by their number there. */
function addHead(runs: CountRun[], head: Head, selected: ReadonlySet<Stream>, minutes: CutMinutes): void {
  const streams: Stream[] = []
  const ranges: (MinuteRange | undefined)[] = []
  const rows = new RowCounts()
  for (const [stream, own] of head.streams) {
    streams.push(stream)
    const isSelected = selected.has(stream)
    const marks = isSelected && minutes.isCut ? marksOf(own.portions, minutes) : 0
    ranges.push(isSelected ? minutes.countable(marks) : undefined)
    if (minutes.areAcross(marks)) countPortions(rows, head, own, minutes, marks)
  }
  const counters = { levels: head.levels, ...head.counters.columns() }
  const { minute, stream } = counters
  const wanted = new Uint32Array(minute.length)
  let count = 0
  for (let cell = 0; cell < minute.length; cell++) {
    const range = ranges[stream[cell]]
    if (range !== undefined && minute[cell] >= range.first && minute[cell] < range.end) wanted[count++] = cell
  }
  const grouped = groupCounters(counters, streams.length, wanted.subarray(0, count))
  addRuns(runs, grouped, streams, () => ALL_MINUTES)
  addRuns(runs, rows.grouped(streams.length), streams, () => ALL_MINUTES)
}
