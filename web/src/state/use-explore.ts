import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react'
import { lineNeedles } from '../query/build.ts'
import { fieldStats } from '../rows/field-stats.ts'
import type { LogRow } from '../rows/row.ts'
import type { RowView } from '../ui/log-row.tsx'
import { sameDay } from './format-time.ts'
import { absoluteRange, endsNow, lastRange, type TimeRange, widened } from './time-range.ts'
import { type PageState, printState } from './url-state.ts'
import { useCompletion } from './use-completion.ts'
import { useLiveTail } from './use-live-tail.ts'
import { useLogs } from './use-logs.ts'
import { type ChangeState, usePageState } from './use-page-state.ts'
import { useQueryActions } from './use-query-actions.ts'
import { useRows } from './use-rows.ts'
import { type Runs, useRun } from './use-run.ts'
import { useServices } from './use-services.ts'
import { useToast } from './use-toast.ts'
import { useVolume } from './use-volume.ts'

/** Rows that the fields panel counts: enough for shares, few enough to count at once. */
const SAMPLE = 1_000
const EMPTY_RETRY_MS = 3_000

/** Everything the Explore page knows and can do, apart from what is open on the screen. */
export type Explore = ReturnType<typeof useExplore>

/** Wires the page together: address → run → lines, volume, services, fields; clicks → address. */
export function useExplore() {
  const [state, change] = usePageState()
  const [toast, say] = useToast()
  const [draft, setDraft] = useState(state.query)
  useEffect(() => setDraft(state.query), [state.query])
  const runs = useRun(state)
  const logs = useLogs(runs.run)
  const volume = useVolume(runs.volumeRun)
  const services = useServices(runs.volumeRun?.window ?? runs.window)
  const focus = useRows(logs.state.rows, logs.state.run)
  const [atTop, setAtTop] = useState(true)
  const tail = useLiveTail(logs, state.live, atTop && focus.expanded.size === 0)
  const sample = useDeferredValue(logs.state.rows)
  const stats = useMemo(() => fieldStats(sample.slice(0, SAMPLE), 8), [sample])
  const completion = useCompletion(runs.window, stats)
  const runQuery = useRunQuery(state, change, runs.rerun, setDraft)
  const label = services.list?.label || 'service_name'
  const actions = useQueryActions(draft, label, runQuery, say)
  const time = useTimeActions(state, change, runs)
  const needles = useMemo(() => lineNeedles(state.query), [state.query])
  useFirstQuery(state, change, services.list?.label ?? '', services.list === null, runs.rerun)
  const { window } = logs.state.run ?? runs
  const view: RowView = useMemo(
    () => ({
      zone: state.zone,
      wrap: state.wrap,
      columns: state.columns,
      withDate: !sameDay(window.fromMs, window.toMs, state.zone),
      needles,
    }),
    [state.zone, state.wrap, state.columns, window, needles],
  )
  const sampled = Math.min(sample.length, SAMPLE)
  // With every line of the range loaded they can be counted; while live, more come than were asked for.
  const { done, rows } = logs.state
  const exactTotal = done && !state.live ? rows.length : null
  return {
    exactTotal,
    ...{ state, change, toast, say, draft, setDraft, runs, logs, volume, services, focus, tail, setAtTop },
    ...{ stats, sampled, completion, runQuery, label, actions, time, view },
    ...useLineActions(state, change, runs, say),
  }
}

/** Runs a query: a new one becomes a step in the browser's history, the same one is run again. */
function useRunQuery(
  state: PageState,
  change: ChangeState,
  rerun: () => void,
  setDraft: (query: string) => void,
): (query: string) => void {
  const latest = useRef(state)
  latest.current = state
  return useCallback(
    (query: string) => {
      setDraft(query)
      if (query === latest.current.query) rerun()
      else change({ query, line: '' })
    },
    [change, rerun, setDraft],
  )
}

/** Without a query the page shows everything, written as LogQL; while nothing is stored it looks again. */
function useFirstQuery(
  state: PageState,
  change: ChangeState,
  label: string,
  waiting: boolean,
  rerun: () => void,
): void {
  const empty = state.query.trim() === ''
  useEffect(() => {
    if (!empty || waiting) return
    if (label !== '') return change({ query: `{${label}=~".+"}` }, 'replace')
    const timer = setInterval(rerun, EMPTY_RETRY_MS)
    return () => clearInterval(timer)
  }, [empty, waiting, label, change, rerun])
}

/** Ways to move in time. */
export interface TimeActions {
  readonly set: (range: TimeRange) => void
  readonly zoom: (fromMs: number, toMs: number) => void
  readonly zoomOut: () => void
  readonly toggleLive: () => void
}

function useTimeActions(state: PageState, change: ChangeState, runs: Runs): TimeActions {
  const before = useRef<TimeRange[]>([])
  const latest = useRef({ state, runs })
  latest.current = { state, runs }
  return useMemo(() => {
    const set = (range: TimeRange) =>
      change({ range, live: latest.current.state.live && endsNow(range), line: '' })
    return {
      set: (range) => {
        before.current = []
        set(range)
      },
      zoom: (fromMs, toMs) => {
        before.current.push(latest.current.state.range)
        set(absoluteRange(fromMs, Math.max(toMs, fromMs + 1)))
      },
      zoomOut: () => set(before.current.pop() ?? widened(latest.current.runs.window, Date.now())),
      toggleLive: () => {
        const { live, range } = latest.current.state
        if (live) return change({ live: false })
        change({
          live: true,
          direction: 'backward',
          range: endsNow(range) ? range : lastRange('15m'),
          line: '',
        })
      },
    }
  }, [change])
}

function useLineActions(state: PageState, change: ChangeState, runs: Runs, say: (message: string) => void) {
  const latest = useRef({ state, runs })
  latest.current = { state, runs }
  return useMemo(() => {
    const copy = (text: string, what: string) =>
      navigator.clipboard.writeText(text).then(
        () => say(`Copied ${what}`),
        () => say('The browser did not allow copying'),
      )
    const address = (of: PageState) => `${location.origin}${location.pathname}?${printState(of)}`
    return {
      copyText: (text: string) => void copy(text, 'the text'),
      /** A link to what is shown; a moving range stays moving. */
      share: () => void copy(address(latest.current.state), 'a link to this view'),
      /** A link that shows one line at the top, with the same start of the window. */
      permalink: (row: LogRow) => {
        const { fromMs } = latest.current.runs.window
        const range = absoluteRange(Math.min(fromMs, row.tsMs), row.tsMs)
        const of: PageState = {
          ...latest.current.state,
          range,
          direction: 'backward',
          live: false,
          line: row.tsNs,
        }
        void copy(address(of), 'a link to this line')
      },
      toggleColumn: (name: string) => {
        const { columns } = latest.current.state
        const others = columns.filter((column) => column !== name)
        change({ columns: columns.includes(name) ? others : [...columns, name] }, 'replace')
      },
    }
  }, [change, say])
}
