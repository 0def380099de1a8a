import { setImmediate as nextTurn } from 'node:timers/promises'

type Load = () => Promise<unknown>

/** What has been put off and not been loaded yet, in the order in which it was. */
const waiting = new Set<Load>()

/**
 * Puts off loading a module until it is first needed, or until `loadTheRest` comes to it; what depends on
 * it need not wait for it at its own start. The promise is the same ever after.
 * @param load as `() => import('./module.ts')`
 */
export function loadLater<Module>(load: () => Promise<Module>): () => Promise<Module> {
  let loaded: Promise<Module> | undefined
  const loadOnce = (): Promise<Module> => {
    waiting.delete(loadOnce)
    loaded ??= load()
    return loaded
  }
  waiting.add(loadOnce)
  return loadOnce
}

/**
 * Loads what was put off, one module after the other, so that whoever needs it first does not wait for it.
 * Between two of them whatever else there is to do has its turn. Ends early when `signal` says so.
 * @throws what a module throws while it is loaded
 */
export async function loadTheRest(signal: AbortSignal): Promise<void> {
  for (const load of waiting) {
    await nextTurn()
    if (signal.aborted) return
    await load()
  }
}
