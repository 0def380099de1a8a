import { useCallback, useEffect, useState } from 'react'
import { type PageState, parseState, printState } from './url-state.ts'

/**
 * Changes part of the state. `replace` changes the current address instead of making a step to go back to.
 */
export type ChangeState = (patch: Partial<PageState>, how?: 'push' | 'replace') => void

/** The page's state, which lives in the address: back, forward and a copied link restore it. */
export function usePageState(): [PageState, ChangeState] {
  const [state, setState] = useState(() => parseState(location.search))
  useEffect(() => {
    const onPop = () => setState(parseState(location.search))
    addEventListener('popstate', onPop)
    return () => removeEventListener('popstate', onPop)
  }, [])
  const change = useCallback<ChangeState>((patch, how = 'push') => {
    const next = { ...parseState(location.search), ...patch }
    const address = `?${printState(next)}`
    if (address !== location.search) {
      if (how === 'push') history.pushState(null, '', address)
      else history.replaceState(null, '', address)
    }
    setState(next)
  }, [])
  return [state, change]
}
