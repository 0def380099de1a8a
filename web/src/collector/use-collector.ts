import { useEffect, useState } from 'react'
import { LokiError, messageOf } from '../loki/http.ts'
import {
  type ComponentDetail,
  type ComponentInfo,
  type FlowReport,
  getComponent,
  getFlow,
  listComponents,
} from './api.ts'
import { type FlowRates, flowRates } from './rates.ts'

const POLL_MS = 2_000
/** The first rates come sooner. */
const FIRST_POLL_MS = 1_000
/** Rates are those of about the last ten seconds. */
const REPORTS = 6

/** What is known of a collector. */
export interface CollectorState {
  /** Null until the first answer. */
  readonly components: readonly ComponentInfo[] | null
  readonly flow: FlowReport | null
  readonly rates: FlowRates | null
  /** Why there is nothing (new): what the server said last. `status` 0: it cannot be reached. */
  readonly error: { readonly status: number; readonly message: string } | null
}

/** Asks for components and flow every two seconds while the page is visible. */
export function useCollector(): CollectorState {
  const [state, setState] = useState<CollectorState>({
    components: null,
    flow: null,
    rates: null,
    error: null,
  })
  useEffect(() => {
    const reports: FlowReport[] = []
    return poll(async (signal) => {
      try {
        const [components, flow] = await Promise.all([listComponents(signal), getFlow(signal)])
        reports.push(flow)
        if (reports.length > REPORTS) reports.shift()
        const before = reports.length > 1 ? (reports[0] ?? null) : null
        if (!signal.aborted) setState({ components, flow, rates: flowRates(before, flow), error: null })
      } catch (error) {
        if (signal.aborted) return
        const status = error instanceof LokiError ? error.status : 0
        setState((old) => ({ ...old, error: { status, message: messageOf(error) } }))
      }
    })
  }, [])
  return state
}

/** A component's detail, kept fresh while it is shown; null until the first answer. */
export function useComponent(id: string): {
  readonly detail: ComponentDetail | null
  readonly error: string
} {
  const [state, setState] = useState<{ detail: ComponentDetail | null; error: string }>({
    detail: null,
    error: '',
  })
  useEffect(() => {
    setState({ detail: null, error: '' })
    return poll(async (signal) => {
      try {
        const detail = await getComponent(id, signal)
        if (!signal.aborted) setState({ detail, error: '' })
      } catch (error) {
        if (!signal.aborted) setState((old) => ({ ...old, error: messageOf(error) }))
      }
    })
  }, [id])
  return state
}

/** Runs `ask` again and again until the result is called; a hidden page asks nothing. */
function poll(ask: (signal: AbortSignal) => Promise<void>): () => void {
  const control = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let delay = FIRST_POLL_MS
  const round = async () => {
    if (!document.hidden) await ask(control.signal)
    if (control.signal.aborted) return
    timer = setTimeout(round, delay)
    delay = POLL_MS
  }
  void round()
  return () => {
    clearTimeout(timer)
    control.abort()
  }
}
