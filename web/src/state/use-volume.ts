import { useEffect, useState } from 'react'
import { messageOf } from '../loki/http.ts'
import { type LogVolume, logVolume } from '../loki/log-volume.ts'
import type { Run } from './use-logs.ts'

/** The volume of a run's query; the last one stays visible while the next loads. */
export interface VolumeState {
  readonly volume: LogVolume | null
  readonly run: Run | null
  readonly error: string
  readonly loading: boolean
}

const BARS = 120

/** Counts the lines of every run by time and level. */
export function useVolume(run: Run | null): VolumeState {
  const [state, setState] = useState<VolumeState>({ volume: null, run: null, error: '', loading: false })
  useEffect(() => {
    if (run === null) return
    const control = new AbortController()
    setState((old) => ({ ...old, loading: true }))
    const put = (patch: Partial<VolumeState>) => {
      if (!control.signal.aborted) setState((old) => ({ ...old, run, loading: false, error: '', ...patch }))
    }
    logVolume(run.query, run.window, BARS, control.signal).then(
      (volume) => put({ volume }),
      (error) => put({ volume: null, error: messageOf(error) }),
    )
    return () => control.abort()
  }, [run])
  return state
}
