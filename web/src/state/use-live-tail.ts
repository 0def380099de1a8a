import { useEffect, useRef, useState } from 'react'
import { queryRange } from '../loki/api.ts'
import { messageOf } from '../loki/http.ts'
import { addNs, type LogRow, msToNs } from '../rows/row.ts'
import { mergeRows, tailFresh, tailStartNs } from '../rows/tail.ts'
import type { Logs } from './use-logs.ts'

const POLL_MS = 1000
const POLL_LIMIT = 1000
/** Pages per poll; a source that writes more is skipped ahead, and the page says so. */
const MAX_PAGES = 5
/** Rows kept while live; older ones can be loaded again by scrolling. */
const KEPT_ROWS = 20_000
/** Rows that wait while the person reads. */
const PENDING_LIMIT = 5_000

/** What the tail is doing. */
export interface LiveTail {
  /** New lines that wait until the person comes back to the top. */
  readonly pending: number
  /** More lines arrived than can wait or be fetched: some of the window is not shown. */
  readonly skipped: boolean
  /** The last poll failed; the tail keeps trying. */
  readonly error: string
  /** Shows what waits. */
  readonly flush: () => void
}

/**
 * Polls for new lines while `active`. Lines are added at the top while `following`; otherwise they wait.
 * Every poll looks a few seconds back and takes out what is known, so late lines are found and none repeats.
 */
export function useLiveTail(logs: Logs, active: boolean, following: boolean): LiveTail {
  const [view, setView] = useState({ pending: 0, skipped: false, error: '' })
  const pending = useRef<LogRow[]>([])
  const current = useRef({ logs, following })
  current.current = { logs, following }
  const run = logs.state.run
  const ready = logs.state.status === 'ready' && logs.state.series === null

  const flush = useRef(() => {
    const { rows } = current.current.logs.state
    const merged = mergeRows(rows, pending.current, 'backward')
    pending.current = []
    current.current.logs.setRows(merged.slice(0, KEPT_ROWS), merged.length > KEPT_ROWS)
    setView((old) => ({ ...old, pending: 0, skipped: false }))
  })

  useEffect(() => {
    pending.current = []
    setView({ pending: 0, skipped: false, error: '' })
    if (!active || !ready || run === null) return
    const control = new AbortController()
    const poll = async () => {
      const known = [...current.current.logs.state.rows, ...pending.current]
      const windowStart = msToNs(run.window.fromMs)
      // Rows that wait are newer than those shown, but a late one may not be: look for the newest.
      const newest = known.reduce(
        (max, row) => (row.tsMs > max.tsMs ? row : max),
        known[0] ?? noRow(run.window.toMs),
      )
      const start = tailStartNs(newest.tsNs, windowStart)
      const polled = await pollOnce(run.query, start, control.signal)
      if (control.signal.aborted) return
      const fresh = tailFresh(known, polled.rows, start)
      pending.current = [...pending.current, ...fresh]
      const overflow = pending.current.length > PENDING_LIMIT
      if (overflow) pending.current = pending.current.slice(-PENDING_LIMIT)
      setView((old) => ({
        pending: pending.current.length,
        skipped: old.skipped || overflow || polled.skipped,
        error: '',
      }))
      if (current.current.following && pending.current.length > 0) flush.current()
    }
    const loop = async () => {
      while (!control.signal.aborted) {
        await poll().catch((error) => {
          if (!control.signal.aborted) setView((old) => ({ ...old, error: messageOf(error) }))
        })
        await sleep(POLL_MS, control.signal)
      }
    }
    void loop()
    return () => control.abort()
  }, [active, ready, run])

  useEffect(() => {
    if (following && pending.current.length > 0) flush.current()
  }, [following])
  return { ...view, flush: flush.current }
}

function noRow(atMs: number): { tsMs: number; tsNs: string } {
  return { tsMs: atMs, tsNs: msToNs(atMs) }
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
