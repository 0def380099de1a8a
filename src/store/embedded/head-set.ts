import { setTimeout as sleep } from 'node:timers/promises'
import { errorMessage } from '#base/errors.ts'
import type { Catalog } from './catalog.ts'
import { errorCode, writeError } from './disk.ts'
import { flushHead } from './flush.ts'
import type { HandlePool } from './handle-pool.ts'
import { Head } from './head.ts'
import type { ResolvedOptions } from './options.ts'
import { PAGE_SIZE_BYTES, PagePool } from './page.ts'
import { Segment } from './segment.ts'
import type { SegmentSet } from './segment-set.ts'
import type { Wal } from './wal.ts'

/** Counts of flushes since the start. */
export interface FlushStats {
  flushes: number
  failedFlushes: number
  segments: number
  segmentBytes: number
}

/** A head whose log has grown to this many files is flushed, however few its rows: a start reads them all. */
const WAL_FILES_PER_HEAD = 8

interface SealedHead {
  readonly head: Head
  /** Last log file with rows of the head. */
  readonly walTo: number
}

/** What the heads of a store work with. */
export interface HeadEnvironment {
  readonly options: ResolvedOptions
  readonly catalog: Catalog
  readonly wal: Wal
  readonly segments: SegmentSet
  readonly handles: HandlePool
}

/** The head that takes rows, and those before it that are on their way into segments. */
export class HeadSet {
  readonly stats: FlushStats = { flushes: 0, failedFlushes: 0, segments: 0, segmentBytes: 0 }
  readonly #environment: HeadEnvironment
  readonly #pool: PagePool
  #active: Head
  #sealed: readonly SealedHead[] = []
  #flushing: Promise<void> | undefined
  /** Why the last try to flush failed; undefined once one has succeeded. */
  #failure: Error | undefined
  /** Whether the log may have lost rows of the active head. */
  #isAtRisk = false
  readonly #stop = new AbortController()

  constructor(environment: HeadEnvironment, walFrom: number) {
    const { headBytes, clock } = environment.options
    this.#environment = environment
    this.#pool = new PagePool(Math.ceil(headBytes / PAGE_SIZE_BYTES))
    this.#active = new Head(walFrom, clock(), this.#pool)
  }

  get active(): Head {
    return this.#active
  }

  /** All heads by age. */
  all(): Head[] {
    return [...this.sealed(), this.#active]
  }

  /** The heads that take no more rows, by age. */
  sealed(): Head[] {
    return this.#sealed.map(({ head }) => head)
  }

  /**
   * Whether the active head should go to disk: not while another is on its way, or a full disk would fill
   * memory.
   */
  isDue(): boolean {
    const { headBytes, headMaxAgeMs, clock } = this.#environment.options
    if (this.#active.rows === 0 || this.#sealed.length > 0) return false
    if (this.#isAtRisk) return true
    return this.#active.sizeBytes >= headBytes || clock() - this.#active.createdMs >= headMaxAgeMs
  }

  /**
   * The active head, a fresh one when it was full. Must not overlap with a write to the log. Waits while an
   * earlier head is being flushed.
   * @throws OperatorError when that flush fails: there is no room for more rows
   */
  async roomy(): Promise<Head> {
    const { options, wal } = this.#environment
    const walFiles = wal.sequence - this.#active.walFrom
    const isFull = this.#active.sizeBytes >= options.headBytes || walFiles >= WAL_FILES_PER_HEAD
    if (!isFull && !(this.#isAtRisk && this.#sealed.length === 0)) return this.#active
    if (this.#sealed.length > 0) {
      if (this.#failure === undefined) await this.#flushing
      if (this.#failure !== undefined) throw this.#failure
    }
    await this.seal()
    return this.#active
  }

  /**
   * To be called when rows of the active head may be lost from the log: it is due as soon as no other is on
   * its way.
   */
  markAtRisk(): void {
    this.#isAtRisk = true
  }

  /**
   * Lets the active head take no more rows and begins to flush it. Must not overlap with a write to the log.
   */
  async seal(): Promise<void> {
    if (this.#active.rows === 0) return
    const { wal } = this.#environment
    const walTo = await wal.rotate()
    this.sealAt(walTo, wal.sequence)
  }

  /**
   * {@link HeadSet.seal} where the log files are known: the rows up to file `walTo`, the next ones from
   * `nextWal` on.
   */
  sealAt(walTo: number, nextWal: number): void {
    for (const [stream, { maxMs, maxNs }] of this.#active.streams) {
      if (maxMs < stream.settledMs || (maxMs === stream.settledMs && maxNs <= stream.settledNs)) continue
      stream.settledMs = maxMs
      stream.settledNs = maxNs
    }
    this.#isAtRisk = false
    this.#sealed = [...this.#sealed, { head: this.#active, walTo }]
    this.#active = new Head(nextWal, this.#environment.options.clock(), this.#pool)
    this.#flushing ??= this.#flushSealed()
  }

  /** Resolves when every sealed head is in segments, rejects as soon as a try fails. */
  async flushed(): Promise<void> {
    while (this.#flushing !== undefined) {
      await this.#flushing
      if (this.#failure !== undefined) throw this.#failure
    }
  }

  /** Gives up on flushes that fail; their rows stay in the log. */
  stop(): void {
    this.#stop.abort()
  }

  /** One attempt, and the next ones in the background where it fails. */
  async #flushSealed(): Promise<void> {
    try {
      while (this.#sealed.length > 0) await this.#flushOldest()
      this.#failure = undefined
      this.#flushing = undefined
    } catch (thrown) {
      const { options } = this.#environment
      this.stats.failedFlushes++
      this.#failure =
        errorCode(thrown) === '' && thrown instanceof Error
          ? thrown
          : writeError('writing a segment in', options.dir, thrown)
      options.logger.error(
        { error: errorMessage(this.#failure), retryInMs: options.flushRetryMs },
        'rows could not be moved into a segment; they stay in memory and in the log, and it is tried again',
      )
      this.#flushing = this.#retryLater()
    }
  }

  async #retryLater(): Promise<void> {
    try {
      await sleep(this.#environment.options.flushRetryMs, undefined, { signal: this.#stop.signal })
    } catch {
      return
    }
    await this.#flushSealed()
  }

  async #flushOldest(): Promise<void> {
    const { options, catalog, wal, segments, handles } = this.#environment
    const [{ head, walTo }] = this.#sealed
    const paths = await flushHead(head, {
      fs: options.fs,
      dir: options.dir,
      walTo,
      nowMs: options.clock(),
      blockBytes: options.blockBytes,
      writer: 'logboom',
    })
    const opened = await Promise.all(paths.map((path) => Segment.open(path, handles, catalog)))
    // In one step, so that no reader finds the rows twice or not at all.
    segments.add(opened)
    this.#sealed = this.#sealed.slice(1)
    head.release()
    this.stats.flushes++
    this.stats.segments += opened.length
    for (const segment of opened) this.stats.segmentBytes += segment.sizeBytes
    await wal.remove(head.walFrom, walTo)
  }
}
