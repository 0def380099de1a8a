import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { errorMessage, OperatorError } from '#base/errors.ts'
import { type Labels, labelsObject, labelsText } from '#base/labels.ts'
import { type ClientOptions, requestHeaders, requestUrl } from './query-client.ts'

/** A line on its way into a server. */
export interface BackfillEntry {
  readonly tsNs: bigint
  readonly line: string
  /** Structured metadata; none where absent. */
  readonly metadata?: Readonly<Record<string, string>>
}

/** What has become of the lines given to a {@link BackfillSink}. */
export interface SinkCounts {
  /** Lines that the server has taken, or a dry run has counted. */
  lines: number
  /** Their bytes. */
  bytes: number
  pushes: number
  /** Pushes that were tried again. */
  retries: number
  /** Lines of pushes in which the server refused something, under `--skip-refused`. */
  refused: number
}

/** How lines are pushed. */
export interface SinkOptions {
  readonly client: ClientOptions
  /** Bytes of lines in a push, about. */
  readonly batchBytes: number
  /** Bytes of lines per second; Infinity for as fast as it goes. */
  readonly bytesPerSecond: number
  /** Times that a push is tried again before it is given up. */
  readonly maxRetries: number
  /** Goes on after a push of which the server refuses something. */
  readonly skipRefused: boolean
  /** Counts and pushes nothing. */
  readonly dryRun: boolean
  /** The first wait before a push is tried again, ms; doubled each time up to 30 s. Default 500. */
  readonly backoffMs?: number
  readonly onRetry?: (message: string) => void
}

/** Takes lines and pushes them, in order. */
export interface BackfillSink {
  readonly counts: Readonly<SinkCounts>
  /** Resolves when there is room for more. */
  add(labels: Labels, entry: BackfillEntry): Promise<void>
  /** Resolves when everything that was given is in the server. */
  flush(): Promise<void>
}

const MAX_BACKOFF_MS = 30_000
/** What a line costs beside its text. */
const ENTRY_BYTES = 40
const gzipped = promisify(gzip)

interface Batch {
  readonly streams: Map<string, { readonly labels: Labels; readonly entries: BackfillEntry[] }>
  lines: number
  lineBytes: number
  sizeBytes: number
}

/**
 * A sink into Loki's push API: JSON, gzip. One push is under way while the next is put together, so that
 * lines stay in order.
 * `add` and `flush` throw OperatorError `backfill_refused` where the server refuses lines, `backfill_push`
 * where it does not take them however often it is tried, and the signal's reason once it is aborted.
 */
export function makeBackfillSink(options: SinkOptions, signal: AbortSignal): BackfillSink {
  const counts: SinkCounts = { lines: 0, bytes: 0, pushes: 0, retries: 0, refused: 0 }
  const startedMs = Date.now()
  let batch = emptyBatch()
  let underWay: Promise<void> = Promise.resolve()
  const send = async (full: Batch): Promise<void> => {
    const taken = options.dryRun ? true : await push(full, options, counts, signal)
    if (taken) {
      counts.lines += full.lines
      counts.bytes += full.lineBytes
    } else counts.refused += full.lines
    const dueMs = startedMs + ((counts.bytes + full.lineBytes) / options.bytesPerSecond) * 1000
    if (dueMs > Date.now()) await sleep(dueMs - Date.now(), undefined, { signal })
  }
  const rotate = async (): Promise<void> => {
    const full = batch
    batch = emptyBatch()
    await underWay
    if (full.lines === 0) return
    underWay = send(full)
    // Whoever waits next is told; until then it is nobody's.
    underWay.catch(() => undefined)
  }
  return {
    counts,
    async add(labels, entry) {
      const key = labelsText(labels)
      let stream = batch.streams.get(key)
      if (stream === undefined) {
        stream = { labels, entries: [] }
        batch.streams.set(key, stream)
      }
      stream.entries.push(entry)
      const bytes = Buffer.byteLength(entry.line)
      batch.lines++
      batch.lineBytes += bytes
      batch.sizeBytes += bytes + ENTRY_BYTES
      if (batch.sizeBytes >= options.batchBytes) await rotate()
    },
    async flush() {
      await rotate()
      await underWay
    },
  }
}

function emptyBatch(): Batch {
  return { streams: new Map(), lines: 0, lineBytes: 0, sizeBytes: 0 }
}

/** @returns false where the server refused something and that is to be passed over */
async function push(
  batch: Batch,
  options: SinkOptions,
  counts: SinkCounts,
  signal: AbortSignal,
): Promise<boolean> {
  const body = await gzipped(bodyOf(batch), { level: 1 })
  const url = requestUrl(options.client, '/loki/api/v1/push', {})
  const headers = {
    ...requestHeaders(options.client),
    'content-type': 'application/json',
    'content-encoding': 'gzip',
  }
  let waitMs = options.backoffMs ?? 500
  for (let tries = 0; ; tries++) {
    const answer = await attempt(url, headers, body, signal)
    counts.pushes++
    if (answer.status >= 200 && answer.status < 300) return true
    const mayHelp = answer.status === 0 || answer.status === 429 || answer.status >= 500
    if (!mayHelp) {
      if (options.skipRefused && answer.status === 400) return false
      const advice = answer.status === 400 ? '; --skip-refused goes on with what the server takes' : ''
      throw new OperatorError(
        'backfill_refused',
        `${url} refused lines: ${answer.text} (${answer.status})${advice}`,
      )
    }
    if (tries >= options.maxRetries) {
      throw new OperatorError(
        'backfill_push',
        `${url} did not take lines in ${tries + 1} tries: ${answer.text}`,
      )
    }
    counts.retries++
    options.onRetry?.(`${answer.text}; trying again in ${Math.round(waitMs / 100) / 10} s`)
    await sleep(Math.max(waitMs, answer.retryAfterMs), undefined, { signal })
    waitMs = Math.min(waitMs * 2, MAX_BACKOFF_MS)
  }
}

/** Status 0: no answer. */
interface PushAnswer {
  readonly status: number
  readonly text: string
  readonly retryAfterMs: number
}

async function attempt(
  url: string,
  headers: Record<string, string>,
  body: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<PushAnswer> {
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal })
    const text = (await response.text()).trim().slice(0, 1000) || response.statusText
    const retryAfterMs = Number(response.headers.get('retry-after') ?? 0) * 1000 || 0
    return { status: response.status, text, retryAfterMs }
  } catch (error) {
    signal.throwIfAborted()
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    return { status: 0, text: `no answer from ${url}: ${errorMessage(cause)}`, retryAfterMs: 0 }
  }
}

function bodyOf({ streams }: Batch): string {
  const values = ({ tsNs, line, metadata }: BackfillEntry): unknown[] =>
    metadata === undefined ? [String(tsNs), line] : [String(tsNs), line, metadata]
  return JSON.stringify({
    streams: [...streams.values()].map(({ labels, entries }) => {
      return { stream: labelsObject(labels), values: entries.map(values) }
    }),
  })
}
