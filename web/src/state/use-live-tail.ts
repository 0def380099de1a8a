import { useEffect, useRef, useState } from 'react'
import { type Follower, followQuery } from '../loki/follow-query.ts'
import type { LogRow } from '../rows/row.ts'
import { mergeRows } from '../rows/tail.ts'
import type { Logs } from './use-logs.ts'

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
  /** The server or what stands before it has no tail that can be used, so it is asked every second. */
  readonly isPolling: boolean
  /** Shows what waits. */
  readonly flush: () => void
}

const IDLE = { pending: 0, skipped: false, error: '', isPolling: false }

/**
 * Follows new lines while `active`, as {@link followQuery} does. They are added at the top while `following`;
 * otherwise they wait.
 */
export function useLiveTail(logs: Logs, active: boolean, following: boolean): LiveTail {
  const [view, setView] = useState(IDLE)
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
    setView(IDLE)
    if (!active || !ready || run === null) return
    const control = new AbortController()
    const follower: Follower = {
      known: () => [...current.current.logs.state.rows, ...pending.current],
      onRows: (fresh, skipped) => {
        pending.current = [...pending.current, ...fresh]
        const overflow = pending.current.length > PENDING_LIMIT
        if (overflow) pending.current = pending.current.slice(-PENDING_LIMIT)
        setView((old) => ({
          ...old,
          pending: pending.current.length,
          skipped: old.skipped || overflow || skipped,
          error: '',
        }))
        if (current.current.following && pending.current.length > 0) flush.current()
      },
      onPolling: () => setView((old) => ({ ...old, isPolling: true })),
      onError: (error) => setView((old) => ({ ...old, error })),
    }
    void followQuery(run, follower, control.signal)
    return () => control.abort()
  }, [active, ready, run])

  useEffect(() => {
    if (following && pending.current.length > 0) flush.current()
  }, [following])
  return { ...view, flush: flush.current }
}
