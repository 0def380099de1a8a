import { labelsText } from '#base/labels.ts'
import { compareTimestamps } from '#base/timestamp.ts'
import type { Limits } from '#config/schema/limits.ts'
import { queryRange } from '#logql/engine/engine.ts'
import type { ServerContext } from '../context.ts'
import { checkExpr, clampToLookback } from '../query/check-limits.ts'
import { engineLimits } from '../query/engine-limits.ts'
import { QueryError } from '../query/query-error.ts'
import type { FrameWriter } from './frame.ts'
import { makeLiveRows } from './live-rows.ts'
import { makeTailQueue, type TailEntry, type TailQueue } from './tail-queue.ts'
import type { TailRequest } from './tail-request.ts'

/** What a tail needs of the WebSocket it writes to. */
export interface TailSocket {
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number
  send(text: string): void
  /** Sends a close frame. */
  close(code: number, reason: string): void
  /** Cuts the connection. */
  terminate(): void
}

/** How many entries a frame holds at most, and how often frames are made: Loki's figures. */
const FRAME_ENTRIES = 100
const FRAME_EVERY_MS = 500

/** A client with more than this waiting in its socket gets no further frames until it has read some. */
const MAX_BUFFERED_BYTES = 1 << 20

/**
 * Follows a query: the newest entries first, then what comes in. Returns when `signal` ends.
 * @throws LogqlError, QueryError for a query that cannot be followed: the text of the close frame
 */
export async function runTail(
  context: ServerContext,
  socket: TailSocket,
  request: TailRequest,
  writeFrame: FrameWriter,
  signal: AbortSignal,
): Promise<void> {
  const { expr, query, queryTags, tenant } = request
  const limits = context.limits.of(tenant)
  if (expr.kind !== 'log') throw new QueryError('only log selector is supported')
  checkExpr(expr, query, limits, queryTags)
  const queue = makeTailQueue(request.delayMs)
  // Listening begins before history is read, so that nothing falls between; what is in both is sent once.
  const stop = context.store.subscribe(tenant, makeLiveRows(expr, queue))
  try {
    const history = await readHistory(context, request, limits, signal)
    discardKnown(queue, history)
    await sendUntilEnd(socket, history, queue, writeFrame, signal)
  } finally {
    stop()
  }
}

/** The newest entries since the start, oldest first. */
async function readHistory(
  { store }: ServerContext,
  { tenant, query, start, limit }: TailRequest,
  limits: Limits,
  signal: AbortSignal,
): Promise<TailEntry[]> {
  const nowMs = Date.now()
  // Clocks of clients may be ahead by as much as a push lets them.
  const end = { ms: nowMs + limits.creation_grace_period, ns: 0 }
  const clamped = clampToLookback({ start, end }, limits, nowMs)
  if (clamped === undefined || clamped.start.ms >= end.ms) return []
  const most = limits.max_entries_limit_per_query
  const range = {
    query,
    startMs: clamped.start.ms,
    startNs: clamped.start.ns,
    endMs: end.ms,
    endNs: end.ns,
    stepMs: 1000,
    intervalMs: 0,
    limit: most > 0 ? Math.min(limit, most) : limit,
    direction: 'backward' as const,
  }
  const timeout = limits.query_timeout > 0 ? [AbortSignal.timeout(limits.query_timeout)] : []
  const result = await queryRange(
    store,
    tenant,
    range,
    engineLimits(limits),
    AbortSignal.any([signal, ...timeout]),
  )
  if (result.type !== 'streams') return []
  const entries = result.streams.flatMap(({ labels, streamLabels, entries: own }) =>
    own.map((entry) => ({ ...entry, labels, streamLabels })),
  )
  // Entries of one time come newest first within their stream; turned round before the stable sort.
  return entries.reverse().sort((a, b) => compareTimestamps(a.tsMs, a.tsNs, b.tsMs, b.tsNs))
}

/** Takes out of the queue what history holds too; each entry as often as it is there. */
function discardKnown(queue: TailQueue, history: readonly TailEntry[]): void {
  const keyOf = ({ tsMs, tsNs, labels, line }: TailEntry): string =>
    `${tsMs} ${tsNs} ${labelsText(labels)} ${line}`
  const known = new Map<string, number>()
  for (const entry of history) {
    const key = keyOf(entry)
    known.set(key, (known.get(key) ?? 0) + 1)
  }
  queue.discard((entry) => {
    const key = keyOf(entry)
    const count = known.get(key) ?? 0
    if (count > 0) known.set(key, count - 1)
    return count > 0
  })
}

async function sendUntilEnd(
  socket: TailSocket,
  history: readonly TailEntry[],
  queue: TailQueue,
  writeFrame: FrameWriter,
  signal: AbortSignal,
): Promise<void> {
  let sent = 0
  /** Sends what the socket takes, at least in part, and returns how many entries went. */
  const send = (entries: readonly TailEntry[]): number => {
    let at = 0
    while (at < entries.length && socket.bufferedAmount < MAX_BUFFERED_BYTES) {
      socket.send(writeFrame(entries.slice(at, at + FRAME_ENTRIES), queue.takeDropped()))
      at += FRAME_ENTRIES
    }
    return Math.min(at, entries.length)
  }
  while (!signal.aborted) {
    if (sent < history.length) sent += send(history.slice(sent))
    if (sent === history.length && socket.bufferedAmount < MAX_BUFFERED_BYTES) {
      const nowMs = Date.now()
      const ready = queue.takeReady(nowMs)
      queue.putBack(ready.slice(send(ready)), nowMs)
      const dropped = ready.length === 0 ? queue.takeDropped() : []
      if (dropped.length > 0) socket.send(writeFrame([], dropped))
    }
    await pause(FRAME_EVERY_MS, signal)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}
