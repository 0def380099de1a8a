import { addNs, compareNs, type LogRow, msToNs } from '../rows/row.ts'
import { tailFresh, tailStartNs } from '../rows/tail.ts'
import { queryRange } from './api.ts'
import { sortRows } from './entries.ts'
import { messageOf } from './http.ts'
import type { MsRange } from './log-volume.ts'
import { followTail, type TailEnd, type TailOptions } from './tail.ts'

const POLL_MS = 1000
const POLL_LIMIT = 1000
/** Pages per poll; a source that writes more is skipped ahead, and the page says so. */
const MAX_PAGES = 5
/** Lines that a tail begins with at most: Loki's `max_entries_limit_per_query` by default. */
const TAIL_LIMIT = 5_000
/** How often what a tail has brought is handed over. */
const HAND_OVER_EVERY_MS = 250

/** Who follows a query. */
export interface Follower {
  /** The rows that are there already. */
  readonly known: () => readonly LogRow[]
  /** Takes rows that are not known yet. `skipped`: more came than could be fetched. */
  readonly onRows: (fresh: readonly LogRow[], skipped: boolean) => void
  /** There is no tail that can be used, so the server is asked every second from now on. */
  readonly onPolling: () => void
  readonly onError: (message: string) => void
}

/**
 * Follows new lines of a query until `signal` ends: over Loki's WebSocket, or where that does not work by
 * asking every second. Whatever begins (again) looks a few seconds back and takes out what is known, so late
 * lines are found and none is missing or there twice.
 */
export async function followQuery(
  run: { readonly query: string; readonly window: MsRange },
  to: Follower,
  signal: AbortSignal,
): Promise<void> {
  const oldest = msToNs(run.window.fromMs)
  let end: TailEnd = 'broken'
  const tail = () => {
    const options = { query: run.query, startNs: startOf(to.known(), run.window), limit: TAIL_LIMIT }
    return followInSteps(options, signal, (rows, skipped) => {
      const inWindow = rows.filter((row) => compareNs(row.tsNs, oldest) >= 0)
      to.onRows(tailFresh(to.known(), inWindow, inWindow[0]?.tsNs ?? options.startNs), skipped)
    })
  }
  const poll = async () => {
    const startNs = startOf(to.known(), run.window)
    const polled = await pollOnce(run.query, startNs, signal)
    if (!signal.aborted) to.onRows(tailFresh(to.known(), polled.rows, startNs), polled.skipped)
  }
  while (!signal.aborted) {
    if (end === 'broken') {
      end = await tail()
      if (end === 'unusable' && !signal.aborted) to.onPolling()
    }
    if (end === 'unusable') {
      await poll().catch((error) => {
        if (!signal.aborted) to.onError(messageOf(error))
      })
    }
    await sleep(POLL_MS, signal)
  }
}

/** Where to look on from: a little before the newest row, which is not the first where a late one came. */
function startOf(known: readonly LogRow[], window: MsRange): string {
  const first = known[0] ?? { tsMs: window.toMs, tsNs: msToNs(window.toMs) }
  const newest = known.reduce((max, row) => (row.tsMs > max.tsMs ? row : max), first)
  return tailStartNs(newest.tsNs, msToNs(window.fromMs))
}

/** Follows a tail and hands over what has come a few times a second, oldest first. */
async function followInSteps(
  options: TailOptions,
  signal: AbortSignal,
  onRows: (rows: readonly LogRow[], skipped: boolean) => void,
): Promise<TailEnd> {
  let waiting: LogRow[] = []
  let skipped = false
  const handOver = () => {
    if (waiting.length === 0 && !skipped) return
    const rows = sortRows(waiting, 'forward')
    // As many as were asked for to begin with: older ones may have been left out.
    onRows(rows, skipped || rows.length >= options.limit)
    waiting = []
    skipped = false
  }
  const timer = setInterval(handOver, HAND_OVER_EVERY_MS)
  const end = await followTail(
    options,
    ({ rows, dropped }) => {
      for (const row of rows) waiting.push(row)
      skipped ||= dropped > 0
    },
    signal,
  )
  clearInterval(timer)
  if (!signal.aborted) handOver()
  return end
}

/** Reads forward from `startNs` to now, page by page. */
async function pollOnce(query: string, startNs: string, signal: AbortSignal) {
  const rows: LogRow[] = []
  let start = startNs
  for (let page = 0; page < MAX_PAGES; page++) {
    const endNs = msToNs(Date.now() + 60_000)
    const answer = await queryRange(
      { query, startNs: start, endNs, limit: POLL_LIMIT, direction: 'forward' },
      signal,
    )
    rows.push(...(page === 0 ? answer.rows : tailFresh(rows, answer.rows, start)))
    if (answer.rows.length < POLL_LIMIT) return { rows, skipped: false }
    const last = answer.rows.at(-1)?.tsNs ?? start
    start = last === start ? addNs(last, 1) : last
  }
  // Too far behind: jump to the newest lines.
  const endNs = msToNs(Date.now() + 60_000)
  const newest = await queryRange(
    { query, startNs: start, endNs, limit: POLL_LIMIT, direction: 'backward' },
    signal,
  )
  const skipped = newest.rows.length === POLL_LIMIT
  return { rows: [...rows, ...tailFresh(rows, newest.rows.toReversed(), start)], skipped }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
