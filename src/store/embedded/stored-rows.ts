import type { EntryBatch, EntryRun, ScanRequest, TimeRange } from '../types.ts'
import type { BlockReader } from './block-reader.ts'
import type { FilterReader } from './filter-reader.ts'
import { subtract } from './repeats.ts'
import type { Snapshot } from './scan.ts'
import { blockSource, emptyStats, headSource, memoryRows, type ScanContext, type Source } from './sources.ts'
import type { Stream } from './stream.ts'

/** What the search for rows that are stored already works with. */
export interface StoredRowsEnvironment {
  readonly blocks: BlockReader
  readonly filters: FilterReader
  /** Without the head that takes rows: that one finds duplicates by itself. */
  settled(tenant: string): Snapshot
  /** As in `ScanEnvironment`. */
  prepare(tenant: string, range: TimeRange): Promise<void> | undefined
}

/**
 * Rows of a batch that segments or sealed heads hold already: what a client sends again when it saw no
 * answer, after the first copy left the head. Costs nothing for rows that are newer than all of those; others
 * read the blocks of their time.
 */
export async function findStoredRows(
  environment: StoredRowsEnvironment,
  tenant: string,
  batch: EntryBatch,
  streams: readonly Stream[],
): Promise<number[]> {
  const suspects = batch.runs
    .map((run, i) => ({ stream: streams[i], rows: suspectsOf(batch, run, streams[i]) }))
    .filter(({ rows }) => rows.length > 0)
  if (suspects.length === 0) return []
  let fromMs = Infinity
  let toMs = -Infinity
  for (const { rows } of suspects) {
    fromMs = Math.min(fromMs, batch.tsMs[rows[0]])
    toMs = Math.max(toMs, batch.tsMs[rows[rows.length - 1]])
  }
  await environment.prepare(tenant, { fromMs, toMs })
  const snapshot = environment.settled(tenant)
  try {
    // All at once, as the snapshot is: once a head is flushed, its pages are taken for other rows.
    const places = suspects.map(({ stream, rows }) => ({
      rows,
      sources: settledSources(environment, snapshot, stream, timesOf(batch, rows)),
    }))
    const stored: number[] = []
    for (const { rows, sources } of places) {
      for (const row of await storedAmong(sources, batch, rows)) stored.push(row)
    }
    return stored
  } finally {
    snapshot.release()
  }
}

/** Rows that are not newer than every settled row of the stream, by time. */
function suspectsOf(batch: EntryBatch, run: EntryRun, stream: Stream): Uint32Array {
  const { tsMs, tsNs } = batch
  const rows: number[] = []
  for (let row = run.from; row < run.to; row++) {
    const ms = tsMs[row]
    if (ms < stream.settledMs || (ms === stream.settledMs && tsNs[row] <= stream.settledNs)) rows.push(row)
  }
  return Uint32Array.from(rows).sort((a, b) => tsMs[a] - tsMs[b] || tsNs[a] - tsNs[b] || a - b)
}

/** The time of rows in time order. */
function timesOf({ tsMs }: EntryBatch, rows: Uint32Array): TimeRange {
  return { fromMs: tsMs[rows[0]], toMs: tsMs[rows[rows.length - 1]] + 1 }
}

async function storedAmong(
  sources: readonly Source[],
  batch: EntryBatch,
  rows: Uint32Array,
): Promise<number[]> {
  const { fromMs, toMs } = timesOf(batch, rows)
  let left = memoryRows(batch, { sets: batch.metadata, ids: batch.rowMetadata }, rows)
  for (const source of sources) {
    const held = await source.read(fromMs, toMs)
    if (held !== undefined) left = subtract(left, held)
  }
  if (left.positions.length === rows.length) return []
  const fresh = new Set(left.positions)
  return Array.from(rows).filter((row) => !fresh.has(row))
}

function settledSources(
  { blocks, filters }: StoredRowsEnvironment,
  snapshot: Snapshot,
  stream: Stream,
  { fromMs, toMs }: TimeRange,
): Source[] {
  const sources: Source[] = []
  const request: ScanRequest = { matchers: [], fromMs, fromNs: 0, toMs, toNs: 0, direction: 'forward' }
  const context: ScanContext = {
    request,
    predicates: [],
    anyCase: [],
    stats: emptyStats(),
    blocks,
    filters,
    hashes: [],
    fieldHashes: [],
  }
  const overlaps = (minMs: number, maxMs: number): boolean => minMs < toMs && maxMs >= fromMs
  for (const segment of snapshot.segments) {
    if (!overlaps(segment.properties.minMs, segment.properties.maxMs)) continue
    const [from, to] = segment.blocksOf(stream)
    for (let block = from; block < to; block++) {
      if (overlaps(segment.directory.minMs(block), segment.directory.maxMs(block))) {
        sources.push(blockSource(context, segment, block))
      }
    }
  }
  for (const head of snapshot.heads) {
    for (const portion of head.streams.get(stream)?.portions ?? []) {
      if (overlaps(portion.minMs, portion.maxMs)) {
        sources.push(headSource(context, head, stream, portion, portion.page.rows))
      }
    }
  }
  return sources
}
