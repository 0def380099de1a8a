/** When something is to be done again and again. */
export interface TickerOptions {
  readonly intervalMs: number
  /** Ticks are this far past multiples of the interval since the epoch. */
  readonly offsetMs: number
  /** Does it; the next tick waits for the end. Must not reject. `tsMs` is when the tick was due. */
  readonly onTick: (tsMs: number) => Promise<void>
  /** Told how many ticks passed by while the last one lasted. */
  readonly onMissed: (count: number) => void
}

/** Something that happens again and again. */
export interface Ticker {
  /** Waits for the tick that is under way; no other comes. */
  stop(): Promise<void>
}

/** `setTimeout` cannot wait longer. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** Begins to tick. */
export function startTicker({ intervalMs, offsetMs, onTick, onMissed }: TickerOptions): Ticker {
  let open = true
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  const schedule = (afterMs: number): void => {
    if (!open) return
    const dueMs = nextTick(Math.max(afterMs, Date.now()), intervalMs, offsetMs)
    const missed = Math.round((dueMs - nextTick(afterMs, intervalMs, offsetMs)) / intervalMs)
    if (missed > 0) onMissed(missed)
    waitUntil(dueMs)
  }
  const waitUntil = (dueMs: number): void => {
    const delayMs = Math.min(Math.max(dueMs - Date.now(), 0), MAX_DELAY_MS)
    timer = setTimeout(() => {
      if (Date.now() < dueMs) waitUntil(dueMs)
      else running = onTick(dueMs).then(() => schedule(dueMs))
    }, delayMs)
    timer.unref()
  }
  schedule(Date.now())
  return {
    async stop() {
      open = false
      clearTimeout(timer)
      await running
    },
  }
}

/** The first moment after `afterMs` that is `offsetMs` past a multiple of the interval. */
export function nextTick(afterMs: number, intervalMs: number, offsetMs: number): number {
  return Math.floor((afterMs - offsetMs) / intervalMs) * intervalMs + offsetMs + intervalMs
}
