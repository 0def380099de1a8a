import { setTimeout as sleep } from 'node:timers/promises'
import { errorMessage, OperatorError } from '#base/errors.ts'
import type { ClientOptions } from './query-client.ts'
import { type Line, pages, without } from './query-pages.ts'

/** How a query is followed. */
export interface TailRequest {
  readonly query: string
  /** Where to begin, nanoseconds since the epoch. */
  readonly fromNs: bigint
  /** Lines of the past to show first. */
  readonly limit: number
  readonly batch: number
  readonly pollMs: number
  /** Told when a poll fails and will be tried again. */
  readonly onTrouble: (message: string) => void
  readonly nowNs: () => bigint
}

/**
 * Lines reach the server a little after their timestamp, and those of one container later than those of
 * another. Each poll therefore reads this much of the past again, and gives out what it has not given out
 * before.
 */
const OVERLAP_NS = 10_000_000_000n
/** Clocks of senders may run ahead of ours. */
const AHEAD_NS = 60_000_000_000n
const MAX_WAIT_MS = 10_000

/**
 * Follows a log query: first the newest `limit` lines since `fromNs`, oldest first, then new ones as they
 * arrive. A server that is away is waited for; an answer that will not change (400, 401, …) ends the tail
 * with its error.
 */
export async function* tail(
  client: ClientOptions,
  request: TailRequest,
  signal: AbortSignal,
): AsyncGenerator<readonly Line[]> {
  const past = await newest(client, request, signal)
  if (past.length > 0) yield past
  // What lies before the first shown line was passed over on purpose.
  let fromNs = past.length > 0 ? past[0].tsNs : request.fromNs
  let given: Line[] = [...past]
  let waitMs = request.pollMs
  while (!signal.aborted) {
    await sleep(waitMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    const nowNs = request.nowNs()
    try {
      const found = await everything(client, request, fromNs, nowNs + AHEAD_NS, signal)
      const fresh = without(found, given)
      given.push(...fresh)
      if (fresh.length > 0) yield fresh
      waitMs = request.pollMs
      // Only now: what a poll that failed would have found, the next one must.
      if (nowNs - OVERLAP_NS > fromNs) fromNs = nowNs - OVERLAP_NS
      given = given.filter(({ tsNs }) => tsNs >= fromNs)
    } catch (error) {
      if (signal.aborted) return
      if (!mayPass(error)) throw error
      waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)
      request.onTrouble(`${errorMessage(error)}; trying again in ${waitMs / 1000} s`)
    }
  }
}

async function newest(client: ClientOptions, request: TailRequest, signal: AbortSignal): Promise<Line[]> {
  const range = { fromNs: request.fromNs, toNs: request.nowNs() + AHEAD_NS }
  const lines: Line[] = []
  const { query, limit, batch } = request
  for await (const page of pages(client, { query, limit, batch, range, direction: 'backward' }, signal)) {
    lines.push(...logLines(page))
  }
  return lines.reverse()
}

async function everything(
  client: ClientOptions,
  { query, batch }: TailRequest,
  fromNs: bigint,
  toNs: bigint,
  signal: AbortSignal,
): Promise<Line[]> {
  const lines: Line[] = []
  const range = { fromNs, toNs }
  const request = { query, batch, range, limit: Number.POSITIVE_INFINITY, direction: 'forward' as const }
  for await (const page of pages(client, request, signal)) lines.push(...logLines(page))
  return lines
}

function logLines(page: { lines: readonly Line[] } | { metric: unknown }): readonly Line[] {
  if ('lines' in page) return page.lines
  throw new OperatorError('usage', '--tail follows log lines; this is a metric query, run it without --tail')
}

/** No answer at all, too many requests and server errors may pass; other refusals will not. */
function mayPass(error: unknown): boolean {
  return error instanceof OperatorError && ['client_unreachable', 'client_busy'].includes(error.code)
}
