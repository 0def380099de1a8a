import { labelsText } from '#base/labels.ts'
import type { QueryResult, RangeQuery, ResultEntry, ResultStream } from '#logql/engine/types.ts'
import type { AppendWatch } from './append-watch.ts'

type Lines = Extract<QueryResult, { type: 'streams' }>

/** Keeps the newest lines of log queries, for a dashboard that asks again a little later. */
export interface LogReuse {
  /**
   * Answers a log query: lines that are known, and newer ones from `compute`. The same as `compute` of the
   * whole. `key` is all of the query but its times.
   */
  run(
    tenant: string,
    key: string,
    query: RangeQuery,
    compute: (query: RangeQuery) => Promise<QueryResult>,
  ): Promise<QueryResult>
  readonly stats: { bytes: number; entries: number }
}

/** The newest lines of a query before `toMs`: all that there are from `from` on, or behind it. */
interface Known {
  readonly key: string
  readonly tenant: string
  readonly streams: readonly ResultStream[]
  /** Where the search began, or the oldest line that was found before the limit was reached. */
  readonly from: Pick<ResultEntry, 'tsMs' | 'tsNs'>
  readonly bytes: number
  /** Exclusive, ms; moves back as lines are appended that might belong to the answer. */
  toMs: number
}

const ENTRY_BYTES = 160

/** Keeps up to `maxBytes` of lines, those used last. */
export function makeLogReuse(watch: AppendWatch, maxBytes: number): LogReuse {
  // In the order of their last use.
  const all = new Map<string, Known>()
  const stats = { bytes: 0, entries: 0 }
  const forget = (known: Known): void => {
    all.delete(known.key)
    stats.bytes -= known.bytes
    stats.entries = all.size
  }
  const keep = (known: Known): void => {
    const before = all.get(known.key)
    if (before !== undefined) forget(before)
    if (known.bytes > maxBytes / 16 || known.toMs <= known.from.tsMs) return
    all.set(known.key, known)
    stats.bytes += known.bytes
    for (const oldest of all.values()) {
      if (stats.bytes <= maxBytes) break
      forget(oldest)
    }
    stats.entries = all.size
  }
  watch.onChange((tenant, fromMs) => {
    for (const known of all.values()) {
      if (known.tenant === tenant && known.toMs > fromMs) known.toMs = fromMs
      if (known.toMs <= known.from.tsMs) forget(known)
    }
  })

  return {
    stats,
    async run(tenant, key, query, compute) {
      const watched = watch.begin(tenant)
      try {
        const known = all.get(key)
        const result = (known && (await fromKnown(known, query, compute))) ?? (await compute(query))
        if (result.type !== 'streams' || result.warnings.length > 0) return result
        const toMs = Math.min(query.endMs, watched.dirtyFromMs)
        keep({ key, tenant, toMs, from: reach(result, query), ...sized(key, result) })
        return result
      } finally {
        watched.end()
      }
    },
  }
}

/** Newer lines, then the known ones; undefined where these are not enough, or of another time. */
async function fromKnown(
  known: Known,
  query: RangeQuery,
  compute: (query: RangeQuery) => Promise<QueryResult>,
): Promise<QueryResult | undefined> {
  const { streams, from, toMs } = known
  const isOfUse = toMs > from.tsMs && toMs > query.startMs && toMs <= query.endMs
  if (!isOfUse) return undefined
  const fresh = await compute({ ...query, startMs: toMs, startNs: 0 })
  if (fresh.type !== 'streams' || fresh.warnings.length > 0) return undefined
  const missing = query.limit - count(fresh.streams)
  if (missing <= 0) return fresh
  const begin = { tsMs: query.startMs, tsNs: query.startNs }
  const isComplete = compare(from, begin) <= 0
  const isWanted = (at: ResultEntry): boolean => at.tsMs < toMs && compare(at, begin) >= 0
  const older = filterEntries(streams, isWanted)
  const found = count(older)
  if (found < missing && !isComplete) return undefined
  const kept = found <= missing ? older : newest(older, missing)
  if (kept === undefined) return undefined
  const joined = join(fresh.streams, kept)
  return { ...fresh, streams: joined, stats: { ...fresh.stats, entriesReturned: count(joined) } }
}

/** The newest entries; undefined where others are as old as the oldest of them. */
function newest(streams: readonly ResultStream[], wanted: number): readonly ResultStream[] | undefined {
  const times = streams.flatMap(({ entries }) => entries).sort((a, b) => compare(b, a))
  const last = times[wanted - 1]
  if (compare(last, times[wanted]) === 0) return undefined
  return filterEntries(streams, (entry) => compare(entry, last) >= 0)
}

function filterEntries(
  streams: readonly ResultStream[],
  isWanted: (entry: ResultEntry) => boolean,
): readonly ResultStream[] {
  return streams
    .map((stream) => ({ ...stream, entries: stream.entries.filter(isWanted) }))
    .filter(({ entries }) => entries.length > 0)
}

/** The streams of both, by their labels; newer entries stand first. */
function join(newer: readonly ResultStream[], older: readonly ResultStream[]): ResultStream[] {
  const byKey = new Map(newer.map((stream) => [labelsText(stream.labels), stream]))
  for (const stream of older) {
    const key = labelsText(stream.labels)
    const known = byKey.get(key)
    byKey.set(
      key,
      known === undefined ? stream : { ...known, entries: [...known.entries, ...stream.entries] },
    )
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, stream]) => stream)
}

/** How far back an answer tells of every line. */
function reach({ streams }: Lines, query: RangeQuery): Known['from'] {
  const begin = { tsMs: query.startMs, tsNs: query.startNs }
  if (count(streams) < query.limit) return begin
  return streams
    .flatMap(({ entries }) => entries)
    .reduce<Known['from']>((oldest, entry) => (compare(entry, oldest) < 0 ? entry : oldest), {
      tsMs: query.endMs,
      tsNs: query.endNs,
    })
}

function sized(key: string, { streams }: Lines): { streams: readonly ResultStream[]; bytes: number } {
  let bytes = 2 * key.length
  for (const { labels, entries } of streams) {
    bytes += 2 * labelsText(labels).length
    for (const { line } of entries) bytes += ENTRY_BYTES + 2 * line.length
  }
  return { streams, bytes }
}

function count(streams: readonly ResultStream[]): number {
  return streams.reduce((sum, { entries }) => sum + entries.length, 0)
}

function compare(a: Known['from'], b: Known['from']): number {
  return a.tsMs - b.tsMs || a.tsNs - b.tsNs
}
