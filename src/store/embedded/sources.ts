import type { LinePredicate, Metadata, ScanRequest, ScanStats } from '../types.ts'
import type { BlockReader } from './block-reader.ts'
import type { FilterReader } from './filter-reader.ts'
import type { NeedleHashes } from './gram-filter.ts'
import type { Head } from './head.ts'
import { type Portion, sortedPositions } from './head-stream.ts'
import { type Lines, matchLines, mayContain } from './line-match.ts'
import type { Segment } from './segment.ts'
import type { Stream } from './stream.ts'
import type { Span } from './windows.ts'

/** Rows as a source keeps them: columns, and the positions to look at in time order. */
export interface SourceRows {
  readonly tsMs: Float64Array
  readonly tsNs: Uint32Array
  readonly bytes: Uint8Array
  readonly lineFrom: Uint32Array
  readonly lineTo: Uint32Array
  readonly metadata: readonly Metadata[]
  readonly rowMetadata: Uint32Array
  readonly positions: Uint32Array
}

/** Rows of one stream in one place: a block, or a page in memory. */
export interface Source extends Span {
  readonly stream: Stream
  /**
   * Its rows in [fromMs, toMs) that meet the request's line predicates and exact time bounds; undefined for
   * none.
   */
  read(fromMs: number, toMs: number): Promise<SourceRows | undefined>
}

/** Zeros to begin with. */
export function emptyStats(): ScanStats {
  return {
    blocks: 0,
    blocksPruned: 0,
    compressedBytes: 0,
    lineBytes: 0,
    lines: 0,
    headLines: 0,
    headBytes: 0,
    streams: 0,
  }
}

/** What the sources of one scan share. */
export interface ScanContext {
  readonly request: ScanRequest
  readonly predicates: readonly LinePredicate[]
  readonly stats: ScanStats
  readonly blocks: BlockReader
  readonly filters: FilterReader
  /** What filters can tell about the predicates. */
  readonly hashes: readonly NeedleHashes[]
}

/** A long line costs more than a short one; about this many bytes cost as much as the rest of a row. */
const BYTES_PER_COST = 256

/** The wanted rows of one block, read when they are first asked for. */
export function blockSource(context: ScanContext, segment: Segment, block: number): Source {
  const { directory } = segment
  const { predicates, stats, blocks, filters, hashes } = context
  let matching: Uint32Array | undefined
  let isDone = false
  const read = async (fromMs: number, toMs: number): Promise<SourceRows | undefined> => {
    if (isDone) return undefined
    if (matching === undefined && hashes.length > 0 && !(await filters.mayMatch(segment, block, hashes))) {
      stats.blocksPruned++
      isDone = true
      return undefined
    }
    if (matching === undefined && predicates.length > 0 && blocks.canSearch(segment, block)) {
      matching = await blocks.search(segment, block, predicates, stats)
      isDone = matching === undefined || matching.length === 0
      if (matching !== undefined) countLooked(stats, directory.rows(block), directory.lineBytes(block))
      if (isDone) return undefined
    }
    let bytes: Uint8Array | undefined
    if (matching === undefined && predicates.some((predicate) => predicate.kind === 'contains')) {
      bytes = await blocks.lines(segment, block, stats)
      if (bytes === undefined || !allMayBeIn(bytes, predicates)) {
        if (bytes !== undefined) countLooked(stats, directory.rows(block), bytes.length)
        isDone = true
        return undefined
      }
    }
    const columns = await blocks.columns(segment, block, stats)
    if (columns === undefined) return undefined
    if (matching === undefined && predicates.length === 0) matching = columns.positions
    const inTime = clip(columns, matching ?? columns.positions, context.request, fromMs, toMs)
    if (inTime.length === 0) return undefined
    const lines: Lines | undefined =
      bytes !== undefined
        ? { bytes, lineFrom: columns.lineFrom, lineTo: columns.lineTo }
        : matching !== undefined && predicates.length > 0
          ? await blocks.linesAt(segment, block, inTime, stats)
          : await blocks.allLines(segment, block, stats)
    if (lines === undefined) return undefined
    const rows = { ...columns, ...lines, metadata: columns.sets, positions: inTime }
    if (matching !== undefined) {
      if (predicates.length === 0) countRows(stats, rows)
      return rows
    }
    matching = matchLines(rows, columns.positions, predicates)
    countLooked(stats, columns.positions.length, lines.bytes.length)
    isDone = matching.length === 0
    const positions = clip(columns, matching, context.request, fromMs, toMs)
    return positions.length === 0 ? undefined : { ...rows, positions }
  }
  return {
    stream: segment.streams[directory.stream(block)],
    minMs: directory.minMs(block),
    maxMs: directory.maxMs(block),
    cost: directory.rows(block) + directory.lineBytes(block) / BYTES_PER_COST,
    read,
  }
}

/** `rowLimit`: how many rows the page had when the scan began. */
export function headSource(
  context: ScanContext,
  head: Head,
  stream: Stream,
  portion: Portion,
  rowLimit: number,
): Source {
  const { page } = portion
  const { predicates, stats } = context
  // Later rows may widen the span; those that were there when the scan began are within this one.
  const { minMs, maxMs, rows, bytes } = portion
  // From now on the page must not be used for other rows, even when its head is flushed before it is read
  // here.
  page.shared = true
  let matching: Uint32Array | undefined
  const read = async (fromMs: number, toMs: number): Promise<SourceRows | undefined> => {
    const source = { ...page, metadata: head.sets, rowMetadata: page.metadata }
    if (matching === undefined) {
      const positions = sortedPositions(portion, rowLimit)
      countLooked(stats, positions.length, bytes)
      stats.headLines += positions.length
      stats.headBytes += bytes
      matching = predicates.length === 0 ? positions : matchLines(source, positions, predicates)
    }
    const positions = clip(page, matching, context.request, fromMs, toMs)
    return positions.length === 0 ? undefined : { ...source, positions }
  }
  return { stream, minMs, maxMs, cost: rows + bytes / BYTES_PER_COST, read }
}

function allMayBeIn(bytes: Uint8Array, predicates: readonly LinePredicate[]): boolean {
  return predicates.every((predicate) => mayContain(bytes, predicate))
}

function countLooked(stats: ScanStats, lines: number, bytes: number): void {
  stats.lines += lines
  stats.lineBytes += bytes
}

function countRows(stats: ScanStats, { positions, lineFrom, lineTo }: SourceRows): void {
  let bytes = 0
  for (const row of positions) bytes += lineTo[row] - lineFrom[row]
  countLooked(stats, positions.length, bytes)
}

interface TimeColumns {
  readonly tsMs: Float64Array
  readonly tsNs: Uint32Array
}

/** The positions, ascending in time, that lie in the window and in the exact bounds of the request. */
function clip(
  times: TimeColumns,
  positions: Uint32Array,
  request: ScanRequest,
  fromMs: number,
  toMs: number,
): Uint32Array {
  const fromNs = fromMs === request.fromMs ? request.fromNs : 0
  // The last millisecond of the request is only partly wanted.
  const isLast = toMs > request.toMs
  const from = firstAtOrAfter(times, positions, fromMs, fromNs)
  const to = isLast
    ? firstAtOrAfter(times, positions, request.toMs, request.toNs)
    : firstAtOrAfter(times, positions, toMs, 0)
  return positions.subarray(from, Math.max(from, to))
}

function firstAtOrAfter({ tsMs, tsNs }: TimeColumns, positions: Uint32Array, ms: number, ns: number): number {
  let low = 0
  let high = positions.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const row = positions[middle]
    if (tsMs[row] < ms || (tsMs[row] === ms && tsNs[row] < ns)) low = middle + 1
    else high = middle
  }
  return low
}
