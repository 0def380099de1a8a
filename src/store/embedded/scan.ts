import { makeNeedle } from '#kernels/needle.ts'
import type { RowBatch, Scan, ScanRequest, ScanStats, ScanWindow, TimeRange } from '../types.ts'
import type { BlockMetadata } from './block-codec.ts'
import type { BlockReader } from './block-reader.ts'
import type { Catalog } from './catalog.ts'
import type { FilterReader } from './filter-reader.ts'
import { predicateHashes } from './gram-filter.ts'
import type { Head } from './head.ts'
import { makePacer } from './pacer.ts'
import { withoutRepeats } from './repeats.ts'
import type { Segment } from './segment.ts'
import {
  blockSource,
  emptyStats,
  headSource,
  type ScanContext,
  type Source,
  type SourceRows,
} from './sources.ts'
import type { Stream } from './stream.ts'
import { type PlannedWindow, WindowPlanner } from './windows.ts'

/** Everything that holds rows of a tenant at one moment: segments by age, then heads by age. */
export interface Snapshot {
  readonly segments: readonly Segment[]
  readonly heads: readonly Head[]
  /** Lets the files go. */
  release(): void
}

/** What scans of a store share. */
export interface ScanEnvironment {
  readonly catalog: Catalog
  readonly blocks: BlockReader
  readonly filters: FilterReader
  snapshot(tenant: string): Snapshot
  /** As `SegmentSet.prepare`: to be awaited, where it is not undefined, just before a snapshot is taken. */
  prepare(tenant: string, range: TimeRange): Promise<void> | undefined
}

/** Cost of the first window when nothing is known about how much is wanted, and of the largest. */
const FIRST_COST = 32_768
const MAX_COST = 131_072
/** Windows grow by this factor while the reader goes on. */
const GROWTH = 4
/** `LinePredicate`s whose bit fits `RowBatch.linesApplied`. */
const MAX_PREDICATES = 31

/** The scan of {@link LogStore.scan}. The rows are those that were there when the iteration begins. */
export function makeScan(
  environment: ScanEnvironment,
  tenant: string,
  request: ScanRequest,
  signal: AbortSignal | undefined,
): Scan {
  const stats = emptyStats()
  return {
    stats,
    [Symbol.asyncIterator]: () => scanWindows(environment, tenant, request, stats, signal),
  }
}

async function* scanWindows(
  environment: ScanEnvironment,
  tenant: string,
  request: ScanRequest,
  stats: ScanStats,
  signal: AbortSignal | undefined,
): AsyncGenerator<ScanWindow, void, undefined> {
  signal?.throwIfAborted()
  const preparing = environment.prepare(tenant, request)
  if (preparing !== undefined) await preparing
  const snapshot = environment.snapshot(tenant)
  try {
    const streams = environment.catalog.select(tenant, request.matchers)
    const context = makeContext(environment, request, stats)
    const next = planWindows(findSources(snapshot, streams, context), request)
    const pause = makePacer()
    for (;;) {
      const window = next()
      if (window === undefined) return
      const batches = await readWindow(window, context, pause, signal)
      if (batches.length > 0) yield { fromMs: window.fromMs, toMs: window.toMs, batches }
    }
  } finally {
    snapshot.release()
  }
}

/** What the sources of a scan work with. */
export function makeContext(
  { blocks, filters }: Pick<ScanEnvironment, 'blocks' | 'filters'>,
  request: ScanRequest,
  stats: ScanStats,
): ScanContext {
  const predicates = (request.lines ?? []).slice(0, MAX_PREDICATES)
  const hashes = predicates.map(predicateHashes).filter((each) => each !== undefined)
  const fieldHashes = (request.fieldNeedles ?? []).flatMap(({ name, needles }) => {
    const found = predicateHashes({ kind: 'contains', needles })
    return found === undefined ? [] : [{ name, hashes: found }]
  })
  const anyCase = (request.anyCase ?? []).map((text) => makeNeedle(Buffer.from(text), true))
  return { request, predicates, anyCase, stats, blocks, filters, hashes, fieldHashes }
}

/** Cuts the time of a request into windows, the first ones small; each call gives the next. */
export function planWindows(
  sources: readonly Source[],
  request: ScanRequest,
): () => PlannedWindow<Source> | undefined {
  // The last millisecond counts where any nanosecond of it is wanted.
  const endMs = request.toNs > 0 ? request.toMs + 1 : request.toMs
  const planner = new WindowPlanner(sources, request.fromMs, endMs, request.direction)
  let cost = request.limitHint === undefined ? FIRST_COST : Math.max(16, request.limitHint * 2)
  return () => {
    const window = planner.next(Math.min(cost, MAX_COST))
    cost *= GROWTH
    return window
  }
}

/** Everything that may hold wanted rows, in order of arrival. */
export function findSources(snapshot: Snapshot, streams: readonly Stream[], context: ScanContext): Source[] {
  const { request, stats } = context
  const sources: Source[] = []
  const found = new Set<Stream>()
  const selected = new Set(streams)
  const inRange = (minMs: number, maxMs: number): boolean => minMs <= request.toMs && maxMs >= request.fromMs
  for (const segment of snapshot.segments) {
    if (!inRange(segment.properties.minMs, segment.properties.maxMs)) continue
    for (const stream of common(streams, selected, segment.streams)) {
      const [from, to] = segment.blocksOf(stream)
      for (let block = from; block < to; block++) {
        if (!inRange(segment.directory.minMs(block), segment.directory.maxMs(block))) continue
        stats.blocks++
        sources.push(blockSource(context, segment, block))
        found.add(stream)
      }
    }
  }
  for (const head of snapshot.heads) {
    for (const stream of common(streams, selected, [...head.streams.keys()])) {
      for (const portion of head.streams.get(stream)?.portions ?? []) {
        if (!inRange(portion.minMs, portion.maxMs)) continue
        sources.push(headSource(context, head, stream, portion, portion.page.rows))
        found.add(stream)
      }
    }
  }
  stats.streams = found.size
  return sources
}

/** The selected streams that are among `present`, going through the shorter list. */
function common(
  streams: readonly Stream[],
  selected: ReadonlySet<Stream>,
  present: readonly Stream[],
): readonly Stream[] {
  return streams.length <= present.length ? streams : present.filter((stream) => selected.has(stream))
}

/** The batches of a window. @throws the signal's reason once it is aborted */
export async function readWindow(
  window: PlannedWindow<Source>,
  context: ScanContext,
  pause: () => Promise<void> | undefined,
  signal: AbortSignal | undefined,
): Promise<RowBatch[]> {
  const byStream = new Map<Stream, SourceRows[]>()
  for (const source of window.spans) {
    signal?.throwIfAborted()
    const read = source.read(window.fromMs, window.toMs)
    const rows = read instanceof Promise ? await read : read
    const rest = pause()
    if (rest !== undefined) await rest
    if (rows === undefined) continue
    const known = byStream.get(source.stream)
    if (known === undefined) byStream.set(source.stream, [rows])
    else known.push(rows)
  }
  signal?.throwIfAborted()
  const linesApplied = 2 ** context.predicates.length - 1
  const batches: RowBatch[] = []
  for (const [stream, sources] of byStream) {
    const distinct = sources.length === 1 ? sources : withoutRepeats(sources)
    if (context.request.direction === 'backward') distinct.reverse()
    for (const source of distinct) batches.push(batchOf(stream, source, context.request, linesApplied))
  }
  return batches
}

function batchOf(stream: Stream, source: SourceRows, request: ScanRequest, linesApplied: number): RowBatch {
  const { tsMs, tsNs, positions, lineSize, fields, shapes } = source
  const rows = request.direction === 'backward' ? positions.toReversed() : positions
  const { sets, ids } = request.needMetadata === false ? noMetadata(tsMs.length) : source.metadata()
  return {
    stream,
    rows,
    tsMs,
    tsNs,
    metadata: sets,
    rowMetadata: ids,
    linesApplied,
    lineSize,
    lines: (wanted = rows) => source.lines(wanted),
    ...(fields && { fields }),
    ...(shapes && { shapes }),
  }
}

let zeros = new Uint32Array(0)

/** Metadata that is not looked at. */
function noMetadata(rows: number): BlockMetadata {
  if (zeros.length < rows) zeros = new Uint32Array(Math.max(rows, 4096))
  return { sets: [[]], ids: zeros }
}
