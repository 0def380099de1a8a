import { useEffect, useState } from 'react'
import { messageOf } from '../loki/http.ts'
import type { MsRange } from '../loki/log-volume.ts'
import { countServices, listServices, type ServiceList } from '../loki/services.ts'

/** The services of a window; `list` is null until the first answer. */
export interface ServicesState {
  readonly list: ServiceList | null
  /** Set when the server cannot even list labels. */
  readonly error: string
}

/** Lists the services of a window and then counts their lines. */
export function useServices(window: MsRange): ServicesState {
  const [state, setState] = useState<ServicesState>({ list: null, error: '' })
  const { fromMs, toMs } = window
  useEffect(() => {
    const control = new AbortController()
    const { signal } = control
    const put = (next: ServicesState) => signal.aborted || setState(next)
    const load = async () => {
      const list = await listServices({ fromMs, toMs }, signal)
      // Names first; a list that already has counts is not made poorer while the new ones are on their way.
      setState((old) => (signal.aborted ? old : { list: keepCounts(old.list, list), error: '' }))
      // The list stands without counts where the server cannot give them.
      const counted = await countServices(list, { fromMs, toMs }, signal).catch(() => list)
      put({ list: counted, error: '' })
    }
    load().catch((error) => put({ list: null, error: messageOf(error) }))
    return () => control.abort()
  }, [fromMs, toMs])
  return state
}

function keepCounts(old: ServiceList | null, next: ServiceList): ServiceList {
  if (old === null || old.label !== next.label) return next
  const known = new Map(old.services.map((service) => [service.name, service]))
  return { label: next.label, services: next.services.map((service) => known.get(service.name) ?? service) }
}
