import { invariant } from '#base/invariant.ts'
import type { Needle } from '#kernels/needle.ts'
import { firstPositions } from '../columns/positions.ts'
import type { BatchFields, BatchShapes, LinePredicate, Lines, ScanRequest, ScanStats } from '../types.ts'
import type { BlockMetadata } from './block-codec.ts'
import type { RowConditions } from './block-lines.ts'
import type { BlockReader } from './block-reader.ts'
import { type FilterReader, mayMatch } from './filter-reader.ts'
import type { NeedleHashes } from './gram-filter.ts'
import type { Head } from './head.ts'
import { type Portion, sortedPositions } from './head-stream.ts'
import { matchLines } from './line-match.ts'
import type { OpenedBlock } from './opened-block.ts'
import type { Segment } from './segment.ts'
import { LEVEL_ALONE, NO_ESCAPES } from './segment-format.ts'
import type { Stream } from './stream.ts'
import type { Span } from './windows.ts'

/** Rows as a source keeps them: columns, and the positions to look at in time order. */
export interface SourceRows {
  readonly tsMs: Float64Array
  readonly tsNs: Uint32Array
  readonly positions: Uint32Array
  readonly fields?: BatchFields
  shapes?(): BatchShapes
  lineSize(row: number): number
  /** As in `RowBatch`. */
  lines(wanted: Uint32Array): Lines
  metadata(): BlockMetadata
}

/** Rows of one stream in one place: a block, or a page in memory. */
export interface Source extends Span {
  readonly stream: Stream
  /** Where other threads find it; undefined where its rows are in memory. */
  readonly place: BlockPlace | undefined
  /**
   * Its rows in [fromMs, toMs) that meet the request's line predicates and exact time bounds; undefined for
   * none. At once where everything is in memory.
   */
  read(fromMs: number, toMs: number): SourceRows | undefined | Promise<SourceRows | undefined>
}

/** A block in a file. */
export interface BlockPlace {
  readonly segment: Segment
  readonly block: number
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
  /** Made from the request's `anyCase`. */
  readonly anyCase: readonly Needle[]
  readonly stats: ScanStats
  readonly blocks: BlockReader
  readonly filters: FilterReader
  /** What filters can tell about the predicates. */
  readonly hashes: readonly NeedleHashes[]
  /** What they can tell about fields, where a block's traits allow it. */
  readonly fieldHashes: readonly FieldHashes[]
}

/** What the filter of a block holds that has a row with a certain value in the field of this name. */
export interface FieldHashes {
  readonly name: string
  readonly hashes: NeedleHashes
}

const PLAIN_FIELDS = NO_ESCAPES | LEVEL_ALONE

/** A long line costs more than a short one; about this many bytes cost as much as the rest of a row. */
const BYTES_PER_COST = 256
/** What opening a block costs, however few its rows: it bounds how many tiny ones are open for one window. */
const BLOCK_COST = 16

/** The wanted rows of one block, read when they are first asked for. */
export function blockSource(context: ScanContext, segment: Segment, block: number): Source {
  const { directory } = segment
  const { stats, blocks, filters, request } = context
  const stream = segment.streams[directory.stream(block)]
  const hashes = hashesFor(context, stream, directory.traits(block))
  const conditions = conditionsFor(context, stream)
  let matching: Uint32Array | undefined
  let isDone = false
  const readOpened = (opened: OpenedBlock, fromMs: number, toMs: number): SourceRows | undefined => {
    if (matching === undefined) {
      const { rows } = opened.entry
      matching = conditions === undefined ? firstPositions(rows) : opened.match(conditions)
      if (conditions !== undefined) countLooked(stats, rows, opened.entry.lines.rawBytes)
      isDone = matching.length === 0
      if (isDone) return undefined
    }
    const positions = clip(opened, matching, request, fromMs, toMs)
    if (positions.length === 0) return undefined
    const source = blockRows(blocks, segment, block, opened, positions)
    if (conditions === undefined) countRows(stats, opened, positions)
    return source
  }
  const open = (fromMs: number, toMs: number): SourceRows | undefined | Promise<SourceRows | undefined> => {
    const use = (opened: OpenedBlock | undefined): SourceRows | undefined =>
      opened && blocks.unpack(segment, block, () => readOpened(opened, fromMs, toMs))
    const opened = blocks.open(segment, block, stats)
    return opened instanceof Promise ? opened.then(use) : use(opened)
  }
  const read = (fromMs: number, toMs: number): SourceRows | undefined | Promise<SourceRows | undefined> => {
    if (isDone) return undefined
    if (matching !== undefined || hashes.length === 0) return open(fromMs, toMs)
    const found = filters.of(segment)
    if (found instanceof Promise) return found.then(() => read(fromMs, toMs))
    if (found === undefined || mayMatch(found, block, hashes)) return open(fromMs, toMs)
    stats.blocksPruned++
    isDone = true
    return undefined
  }
  return {
    stream,
    place: { segment, block },
    minMs: directory.minMs(block),
    maxMs: directory.maxMs(block),
    cost: BLOCK_COST + directory.rows(block) + directory.lineBytes(block) / BYTES_PER_COST,
    read,
  }
}

/** What the filter of a block must hold, which has these traits. */
function hashesFor(
  { hashes, fieldHashes }: ScanContext,
  stream: Stream,
  traits: number,
): readonly NeedleHashes[] {
  if (fieldHashes.length === 0 || (traits & PLAIN_FIELDS) !== PLAIN_FIELDS) return hashes
  const usable = fieldHashes.filter(
    ({ name }) => name !== 'detected_level' && !stream.labels.some(([label]) => label === name),
  )
  return [...hashes, ...usable.map((each) => each.hashes)]
}

/** What the rows of a stream must meet; undefined where that is nothing. */
function conditionsFor(
  { predicates, anyCase, request }: ScanContext,
  stream: Stream,
): RowConditions | undefined {
  const fields = (request.fields ?? []).filter(({ name }) => !stream.labels.some(([label]) => label === name))
  if (predicates.length === 0 && anyCase.length === 0 && fields.length === 0) return undefined
  return { predicates, anyCase, fields }
}

/** Rows of an opened block; whatever is asked for later, its block is open as long as they are. */
function blockRows(
  blocks: BlockReader,
  segment: Segment,
  block: number,
  opened: OpenedBlock,
  positions: Uint32Array,
): SourceRows {
  const { fields } = opened
  const { lineFrom, lineTo } = opened.extents()
  return {
    tsMs: opened.tsMs,
    tsNs: opened.tsNs,
    positions,
    fields: fields && {
      column: (parser, name) => blocks.unpack(segment, block, () => fields.column(parser, name)),
    },
    ...(fields && { shapes: () => blocks.mustUnpack(segment, block, () => shapesOf(opened)) }),
    lineSize: (row) => lineTo[row] - lineFrom[row],
    lines: (wanted) => blocks.mustUnpack(segment, block, () => opened.lines(wanted)),
    metadata: () => blocks.mustUnpack(segment, block, () => opened.metadata()),
  }
}

function shapesOf(opened: OpenedBlock): BatchShapes {
  const shapes = opened.shapes()
  invariant(shapes !== undefined, 'a block with fields has shapes')
  return shapes
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
  const read = (fromMs: number, toMs: number): SourceRows | undefined => {
    if (matching === undefined) {
      const positions = sortedPositions(portion, rowLimit)
      countLooked(stats, positions.length, bytes)
      stats.headLines += positions.length
      stats.headBytes += bytes
      matching = predicates.length === 0 ? positions : matchLines(page, positions, predicates)
    }
    const positions = clip(page, matching, context.request, fromMs, toMs)
    return positions.length === 0
      ? undefined
      : memoryRows(page, { sets: head.sets, ids: page.metadata }, positions)
  }
  return { stream, place: undefined, minMs, maxMs, cost: rows + bytes / BYTES_PER_COST, read }
}

/** Rows whose lines lie in memory. */
export function memoryRows(
  { tsMs, tsNs, bytes, lineFrom, lineTo }: TimeColumns & Lines,
  metadata: BlockMetadata,
  positions: Uint32Array,
): SourceRows {
  const lines = { bytes, lineFrom, lineTo }
  return {
    tsMs,
    tsNs,
    positions,
    lineSize: (row) => lineTo[row] - lineFrom[row],
    lines: () => lines,
    metadata: () => metadata,
  }
}

function countLooked(stats: ScanStats, lines: number, bytes: number): void {
  stats.lines += lines
  stats.lineBytes += bytes
}

function countRows(stats: ScanStats, opened: OpenedBlock, positions: Uint32Array): void {
  if (positions.length === opened.entry.rows) {
    countLooked(stats, positions.length, opened.entry.lines.rawBytes)
    return
  }
  const { lineFrom, lineTo } = opened.extents()
  let bytes = 0
  for (let i = 0; i < positions.length; i++) bytes += lineTo[positions[i]] - lineFrom[positions[i]]
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
