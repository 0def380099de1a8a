import { errorMessage } from '#base/errors.ts'
import type { BlockReader } from './block-reader.ts'
import type { Catalog } from './catalog.ts'
import { type CompactionStats, Compactor } from './compactor.ts'
import type { DeleteLog } from './delete-log.ts'
import { type DeleteRun, runDeletes } from './delete-run.ts'
import { type BudgetStats, type DiskState, keepBudget, measureDisk } from './disk-budget.ts'
import type { FilterReader } from './filter-reader.ts'
import type { HandlePool } from './handle-pool.ts'
import type { HeadSet } from './head-set.ts'
import type { Ingest } from './ingest.ts'
import type { ResolvedOptions } from './options.ts'
import { makePace } from './pace.ts'
import { applyRetention, type RetentionRun } from './retention.ts'
import type { SegmentSet } from './segment-set.ts'

/** How often the age of the rows in memory is looked at. */
const AGE_CHECK_MS = 10_000
/** A shorter interval would only burn time; a longer one does not fit a timer. */
const MIN_INTERVAL_MS = 1000
const MAX_INTERVAL_MS = 2 ** 31 - 1

/** What went on by itself since the start. */
export interface UpkeepStats extends CompactionStats, BudgetStats {
  retentionFreedBytes: number
  retentionRows: number
  deletedRows: number
  deletesFreedBytes: number
}

/** What goes on by itself. One thing at a time. */
export interface Upkeep {
  readonly stats: UpkeepStats
  runRetention(): Promise<RetentionRun>
  /** Removes the rows of delete requests whose cancel period is over. */
  runDeletes(): Promise<DeleteRun>
  /** Merges small segments. */
  compact(): Promise<void>
  /** Drops what exceeds the disk budget; resolves with the state before. */
  checkDisk(): Promise<DiskState>
  lastRetention(): RetentionRun | undefined
  /** When the last round of merging ended, milliseconds since the epoch. */
  lastCompactionMs(): number | undefined
  /** As last measured. */
  disk(): DiskState | undefined
  stop(): Promise<void>
}

/** What upkeep works with. */
export interface UpkeepEnvironment {
  readonly options: ResolvedOptions
  readonly catalog: Catalog
  readonly segments: SegmentSet
  readonly handles: HandlePool
  readonly heads: HeadSet
  readonly ingest: Ingest
  readonly blocks: BlockReader
  readonly filters: FilterReader
  readonly deletes: DeleteLog
  /** Whether queries run, which come before everything here. */
  isBusy(): boolean
}

/** Merging, retention, deletes and the disk budget at their intervals, and flushing what is old. */
export function startUpkeep(environment: UpkeepEnvironment): Upkeep {
  const { options, heads, ingest } = environment
  const stopping = new AbortController()
  const jobs = makeJobs(environment, stopping.signal)
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
    ...jobs,
    stop: async () => {
      for (const timer of timers) clearInterval(timer)
      stopping.abort(new Error('the store is closing'))
      await running
      await jobs.idle()
    },
  }
}

interface Jobs extends Omit<Upkeep, 'stop'> {
  /** Resolves when nothing runs. */
  idle(): Promise<void>
}

function makeJobs(environment: UpkeepEnvironment, stopping: AbortSignal): Jobs {
  const { options, segments, deletes, blocks, filters, isBusy } = environment
  const { clock, logger, fs, dir } = options
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(() => {
      stopping.throwIfAborted()
      return work()
    })
    turn = done.catch(() => undefined)
    return done
  }
  const forget = (gone: Iterable<Parameters<BlockReader['forget']>[0]>): void => {
    for (const segment of gone) {
      blocks.forget(segment)
      filters.forget(segment)
    }
  }
  // Space is made before anything is made tidier.
  let merging = new AbortController()
  const pause = makePace(isBusy, stopping)
  const mergePause = async (): Promise<void> => {
    merging.signal.throwIfAborted()
    await pause()
  }
  const { catalog, handles } = environment
  const compactor = new Compactor({ options, catalog, segments, handles, forget, pause })
  const merger = new Compactor({ options, catalog, segments, handles, forget, pause: mergePause })
  const stats = makeStats(merger.stats)
  let lastRetention: RetentionRun | undefined
  let lastCompactionMs: number | undefined
  let disk: DiskState | undefined

  /** Runs what removes segments; caches and streams without rows go with them. */
  const removing = <T>(work: () => Promise<T>): Promise<T> =>
    inTurn(async () => {
      const before = segments.all()
      const result = await work()
      const left = new Set(segments.all())
      const gone = before.filter((segment) => !left.has(segment))
      forget(gone)
      if (gone.length > 0) await forgetStreams(environment)
      return result
    })
  return {
    stats,
    runRetention: () =>
      removing(async () => {
        await segments.sweep()
        const run = await applyRetention({
          ...{ segments, compactor, logger, nowMs: clock() },
          rules: options.retentionMs,
          deleteDelayMs: options.retentionDeleteDelayMs,
        })
        stats.retentionFreedBytes += run.freedBytes
        stats.retentionRows += run.rows
        lastRetention = run
        return run
      }),
    runDeletes: () =>
      removing(async () => {
        const flush = (): Promise<void> => flushHeads(environment)
        const batchSize = options.deleteBatchSize
        const work = { deletes, segments, compactor, blocks, filters, logger, batchSize, flush, pause }
        const run = await runDeletes(work)
        stats.deletedRows += run.rows
        stats.deletesFreedBytes += run.freedBytes
        return run
      }),
    compact: () =>
      inTurn(async () => {
        merging = new AbortController()
        await merger.mergeAll().catch((thrown: unknown) => {
          if (!merging.signal.aborted) throw thrown
        })
        lastCompactionMs = clock()
      }),
    checkDisk: async () => {
      const budget = options.diskBudget
      disk = await measureDisk(fs, dir, segments, budget)
      if (disk.excessBytes === 0) return disk
      merging.abort(new Error('the disk budget is used up'))
      const before = await removing(() => keepBudget({ fs, dir, segments, logger, stats }, budget))
      disk = await measureDisk(fs, dir, segments, budget)
      return before
    },
    lastRetention: () => lastRetention,
    lastCompactionMs: () => lastCompactionMs,
    disk: () => disk,
    idle: async () => {
      await turn
    },
  }
}

function makeStats(merging: CompactionStats): UpkeepStats {
  const own = {
    ...{ budgetFreedBytes: 0, budgetDroppedRows: 0, budgetDroppedSegments: 0 },
    ...{ retentionFreedBytes: 0, retentionRows: 0, deletedRows: 0, deletesFreedBytes: 0 },
  }
  return Object.assign(merging, own)
}

async function flushHeads({ ingest, heads }: UpkeepEnvironment): Promise<void> {
  await ingest.exclusively(() => heads.seal())
  await heads.flushed()
}

/** Not during a write: it may hold a stream that has no rows yet. */
async function forgetStreams({ ingest, catalog, segments, heads }: UpkeepEnvironment): Promise<void> {
  await ingest.exclusively(async () => {
    const inSegments = segments.all().flatMap((segment) => segment.streams)
    catalog.retain(new Set([...inSegments, ...heads.all().flatMap((head) => [...head.streams.keys()])]))
  })
}
