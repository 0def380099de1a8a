import { setTimeout as sleep } from 'node:timers/promises'

/** What the queue needs to know and tell. */
export interface JobQueueOptions<Job> {
  /** Jobs that may wait; `offer` refuses more. */
  readonly capacity: number
  /** Tries per job before it is given up. */
  readonly attempts: number
  /** Pause before the second try, milliseconds; doubles with each further one. */
  readonly retryDelayMs: number
  /** Delivers one job; throws if that failed. `attempt` counts from 1. */
  deliver(job: Job, attempt: number): Promise<void>
  /** A try failed; `willRetry` is false after the last one. */
  onFailure(job: Job, attempt: number, error: unknown, willRetry: boolean): void
}

/** A bounded queue inside the process that delivers its jobs one after the other. */
export interface JobQueue<Job> {
  /** Takes a job, or returns false when the queue is full or closed. */
  offer(job: Job): boolean
  /** Jobs waiting, without the one being delivered. */
  depth(): number
  /** Takes no more, delivers what waits without further retries, then resolves. */
  close(): Promise<void>
}

/** Makes an empty {@link JobQueue}. */
export function makeJobQueue<Job>(options: JobQueueOptions<Job>): JobQueue<Job> {
  const waiting: Job[] = []
  const closing = new AbortController()
  let working: Promise<void> | undefined

  const deliverOne = async (job: Job): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      try {
        await options.deliver(job, attempt)
        return
      } catch (error) {
        const willRetry = attempt < options.attempts && !closing.signal.aborted
        options.onFailure(job, attempt, error, willRetry)
        if (!willRetry) return
      }
      // Closing cuts the pause short: the job gets its next try at once.
      await sleep(options.retryDelayMs * 2 ** (attempt - 1), undefined, { signal: closing.signal }).catch(
        () => {},
      )
    }
  }
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await deliverOne(job)
    working = undefined
  }

  return {
    offer(job) {
      if (closing.signal.aborted || waiting.length >= options.capacity) return false
      waiting.push(job)
      working ??= work()
      return true
    },
    depth: () => waiting.length,
    async close() {
      closing.abort()
      await working
    },
  }
}
