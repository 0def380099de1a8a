import type { Labels } from '#base/labels.ts'
import { compareTimestamps } from '#base/timestamp.ts'
import { xxhash64 } from '#base/xxhash64.ts'
import type { ScanWindow, StreamRef } from '#store/types.ts'
import type { Pipeline } from '../pipeline/compile.ts'
import { BatchCursor, type LabelCache, type PassedEntry } from './batch-cursor.ts'
import { Heap } from './heap.ts'
import type { Pace } from './pace.ts'

/** Entries of different streams at one time come in the order of their streams' label hashes, as in Loki. */
function makeTieOrder(): (stream: StreamRef) => bigint {
  const known = new Map<StreamRef, bigint>()
  return (stream) => {
    let hash = known.get(stream)
    if (hash === undefined) known.set(stream, (hash = labelsHash(stream.labels)))
    return hash
  }
}

function labelsHash(labels: Labels): bigint {
  const separator = Buffer.of(0xff)
  return xxhash64(Buffer.concat(labels.flat().flatMap((text) => [Buffer.from(text), separator])))
}

/** What lines go through, and what is remembered of it from window to window. */
export interface Merging {
  readonly pipeline: Pipeline
  readonly cache: LabelCache
  readonly pace: Pace
}

/** Where the entries that passed go. */
export interface EntrySink {
  /** Whether the oldest come first. */
  readonly forward: boolean
  /** Takes an entry. Returns whether no more are wanted. */
  add(entry: PassedEntry): boolean
}

/** Merges a window's batches by time into the collector. Returns whether the collector is full. */
export async function mergeWindow(
  window: ScanWindow,
  { pipeline, cache, pace }: Merging,
  collector: EntrySink,
  stats: { postFilterLines: number },
): Promise<boolean> {
  const heap = new Heap<{ cursor: BatchCursor; entry: PassedEntry; order: number }>((a, b) => {
    const byTime = compareTimestamps(a.entry.tsMs, a.entry.tsNs, b.entry.tsMs, b.entry.tsNs)
    if (byTime !== 0) return byTime < 0 === collector.forward
    if (a.entry.stream === b.entry.stream) return a.order < b.order
    return tieOrder(a.entry.stream) < tieOrder(b.entry.stream)
  })
  const tieOrder = makeTieOrder()
  const cursors = window.batches.map((batch) => new BatchCursor(batch, pipeline, cache))
  for (const [order, cursor] of cursors.entries()) {
    let moved = cursor.advance(pace)
    for (; moved === undefined; moved = cursor.advance(pace)) await pace.rest()
    if (cursor.entry !== undefined) heap.push({ cursor, entry: cursor.entry, order })
    if (pace.due) await pace.rest()
  }
  let full = false
  for (let top = heap.top; top !== undefined && !full; top = heap.top) {
    full = collector.add(top.entry)
    let moved = top.cursor.advance(pace)
    for (; moved === undefined; moved = top.cursor.advance(pace)) await pace.rest()
    if (top.cursor.entry !== undefined) {
      top.entry = top.cursor.entry
      heap.settleTop()
    } else heap.pop()
    if (pace.due) await pace.rest()
  }
  for (const cursor of cursors) stats.postFilterLines += cursor.passed
  return full
}
