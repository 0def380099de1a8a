import { labelValue } from '#base/labels.ts'
import type { IndexStats } from '../store-answers.ts'
import type { LabelMatcher, TimeRange } from '../types.ts'
import type { Catalog } from './catalog.ts'
import type { Head } from './head.ts'
import type { Snapshot } from './scan.ts'
import type { Segment } from './segment.ts'
import type { Stream } from './stream.ts'

// Questions that the label index and the block directories answer, without reading rows.

interface Piece {
  readonly stream: Stream
  readonly minMs: number
  readonly maxMs: number
  readonly rows: number
  readonly bytes: number
}

/** Blocks and pages with rows of the streams whose time overlaps the range. */
function* piecesIn(snapshot: Snapshot, streams: Iterable<Stream>, range: TimeRange): Generator<Piece> {
  const overlaps = (minMs: number, maxMs: number): boolean => minMs < range.toMs && maxMs >= range.fromMs
  const segments = snapshot.segments.filter(({ properties }) => overlaps(properties.minMs, properties.maxMs))
  for (const stream of streams) {
    for (const segment of segments) {
      const { directory } = segment
      const [from, to] = segment.blocksOf(stream)
      for (let block = from; block < to; block++) {
        const minMs = directory.minMs(block)
        const maxMs = directory.maxMs(block)
        if (!overlaps(minMs, maxMs)) continue
        yield { stream, minMs, maxMs, rows: directory.rows(block), bytes: directory.lineBytes(block) }
      }
    }
    for (const head of snapshot.heads) {
      for (const { minMs, maxMs, rows, bytes } of head.streams.get(stream)?.portions ?? []) {
        if (overlaps(minMs, maxMs)) yield { stream, minMs, maxMs, rows, bytes }
      }
    }
  }
}

/** Streams with rows in the range, by label text. */
export function findSeries(
  catalog: Catalog,
  snapshot: Snapshot,
  tenant: string,
  matchers: readonly LabelMatcher[],
  range: TimeRange,
): Stream[] {
  const { heads } = snapshot
  const segments = snapshot.segments.filter(
    ({ properties }) => properties.minMs < range.toMs && properties.maxMs >= range.fromMs,
  )
  const present = catalog
    .select(tenant, matchers)
    .filter(
      (stream) =>
        segments.some((segment) => isInSegment(segment, stream, range)) ||
        heads.some((head) => isInHead(head, stream, range)),
    )
  return present.sort((a, b) => (a.key < b.key ? -1 : 1))
}

function isInSegment(segment: Segment, stream: Stream, { fromMs, toMs }: TimeRange): boolean {
  const { minMs, maxMs } = segment.properties
  // Every stream of a segment has rows in it.
  if (minMs >= fromMs && maxMs < toMs) return segment.streamIds.numberOf(stream.id) >= 0
  const { directory } = segment
  const [from, to] = segment.blocksOf(stream)
  for (let block = from; block < to; block++) {
    if (directory.minMs(block) < toMs && directory.maxMs(block) >= fromMs) return true
  }
  return false
}

function isInHead(head: Head, stream: Stream, { fromMs, toMs }: TimeRange): boolean {
  const portions = head.streams.get(stream)?.portions
  return portions?.some(({ minMs, maxMs }) => minMs < toMs && maxMs >= fromMs) ?? false
}

/** Every label name of the streams, sorted. */
export function namesOf(streams: readonly Stream[]): string[] {
  const names = new Set<string>()
  for (const { labels } of streams) for (const [name] of labels) names.add(name)
  return [...names].sort()
}

/** Every value that a label has in the streams, sorted. */
export function valuesOf(streams: readonly Stream[], name: string): string[] {
  const values = new Set(streams.map((stream) => labelValue(stream.labels, name)))
  values.delete('')
  return [...values].sort()
}

/** What the range holds, as Loki estimates it: a block that the range cuts counts in proportion. */
export function sumPieces(
  catalog: Catalog,
  snapshot: Snapshot,
  tenant: string,
  matchers: readonly LabelMatcher[],
  range: TimeRange,
): IndexStats {
  const streams = new Set<Stream>()
  let chunks = 0
  let bytes = 0
  let entries = 0
  for (const piece of piecesIn(snapshot, catalog.select(tenant, matchers), range)) {
    const overlapMs = Math.min(piece.maxMs + 1, range.toMs) - Math.max(piece.minMs, range.fromMs)
    const share = overlapMs / (piece.maxMs + 1 - piece.minMs)
    streams.add(piece.stream)
    chunks++
    bytes += piece.bytes * share
    entries += piece.rows * share
  }
  return { streams: streams.size, chunks, bytes: Math.round(bytes), entries: Math.round(entries) }
}
