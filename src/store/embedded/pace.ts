import { setTimeout as sleep } from 'node:timers/promises'

/** Of the time that passes, the part that work in the background may take: alone, and beside queries. */
const SHARE_ALONE = 0.5
const SHARE_BESIDE = 0.2
/** Shorter rests are saved up: a timer is not exact enough for them. */
const SHORTEST_REST_MS = 4

/**
 * For long work that anything else comes before: awaited after each small piece of it, rests so long that the
 * pieces take no more than their share of a core. Throws the signal's reason when it is time to stop.
 */
export function makePace(isBusy: () => boolean, signal: AbortSignal): () => Promise<void> {
  let workedSince = performance.now()
  let owedMs = 0
  return async () => {
    signal.throwIfAborted()
    const share = isBusy() ? SHARE_BESIDE : SHARE_ALONE
    owedMs += (performance.now() - workedSince) * (1 / share - 1)
    if (owedMs >= SHORTEST_REST_MS) {
      await sleep(owedMs, undefined, { signal })
      owedMs = 0
    }
    workedSince = performance.now()
  }
}
