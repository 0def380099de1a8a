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
import type { Segment } from './segment.ts'
import type { SegmentSet } from './segment-set.ts'

/** What went on by itself since the start. */
export interface UpkeepStats extends CompactionStats, BudgetStats {
  retentionFreedBytes: number
  retentionRows: number
  deletedRows: number
  deletesFreedBytes: number
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
  /** `makeIndexWriter`. */
  writeIndex(): Promise<void>
  /** Whether queries run, which come before everything here. */
  isBusy(): boolean
}

/** The kinds of work that upkeep is made of. One thing at a time. */
export class UpkeepJobs {
  readonly stats: UpkeepStats
  lastRetention: RetentionRun | undefined
  /** When the last round of merging ended, milliseconds since the epoch. */
  lastCompactionMs: number | undefined
  /** As last measured. */
  disk: DiskState | undefined
  readonly #environment: UpkeepEnvironment
  readonly #stopping: AbortSignal
  readonly #pause: () => Promise<void>
  readonly #compactor: Compactor
  readonly #merger: Compactor
  #merging = new AbortController()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(environment: UpkeepEnvironment, stopping: AbortSignal) {
    const { options, catalog, segments, handles, isBusy } = environment
    this.#environment = environment
    this.#stopping = stopping
    this.#pause = makePace(isBusy, stopping)
    const forget = (gone: readonly Segment[]): void => this.#forget(gone)
    const rewriting = { options, catalog, segments, handles, forget }
    const mergePause = (): Promise<void> => {
      // Space is made before anything is made tidier.
      this.#merging.signal.throwIfAborted()
      return this.#pause()
    }
    this.#compactor = new Compactor({ ...rewriting, pause: this.#pause })
    this.#merger = new Compactor({ ...rewriting, pause: async () => mergePause() })
    this.stats = Object.assign(this.#merger.stats, {
      ...{ budgetFreedBytes: 0, budgetDroppedRows: 0, budgetDroppedSegments: 0 },
      ...{ retentionFreedBytes: 0, retentionRows: 0, deletedRows: 0, deletesFreedBytes: 0 },
    })
  }

  /** Removes what is past its retention. */
  runRetention(): Promise<RetentionRun> {
    const { catalog, segments, options } = this.#environment
    return this.#removing(async () => {
      await segments.sweep()
      const run = await applyRetention({
        catalog,
        segments,
        compactor: this.#compactor,
        logger: options.logger,
        nowMs: options.clock(),
        rules: options.retentionMs,
        deleteDelayMs: options.retentionDeleteDelayMs,
      })
      this.stats.retentionFreedBytes += run.freedBytes
      this.stats.retentionRows += run.rows
      this.lastRetention = run
      return run
    })
  }

  /** Removes the rows of delete requests whose cancel period is over. */
  runDeletes(): Promise<DeleteRun> {
    const { options, ...rest } = this.#environment
    return this.#removing(async () => {
      const run = await runDeletes({
        ...rest,
        compactor: this.#compactor,
        logger: options.logger,
        batchSize: options.deleteBatchSize,
        flush: () => this.#flush(),
        pause: this.#pause,
      })
      this.stats.deletedRows += run.rows
      this.stats.deletesFreedBytes += run.freedBytes
      return run
    })
  }

  /** Merges small segments, until all is done or space must be made. */
  compact(): Promise<void> {
    return this.#inTurn(async () => {
      this.#merging = new AbortController()
      const { signal } = this.#merging
      await this.#merger.mergeAll().catch((thrown: unknown) => {
        if (!signal.aborted) throw thrown
      })
      this.lastCompactionMs = this.#environment.options.clock()
    })
  }

  /** Drops what exceeds the disk budget; resolves with the state before. */
  async checkDisk(): Promise<DiskState> {
    const { options, segments } = this.#environment
    const { fs, dir, logger, diskBudget } = options
    const before = await measureDisk(fs, dir, segments, diskBudget)
    this.disk = before
    if (before.excessBytes === 0) return before
    this.#merging.abort(new Error('the disk budget is used up'))
    await this.#removing(() => keepBudget({ fs, dir, segments, logger, stats: this.stats }, diskBudget))
    this.disk = await measureDisk(fs, dir, segments, diskBudget)
    return before
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    await this.#turn
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(() => {
      this.#stopping.throwIfAborted()
      return work()
    })
    this.#turn = done.catch(() => undefined)
    return done
  }

  /** Runs what removes segments; caches and streams without rows go with them. */
  #removing<T>(work: () => Promise<T>): Promise<T> {
    const { segments } = this.#environment
    return this.#inTurn(async () => {
      const before = segments.all()
      const result = await work()
      const left = new Set(segments.all())
      const gone = before.filter((segment) => !left.has(segment))
      this.#forget(gone)
      if (gone.length > 0) await this.#forgetStreams()
      return result
    })
  }

  #forget(gone: readonly Segment[]): void {
    for (const segment of gone) {
      this.#environment.blocks.forget(segment)
      this.#environment.filters.forget(segment)
    }
  }

  async #flush(): Promise<void> {
    const { ingest, heads } = this.#environment
    await ingest.exclusively(() => heads.seal())
    await heads.flushed()
  }

  /** Not during a write: it may hold a stream that has no rows yet. */
  async #forgetStreams(): Promise<void> {
    const { ingest, catalog, segments, heads } = this.#environment
    await ingest.exclusively(async () => {
      const inSegments = segments.all().flatMap((segment) => segment.streams)
      const inRemoved = segments.removed().flatMap((segment) => segment.streams)
      catalog.retain(
        new Set([...inSegments, ...heads.all().flatMap((head) => [...head.streams.keys()])]),
        inRemoved,
      )
    })
  }
}
