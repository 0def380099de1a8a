import { setImmediate } from 'node:timers/promises'

/** Longest stretch of work between two looks at the event loop. */
const SLICE_MS = 8

/**
 * For long work in small steps: awaited between steps, lets the event loop run whenever a slice of time is
 * used up.
 */
export function makePacer(): () => Promise<void> | undefined {
  let startedAt = performance.now()
  return () => {
    if (performance.now() - startedAt < SLICE_MS) return undefined
    return setImmediate().then(() => {
      startedAt = performance.now()
    })
  }
}
