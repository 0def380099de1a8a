import { setTimeout as sleep } from 'node:timers/promises'
import { errorMessage, OperatorError } from '#base/errors.ts'
import { type Labels, labelsText, makeLabels } from '#base/labels.ts'
import type { BackfillEntry, BackfillSink } from './backfill-sink.ts'
import type { StateFile } from './backfill-state.ts'
import { type ClientOptions, getJson } from './query-client.ts'
import { resultOf } from './query-pages.ts'
import type { NsRange } from './query-time.ts'

/** What a copy from a Loki works with. */
export interface LokiJob {
  readonly from: ClientOptions
  /** A stream selector, or a log query. */
  readonly query: string
  /** The range of a first run; one that is resumed has its own. */
  readonly range: NsRange
  /** Lines asked for at a time: at most the source's `max_entries_limit_per_query`. */
  readonly limit: number
  /** Length of the first window, nanoseconds. */
  readonly windowNs: bigint
  /** Labels that are set on every stream. */
  readonly labels: Labels
  readonly sink: BackfillSink
  readonly stateFile: StateFile
  /** Nanoseconds of the range that are copied, and its length. */
  readonly onProgress?: (doneNs: bigint, allNs: bigint) => void
}

interface Row {
  readonly labels: Labels
  readonly entry: BackfillEntry
}

const MAX_WINDOW_NS = 24n * 3_600_000_000_000n
/** With this flag a Loki tells labels of streams, structured metadata and parsed labels apart. */
const CATEGORIZE = { 'x-loki-response-encoding-flags': 'categorize-labels' }

/**
 * Copies the lines of a Loki, oldest first, window by window. An answer as large as the limit is taken up to
 * its last moment, where the next window begins; a moment with more lines than the limit is copied stream by
 * stream. Every window is in the target before the state says so.
 * @throws OperatorError as `getJson`, the sink and the state do, and `backfill_limit` where one stream has
 * more lines in one nanosecond than the source gives out
 */
export async function backfillLoki(job: LokiJob, signal: AbortSignal): Promise<void> {
  const { state } = job.stateFile
  const { range: asked } = job
  state.range ??= { fromNs: `${asked.fromNs}`, toNs: `${asked.toNs}`, doneNs: `${asked.fromNs}` }
  const [fromNs, toNs] = [BigInt(state.range.fromNs), BigInt(state.range.toNs)]
  let atNs = BigInt(state.range.doneNs)
  let windowNs = job.windowNs
  while (atNs < toNs) {
    signal.throwIfAborted()
    const endNs = atNs + windowNs < toNs ? atNs + windowNs : toNs
    const before = job.sink.counts.lines
    const rows = await readRows(job, job.query, atNs, endNs, signal)
    const isFull = rows.length >= job.limit
    const lastNs = isFull ? rows[rows.length - 1].entry.tsNs : endNs
    if (isFull && lastNs === rows[0].entry.tsNs) {
      await copyMoment(job, lastNs, signal)
      atNs = lastNs + 1n
    } else {
      for (const row of rows) if (row.entry.tsNs < lastNs) await add(job, row)
      atNs = lastNs
    }
    if (isFull) windowNs = windowNs > 2n ? windowNs / 2n : 1n
    else if (rows.length < job.limit / 4 && windowNs < MAX_WINDOW_NS) windowNs *= 2n
    await job.sink.flush()
    state.range.doneNs = `${atNs}`
    state.lines += job.sink.counts.lines - before
    job.stateFile.save()
    job.onProgress?.(atNs - fromNs, toNs - fromNs)
  }
}

/** Copies all lines of one nanosecond, stream by stream. */
async function copyMoment(job: LokiJob, tsNs: bigint, signal: AbortSignal): Promise<void> {
  const end = selectorEnd(job.query)
  const selector = job.query.slice(0, end)
  const parameters = { 'match[]': selector, start: `${tsNs}`, end: `${tsNs + 1n}` }
  const answer = await getJson(job.from, '/loki/api/v1/series', parameters, signal)
  const series = (answer as { data?: Record<string, string>[] }).data ?? []
  const names = new Set(series.flatMap((labels) => Object.keys(labels)))
  for (const labels of series) {
    // Of another stream with these labels and more, the labels that are missing here tell it apart.
    const missing = [...names].filter((name) => !(name in labels)).map((name) => `, ${name}=""`)
    const own = labelsText(makeLabels(labels)).replace(/\}$/, () => `${missing.join('')}}`)
    const query = own + job.query.slice(end)
    const rows = await readRows(job, query, tsNs, tsNs + 1n, signal)
    if (rows.length >= job.limit) {
      throw new OperatorError(
        'backfill_limit',
        `${job.from.addr} has ${job.limit} or more lines of ${own} at ${tsNs}: raise --limit, and its ` +
          'limits_config.max_entries_limit_per_query if that is lower',
      )
    }
    for (const row of rows) await add(job, row)
  }
}

/** Where the selector that a log query begins with ends; texts in it may hold braces. */
function selectorEnd(query: string): number {
  const tokens = /"(?:[^"\\]|\\.)*"|`[^`]*`|\}/g
  for (const { 0: token, index } of query.matchAll(tokens)) if (token === '}') return index + 1
  return query.length
}

async function add({ sink, labels }: LokiJob, { labels: own, entry }: Row): Promise<void> {
  await sink.add(labels.length === 0 ? own : makeLabels([...own, ...labels]), entry)
}

/** Lines of [fromNs, toNs), oldest first. */
async function readRows(
  job: LokiJob,
  query: string,
  fromNs: bigint,
  toNs: bigint,
  signal: AbortSignal,
): Promise<Row[]> {
  const parameters = {
    query,
    start: `${fromNs}`,
    end: `${toNs}`,
    limit: `${job.limit}`,
    direction: 'forward',
  }
  const answer = await retried(signal, () =>
    getJson(job.from, '/loki/api/v1/query_range', parameters, signal, CATEGORIZE),
  )
  const { resultType, result } = resultOf(answer)
  if (resultType !== 'streams') {
    throw new OperatorError(
      'usage',
      `--query ${job.query}: lines are copied, not the result of a metric query`,
    )
  }
  const rows: Row[] = []
  for (const { stream, values } of result as { stream: Record<string, string>; values: Value[] }[]) {
    const labels = makeLabels(stream)
    for (const [ts, line, more] of values) {
      const metadata = more?.structuredMetadata
      const entry = { tsNs: BigInt(ts), line, ...(metadata !== undefined && { metadata }) }
      rows.push({ labels, entry })
    }
  }
  return rows.sort((a, b) => (a.entry.tsNs < b.entry.tsNs ? -1 : a.entry.tsNs > b.entry.tsNs ? 1 : 0))
}

type Value = readonly [ts: string, line: string, more?: { structuredMetadata?: Record<string, string> }]

const SOURCE_TRIES = 6

/** A source that is busy, or away for a moment, is asked again. */
async function retried<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask()
    } catch (error) {
      const mayHelp = error instanceof OperatorError && /^client_(?:busy|unreachable)$/.test(error.code)
      if (!mayHelp || tries === SOURCE_TRIES) {
        if (error instanceof OperatorError || signal.aborted) throw error
        throw new OperatorError('backfill_read', errorMessage(error), { cause: error })
      }
      await sleep(250 * 2 ** tries, undefined, { signal })
    }
  }
}
