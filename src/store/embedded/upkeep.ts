import { errorMessage } from '#base/errors.ts'
import { type UpkeepEnvironment, UpkeepJobs } from './upkeep-jobs.ts'

/** How often the age of the rows in memory is looked at. */
const AGE_CHECK_MS = 10_000
/** A shorter interval would only burn time; a longer one does not fit a timer. */
const MIN_INTERVAL_MS = 1000
const MAX_INTERVAL_MS = 2 ** 31 - 1

/** What goes on by itself. */
export interface Upkeep {
  readonly jobs: UpkeepJobs
  stop(): Promise<void>
}

/** Merging, retention, deletes and the disk budget at their intervals, and flushing what is old. */
export function startUpkeep(environment: UpkeepEnvironment): Upkeep {
  const { options, heads, ingest } = environment
  const stopping = new AbortController()
  const jobs = new UpkeepJobs(environment, stopping.signal)
  const report = (thrown: unknown): void => {
    if (stopping.signal.aborted) return
    options.logger.error(
      { error: errorMessage(thrown) },
      'upkeep of the store failed; it will be tried again',
    )
  }
  let retentionDueMs = -Infinity
  const round = async (): Promise<void> => {
    if (options.clock() >= retentionDueMs) {
      await jobs.runRetention()
      retentionDueMs = options.clock() + options.retentionIntervalMs
    }
    await jobs.runDeletes()
    await jobs.compact()
    await environment.writeIndex()
  }
  let running: Promise<void> | undefined
  const runRound = (): void => {
    running ??= round()
      .catch(report)
      .finally(() => {
        running = undefined
      })
  }
  const timers = [
    setInterval(runRound, Math.min(Math.max(options.compactionIntervalMs, MIN_INTERVAL_MS), MAX_INTERVAL_MS)),
    setInterval(() => {
      if (heads.isDue()) ingest.exclusively(() => heads.seal()).catch(report)
    }, AGE_CHECK_MS),
    setInterval(() => void jobs.checkDisk().catch(report), options.diskCheckMs),
  ]
  for (const timer of timers) timer.unref()
  // Also at once: a store that is restarted more often than the interval would never remove anything.
  runRound()
  void jobs.checkDisk().catch(report)
  return {
    jobs,
    stop: async () => {
      for (const timer of timers) clearInterval(timer)
      stopping.abort(new Error('the store is closing'))
      await running
      await jobs.idle()
    },
  }
}
