import { QueryError } from './query-error.ts'

/** Runs work of many tenants, some at a time, taking turns between the tenants. */
export interface FairQueue {
  /**
   * Runs the work when its turn comes.
   * @throws QueryError 429 where the tenant has too much waiting; the signal's reason when it ends before
   */
  run<T>(tenant: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>
  /** How much waits, of all tenants. */
  readonly waiting: number
  /** How much runs. */
  readonly running: number
}

/** Bounds of a queue; 0 of either is no bound. */
export interface FairQueueOptions {
  /** `querier.max_concurrent`: how many run at a time. */
  readonly maxRunning: number
  /** `frontend.max_outstanding_per_tenant`: how many of one tenant wait. */
  readonly maxWaiting: number
}

/** Makes a queue. The tenant that was served longest ago is next, whatever the others have waiting. */
export function makeFairQueue({ maxRunning, maxWaiting }: FairQueueOptions): FairQueue {
  // In order of turns: a tenant that was served goes to the end.
  const lines = new Map<string, Set<() => void>>()
  let running = 0
  let waiting = 0

  const next = (): void => {
    for (const [tenant, line] of lines) {
      if (running >= maxRunning && maxRunning > 0) return
      const [start] = line
      line.delete(start)
      lines.delete(tenant)
      if (line.size > 0) lines.set(tenant, line)
      running++
      waiting--
      start()
    }
  }

  const turn = (tenant: string, signal: AbortSignal): Promise<void> => {
    const line = lines.get(tenant) ?? new Set()
    if (maxWaiting > 0 && line.size >= maxWaiting) throw new QueryError('too many outstanding requests', 429)
    lines.set(tenant, line)
    waiting++
    return new Promise((resolve, reject) => {
      const start = (): void => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = (): void => {
        line.delete(start)
        if (line.size === 0) lines.delete(tenant)
        waiting--
        reject(signal.reason)
      }
      line.add(start)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  return {
    get waiting() {
      return waiting
    },
    get running() {
      return running
    },
    async run(tenant, signal, work) {
      signal.throwIfAborted()
      if (maxRunning > 0 && (running >= maxRunning || waiting > 0)) await turn(tenant, signal)
      else running++
      try {
        return await work()
      } finally {
        running--
        next()
      }
    },
  }
}
