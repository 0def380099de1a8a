import { setTimeout as sleep } from 'node:timers/promises'

const FORCE_AFTER_MS = 5000

/**
 * Runs `stop` once on SIGTERM or SIGINT and exits 0 when it is done; a second signal, or {@link
 * FORCE_AFTER_MS} without an end, exits 1. Resolves never: a serving command lives until it is told to stop.
 * With `delayMs` it goes on for so long after the signal, for load balancers to notice.
 */
export function runUntilSignal(stop: () => Promise<void>, delayMs = 0): Promise<never> {
  return new Promise(() => {
    let stopping = false
    const onSignal = (): void => {
      if (stopping) process.exit(1)
      stopping = true
      setTimeout(() => {
        console.error(`logboom: could not stop cleanly within ${FORCE_AFTER_MS / 1000} s`)
        process.exit(1)
      }, delayMs + FORCE_AFTER_MS).unref()
      const stopped = delayMs > 0 ? sleep(delayMs).then(stop) : stop()
      stopped.then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(`logboom: stopping failed: ${error instanceof Error ? error.message : String(error)}`)
          process.exit(1)
        },
      )
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}
