import { type Labels, labelsText } from '#base/labels.ts'
import { compareTimestamps } from '#base/timestamp.ts'
import { xxhash64 } from '#base/xxhash64.ts'
import type { LogStore, ScanWindow, StreamRef } from '#store/types.ts'
import { tooMuchMemory } from '../error.ts'
import { compilePipeline, type Pipeline } from '../pipeline/compile.ts'
import { compileMatcher } from '../pipeline/matcher.ts'
import type { LogExpr } from '../syntax/ast.ts'
import { printExpr } from '../syntax/printer.ts'
import { BatchCursor, type LabelCache, type PassedEntry } from './batch-cursor.ts'
import { explainRead } from './explain.ts'
import { Heap } from './heap.ts'
import { Pace } from './pace.ts'
import { StatsCollector } from './stats.ts'
import type { QueryLimits, QueryResult, RangeQuery, ResultEntry, ResultStream } from './types.ts'

/** Roughly what an entry holds on to beside its line. */
const ENTRY_BYTES = 160

/** Entries of one final label set, as they are gathered. */
interface Gathered {
  readonly streamLabels: Labels
  readonly labels: Labels
  readonly entries: ResultEntry[]
}

/**
 * Runs a log query: the newest or oldest `limit` entries of [start, end) that pass the pipeline, grouped by
 * their final labels.
 * @throws LogqlError for a stage that cannot be compiled, and for more lines than memory allows; the signal's
 * reason when aborted
 */
export async function runLogQuery(
  store: LogStore,
  tenant: string,
  expr: LogExpr,
  query: RangeQuery,
  limits: QueryLimits,
  signal: AbortSignal,
): Promise<QueryResult> {
  const pipeline = compilePipeline(expr.stages, undefined, query.shortcuts)
  const stats = new StatsCollector()
  const read = explainRead(printExpr(expr), pipeline, 'all')
  stats.addRead(read)
  const collector = new EntryCollector(query, limits.max_query_memory)
  const pace = new Pace(signal)
  if (compareTimestamps(query.startMs, query.startNs, query.endMs, query.endNs) < 0) {
    const scan = store.scan(
      tenant,
      {
        matchers: expr.matchers.map(compileMatcher),
        fromMs: query.startMs,
        fromNs: query.startNs,
        toMs: query.endMs,
        toNs: query.endNs,
        direction: query.direction,
        limitHint: query.limit,
        lines: pipeline.predicates,
        fields: pipeline.fields?.predicates ?? [],
        anyCase: pipeline.foldedNeedles.map(({ text }) => text),
      },
      signal,
    )
    read.scans.push(scan.stats)
    const cache: LabelCache = new Map()
    for await (const window of scan) {
      pace.check()
      const full = await mergeWindow(window, pipeline, cache, collector, stats, pace)
      if (full) break
    }
  }
  return {
    type: 'streams',
    streams: collector.streams(),
    stats: stats.total(collector.count),
    warnings: [],
    ...stats.explain(query),
  }
}

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

/** Merges a window's batches by time into the collector. Returns whether the collector is full. */
async function mergeWindow(
  window: ScanWindow,
  pipeline: Pipeline,
  cache: LabelCache,
  collector: EntryCollector,
  stats: StatsCollector,
  pace: Pace,
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

/** What the last entry of a source stream was, for finding its repetitions. */
interface LastOfStream {
  tsMs: number
  tsNs: number
  /** Labels and lines seen at that time. */
  seen: { labels: Labels; line: string }[]
}

/** Gathers entries in time order: leaves out repetitions, spaces them by the interval, stops at the limit. */
class EntryCollector {
  readonly forward: boolean
  readonly #categorize: boolean
  readonly #limit: number
  readonly #maxBytes: number
  #heldBytes = 0
  readonly #intervalMs: number
  readonly #groups = new Map<string, Gathered>()
  readonly #groupOf = new Map<Labels, Gathered>()
  readonly #lastOfStream = new Map<StreamRef, LastOfStream>()
  #lastMs = Number.NaN
  #lastNs = 0
  count = 0

  constructor(query: RangeQuery, maxBytes: number) {
    this.#maxBytes = maxBytes
    this.forward = query.direction === 'forward'
    this.#categorize = query.categorize === true
    this.#limit = query.limit
    this.#intervalMs = query.intervalMs
  }

  /** Takes an entry. Returns whether no more are wanted. */
  add(entry: PassedEntry): boolean {
    const group = this.#group(entry)
    if (this.#isRepetition(entry) || this.#isTooSoon(entry)) return false
    this.#lastMs = entry.tsMs
    this.#lastNs = entry.tsNs
    const { metadata, parsed } = entry.labels.split
    group.entries.push({ tsMs: entry.tsMs, tsNs: entry.tsNs, line: entry.line, metadata, parsed })
    this.#heldBytes += ENTRY_BYTES + entry.line.length * 2
    if (this.#maxBytes > 0 && this.#heldBytes > this.#maxBytes) {
      throw tooMuchMemory(`${this.count + 1} lines`, this.#maxBytes)
    }
    return ++this.count >= this.#limit
  }

  /** The gathered streams, by label text. */
  streams(): ResultStream[] {
    return [...this.#groups]
      .filter(([, group]) => group.entries.length > 0)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([, group]) => group)
  }

  #group({ labels }: PassedEntry): Gathered {
    const known = this.#groupOf.get(labels.all)
    if (known !== undefined) return known
    const identity = this.#categorize ? labels.split.stream : labels.all
    const key = labelsText(identity)
    let group = this.#groups.get(key)
    if (group === undefined) {
      group = { streamLabels: labels.split.stream, labels: identity, entries: [] }
      this.#groups.set(key, group)
    }
    this.#groupOf.set(labels.all, group)
    return group
  }

  /** Within one source stream, entries that end up equal in time, line and labels are one. */
  #isRepetition({ stream, tsMs, tsNs, line, labels }: PassedEntry): boolean {
    const last = this.#lastOfStream.get(stream)
    if (last === undefined) {
      this.#lastOfStream.set(stream, { tsMs, tsNs, seen: [{ labels: labels.all, line }] })
      return false
    }
    if (last.tsMs !== tsMs || last.tsNs !== tsNs) {
      last.tsMs = tsMs
      last.tsNs = tsNs
      last.seen.length = 0
    } else if (last.seen.some((seen) => seen.line === line && sameLabels(seen.labels, labels.all)))
      return true
    last.seen.push({ labels: labels.all, line })
    return false
  }

  #isTooSoon({ tsMs, tsNs }: PassedEntry): boolean {
    if (this.#intervalMs <= 0 || Number.isNaN(this.#lastMs)) return false
    const sign = this.forward ? 1 : -1
    const sinceMs = (tsMs - this.#lastMs) * sign
    return sinceMs < this.#intervalMs || (sinceMs === this.#intervalMs && (tsNs - this.#lastNs) * sign < 0)
  }
}

function sameLabels(a: Labels, b: Labels): boolean {
  return a === b || labelsText(a) === labelsText(b)
}
