/** Re-evaluates the dependants of nodes whose exports changed, apart from the code that changed them. */
export interface Propagation {
  /** A node is to be evaluated again; many requests before it happens are one. */
  schedule(id: string): void
  /**
   * Runs `run` while no evaluation and no other such work is under way; requests made meanwhile wait.
   */
  paused<T>(run: () => Promise<T>): Promise<T>
  /** Evaluates nothing any more. */
  stop(): void
}

/**
 * Evaluates scheduled nodes side by side, each one serially. `evaluate` must not reject. A node that takes
 * long (a sink that drains before it changes) holds up itself alone.
 */
export function makePropagation(evaluate: (id: string) => Promise<void>): Propagation {
  const waiting = new Set<string>()
  const busy = new Map<string, Promise<void>>()
  let pauses = 0
  let lastPause: Promise<void> = Promise.resolve()
  let isStopped = false

  const work = async (id: string): Promise<void> => {
    // Lets the component finish what it was doing when it exported.
    await new Promise((resolve) => setImmediate(resolve))
    while (pauses === 0 && !isStopped && waiting.delete(id)) await evaluate(id)
  }
  const begin = (id: string): void => {
    if (pauses > 0 || isStopped || busy.has(id)) return
    const done = work(id).finally(() => {
      busy.delete(id)
      // A request that came between the last look and this moment must not be lost.
      if (waiting.has(id)) begin(id)
    })
    busy.set(id, done)
  }
  return {
    schedule: (id) => {
      waiting.add(id)
      begin(id)
    },
    paused: async (run) => {
      pauses++
      const before = lastPause
      const turn = Promise.withResolvers<void>()
      lastPause = turn.promise
      try {
        await before
        while (busy.size > 0) await Promise.all(busy.values())
        return await run()
      } finally {
        turn.resolve()
        pauses--
        for (const id of waiting) begin(id)
      }
    },
    stop: () => {
      isStopped = true
      waiting.clear()
    },
  }
}
