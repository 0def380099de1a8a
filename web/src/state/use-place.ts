import { useCallback, useEffect, useState } from 'react'

/** The views of the page. */
export const VIEWS = ['logs', 'alerts', 'collector'] as const

/** One of {@link VIEWS}. */
export type View = (typeof VIEWS)[number]

/** Which view is open, and on what. */
export interface Place {
  readonly view: View
  /** The component that the collector's view shows, by its id; empty for none. */
  readonly component: string
}

/** Reads the place from the query part of an address. */
export function parsePlace(search: string): Place {
  const params = new URLSearchParams(search)
  const view = VIEWS.find((name) => name === params.get('view')) ?? 'logs'
  return { view, component: params.get('component') ?? '' }
}

/** The query part of an address with another place; what the log view keeps there stays. */
export function printPlace(search: string, { view, component }: Place): string {
  const params = new URLSearchParams(search)
  for (const [name, value, absent] of [
    ['view', view, 'logs'],
    ['component', component, ''],
  ] as const) {
    if (value === absent) params.delete(name)
    else params.set(name, value)
  }
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

/** The place, which lives in the address, and a way to go elsewhere that the browser's "back" undoes. */
export function usePlace(): [Place, (to: Partial<Place>) => void] {
  const [place, setPlace] = useState(() => parsePlace(location.search))
  useEffect(() => {
    const onPop = () => setPlace(parsePlace(location.search))
    addEventListener('popstate', onPop)
    return () => removeEventListener('popstate', onPop)
  }, [])
  const go = useCallback((to: Partial<Place>) => {
    const next = { ...parsePlace(location.search), ...to }
    history.pushState(null, '', `${location.pathname}${printPlace(location.search, next)}`)
    setPlace(next)
  }, [])
  return [place, go]
}
