import { errorMessage } from '#base/errors.ts'
import { FormatError } from './bytes.ts'
import type { Catalog } from './catalog.ts'
import { chooseMerge } from './compaction-plan.ts'
import type { HandlePool } from './handle-pool.ts'
import type { ResolvedOptions } from './options.ts'
import { DAY_MS } from './paths.ts'
import { type RewriteEnvironment, type RewriteJob, rewriteSegments, type SegmentDrops } from './rewrite.ts'
import { Segment } from './segment.ts'
import type { SegmentSet } from './segment-set.ts'

/** What merging has done since the start. */
export interface CompactionStats {
  /** Merges, the files they read and the bytes these had, and the bytes they wrote. */
  compactions: number
  compactedSegments: number
  compactedBytes: number
  compactionWrittenBytes: number
  /** Rows left out because another segment had the very same. */
  compactionDuplicateRows: number
}

/** What the compactor works with. */
export interface CompactorEnvironment {
  readonly options: ResolvedOptions
  readonly catalog: Catalog
  readonly segments: SegmentSet
  readonly handles: HandlePool
  /** Called with segments that nobody will ask for again. */
  forget(segments: readonly Segment[]): void
  /** See {@link RewriteEnvironment}. */
  pause(): Promise<void>
}

/** A day takes late rows for a while after its end. */
const OVER_AFTER_MS = 2 * 3_600_000
/** Files that are merged at once: a block of each is in memory. */
const MAX_INPUTS = 16

/** Rewrites segments: merges small ones, and leaves rows out. One rewrite at a time. */
export class Compactor {
  readonly stats: CompactionStats = {
    compactions: 0,
    compactedSegments: 0,
    compactedBytes: 0,
    compactionWrittenBytes: 0,
    compactionDuplicateRows: 0,
  }
  readonly #environment: CompactorEnvironment
  readonly #rewriting: RewriteEnvironment

  constructor(environment: CompactorEnvironment) {
    this.#environment = environment
    const { fs, logger, blockBytes, clock } = environment.options
    this.#rewriting = { fs, logger, blockBytes, clock, pause: () => environment.pause() }
  }

  /** Merges until nothing is left that is worth it. */
  async mergeAll(): Promise<void> {
    const { segments } = this.#environment
    for (const tenant of segments.tenants().sort()) {
      const days = new Set(segments.of(tenant).map(({ day }) => day))
      for (const day of [...days].sort((a, b) => a - b)) await this.#mergeDay(tenant, day)
    }
  }

  /**
   * Rewrites a segment without the rows given. Returns the bytes its file is smaller by.
   * @throws FormatError where it is too damaged for that
   */
  async dropRows(segment: Segment, drops: SegmentDrops): Promise<number> {
    const output = await this.#rewrite([segment], new Map([[segment, drops]]))
    return segment.sizeBytes - (output?.sizeBytes ?? 0)
  }

  async #mergeDay(tenant: string, day: number): Promise<void> {
    const { options, segments } = this.#environment
    const limits = { maxBytes: options.maxSegmentBytes, maxInputs: MAX_INPUTS }
    const isOver = options.clock() > (day + 1) * DAY_MS + OVER_AFTER_MS
    for (;;) {
      const present = segments.of(tenant).filter((segment) => segment.day === day)
      const inputs = chooseMerge(present, isOver, limits)
      if (inputs === undefined) return
      try {
        const output = await this.#rewrite(inputs, new Map())
        this.#count(inputs, output)
      } catch (thrown) {
        if (!(thrown instanceof FormatError)) throw thrown
        options.logger.error(
          { tenant, day: inputs[0].properties.day, error: errorMessage(thrown) },
          'segments are not merged because of damage; all that can be read answers. Check the disk.',
        )
        return
      }
    }
  }

  #count(inputs: readonly Segment[], output: Segment | undefined): void {
    const rows = inputs.reduce((sum, { properties }) => sum + properties.rows, 0)
    this.stats.compactions++
    this.stats.compactedSegments += inputs.length
    this.stats.compactedBytes += inputs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    this.stats.compactionWrittenBytes += output?.sizeBytes ?? 0
    this.stats.compactionDuplicateRows += rows - (output?.properties.rows ?? 0)
  }

  async #rewrite(
    inputs: readonly Segment[],
    drops: ReadonlyMap<Segment, SegmentDrops>,
  ): Promise<Segment | undefined> {
    const { segments, handles, catalog, forget } = this.#environment
    const { tenant } = inputs[0].properties
    const sameDay = segments.of(tenant).filter(({ day }) => day === inputs[0].day)
    const generation = 1 + Math.max(...sameDay.map(({ properties }) => properties.generation ?? 0))
    const job: RewriteJob = { inputs, drops, generation }
    const { path } = await segments.using(inputs, () => rewriteSegments(this.#rewriting, job))
    const output = path === undefined ? undefined : await Segment.open(path, handles, catalog)
    await segments.remove(inputs, output)
    forget(inputs)
    return output
  }
}
