import { useCallback, useEffect, useRef, useState } from 'react'
import { queryRange, type RangeAnswer, type Series } from '../loki/api.ts'
import { LokiError, messageOf } from '../loki/http.ts'
import type { MsRange } from '../loki/log-volume.ts'
import type { QueryStats } from '../loki/stats.ts'
import { scanLogQuery } from '../query/scan.ts'
import { volumeStepMs } from '../query/volume.ts'
import { type Direction, type NsRange, nextWindow, takePage } from '../rows/pager.ts'
import { type LogRow, msToNs } from '../rows/row.ts'

/** Lines asked for at a time. */
export const PAGE_SIZE = 1000
/** Loki's `max_entries_limit_per_query` by default: no page can be larger. */
const MAX_PAGE = 5000

/** One query run: what was asked. */
export interface Run {
  readonly query: string
  readonly window: MsRange
  readonly direction: Direction
  /** Grows by one with every run. */
  readonly id: number
}

/** What a run has brought so far. */
export interface LogsState {
  readonly status: 'idle' | 'loading' | 'ready' | 'failed'
  readonly run: Run | null
  readonly rows: readonly LogRow[]
  /** The result of a metric query, null for log queries. */
  readonly series: readonly Series[] | null
  /** All lines of the window are here. */
  readonly done: boolean
  readonly loadingMore: boolean
  readonly error: LokiError | null
  /** Loading further lines failed; the rows stay. */
  readonly moreError: string
  readonly stats: QueryStats | null
  readonly warnings: readonly string[]
  readonly roundTripMs: number
}

const IDLE: LogsState = {
  status: 'idle',
  run: null,
  rows: [],
  series: null,
  done: false,
  loadingMore: false,
  error: null,
  moreError: '',
  stats: null,
  warnings: [],
  roundTripMs: 0,
}

/** The lines of a run and the ways to get more of them. */
export interface Logs {
  readonly state: LogsState
  /** Loads the next page; does nothing while one is under way or nothing is left. */
  readonly loadMore: () => void
  /** Replaces the rows (live tail). `trimmed`: rows at the far end were let go and can be loaded again. */
  readonly setRows: (rows: readonly LogRow[], trimmed: boolean) => void
}

/** Runs a query whenever `run` changes, and pages through its lines. */
export function useLogs(run: Run | null): Logs {
  const [state, setState] = useState(IDLE)
  const latest = useRef(state)
  latest.current = state
  const control = useRef(new AbortController())

  useEffect(() => {
    control.current.abort()
    const own = new AbortController()
    control.current = own
    if (run === null) return setState(IDLE)
    setState((old) => ({ ...old, status: 'loading', error: null, moreError: '', loadingMore: false }))
    firstPage(run, own.signal).then(
      (next) => own.signal.aborted || setState(next),
      (error) =>
        own.signal.aborted || setState({ ...IDLE, run, status: 'failed', error: asLokiError(error) }),
    )
    return () => own.abort()
  }, [run])

  const loadMore = useCallback(() => {
    const { run: current, rows, done, loadingMore, status } = latest.current
    if (current === null || done || loadingMore || status !== 'ready' || rows.length === 0) return
    const { signal } = control.current
    const put = (patch: Partial<LogsState>) => signal.aborted || setState((old) => ({ ...old, ...patch }))
    setState((old) => ({ ...old, loadingMore: true, moreError: '' }))
    morePages(current, rows, signal).then(
      (more) =>
        signal.aborted ||
        setState((old) => ({
          ...old,
          rows: [...old.rows, ...more.fresh],
          done: more.done,
          loadingMore: false,
        })),
      (error) => put({ loadingMore: false, moreError: messageOf(error) }),
    )
  }, [])

  const setRows = useCallback((rows: readonly LogRow[], trimmed: boolean) => {
    setState((old) => ({ ...old, rows, done: trimmed ? false : old.done }))
  }, [])
  return { state, loadMore, setRows }
}

async function firstPage(run: Run, signal: AbortSignal): Promise<LogsState> {
  const isLog = scanLogQuery(run.query) !== null
  const { fromMs, toMs } = run.window
  const answer = await queryRange(
    {
      query: run.query,
      ...nsWindow(run.window),
      limit: PAGE_SIZE,
      direction: run.direction,
      stepMs: isLog ? undefined : volumeStepMs(toMs - fromMs, 240),
    },
    signal,
  )
  return { ...IDLE, run, status: 'ready', ...pick(answer), done: answer.rows.length < PAGE_SIZE }
}

function pick({ rows, series, stats, warnings, roundTripMs }: RangeAnswer) {
  return { rows, series, stats, warnings, roundTripMs }
}

/** Loads one page; a page of nothing but known rows of one nanosecond is asked for again, larger. */
async function morePages(run: Run, rows: readonly LogRow[], signal: AbortSignal) {
  const window = nextWindow(rows, run.direction, nsWindow(run.window))
  for (let limit = PAGE_SIZE; ; limit = Math.min(MAX_PAGE, limit * 2)) {
    const answer = await queryRange({ query: run.query, ...window, limit, direction: run.direction }, signal)
    const outcome = takePage(rows, answer.rows, limit)
    if (!outcome.stuck) return outcome
    if (limit === MAX_PAGE) {
      throw new LokiError(
        0,
        `More than ${MAX_PAGE} lines share one nanosecond: narrow the query to see past them.`,
      )
    }
  }
}

/** A window in the API's unit; it includes the whole last millisecond. */
export function nsWindow(window: MsRange): NsRange {
  return { startNs: msToNs(window.fromMs), endNs: msToNs(window.toMs + 1) }
}

function asLokiError(error: unknown): LokiError {
  return error instanceof LokiError ? error : new LokiError(0, messageOf(error))
}
