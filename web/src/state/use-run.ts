import { useCallback, useEffect, useMemo, useReducer } from 'react'
import type { MsRange } from '../loki/log-volume.ts'
import { isInverted, printPoint, resolveRange } from './time-range.ts'
import type { PageState } from './url-state.ts'
import type { Run } from './use-logs.ts'

const VOLUME_REFRESH_MS = 10_000

/** The runs that a page state leads to. */
export interface Runs {
  /** The window in ms, resolved when the run started. */
  readonly window: MsRange
  /** The range ends before it begins: nothing is asked. */
  readonly isInverted: boolean
  /** Null while there is no query. */
  readonly run: Run | null
  /** The same for the volume, which while live moves along every few seconds. */
  readonly volumeRun: Run | null
  /** Runs again, with a new now. */
  readonly rerun: () => void
}

/** Turns the page's state into runs: a new one whenever query, range or direction change, or on demand. */
export function useRun(state: PageState): Runs {
  const [id, again] = useReducer((n: number) => n + 1, 0)
  const [tick, advance] = useReducer((n: number) => n + 1, 0)
  const { query, range, direction, live } = state
  const rangeKey = `${printPoint(range.from)} ${printPoint(range.to)}`
  useEffect(() => {
    if (!live) return
    const timer = setInterval(advance, VOLUME_REFRESH_MS)
    return () => clearInterval(timer)
  }, [live])
  // biome-ignore lint/correctness/useExhaustiveDependencies: "now" is read anew for every run
  const window = useMemo(() => resolveRange(range, Date.now()), [rangeKey, id])
  const inverted = isInverted(range, Date.now())
  const run = useMemo(
    () => (query.trim() === '' || inverted ? null : { query, window, direction, id }),
    [query, window, direction, id, inverted],
  )
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above, and on every tick
  const volumeRun = useMemo(
    () => (run === null || tick === 0 || !live ? run : { ...run, window: resolveRange(range, Date.now()) }),
    [run, tick],
  )
  return { window, isInverted: inverted, run, volumeRun, rerun: useCallback(() => again(), []) }
}
