import { errorMessage } from '#base/errors.ts'
import type { BlockReader } from './block-reader.ts'
import type { Catalog } from './catalog.ts'
import type { FilterReader } from './filter-reader.ts'
import type { HeadSet } from './head-set.ts'
import type { Ingest } from './ingest.ts'
import type { ResolvedOptions } from './options.ts'
import { applyRetention, type RetentionRun } from './retention.ts'
import type { SegmentSet } from './segment-set.ts'

/** How often the age of the rows in memory is looked at. */
const AGE_CHECK_MS = 10_000
/** A shorter interval of retention would only burn time; a longer one does not fit a timer. */
const MIN_INTERVAL_MS = 1000
const MAX_INTERVAL_MS = 2 ** 31 - 1

/** What goes on by itself. */
export interface Upkeep {
  runRetention(): Promise<RetentionRun>
  lastRetention(): RetentionRun | undefined
  freedBytes(): number
  stop(): Promise<void>
}

/** What retention works with. */
export interface UpkeepEnvironment {
  readonly options: ResolvedOptions
  readonly catalog: Catalog
  readonly segments: SegmentSet
  readonly heads: HeadSet
  readonly ingest: Ingest
  readonly blocks: BlockReader
  readonly filters: FilterReader
}

/** Retention at its interval, and flushing what has been in memory for long. */
export function startUpkeep(environment: UpkeepEnvironment): Upkeep {
  const { options, catalog, segments, heads, ingest, blocks, filters } = environment
  let last: RetentionRun | undefined
  let freedBytes = 0
  let running: Promise<RetentionRun> | undefined
  const run = async (): Promise<RetentionRun> => {
    const before = segments.all()
    const result = await applyRetention(segments, options.retentionMs, options.clock(), options.logger)
    if (result.partitions > 0) {
      const left = new Set(segments.all())
      for (const segment of before) {
        if (left.has(segment)) continue
        blocks.forget(segment)
        filters.forget(segment)
      }
      // Not during a write: it may hold a stream that has no rows yet.
      await ingest.exclusively(async () => {
        const inSegments = segments.all().flatMap((segment) => segment.streams)
        catalog.retain(new Set([...inSegments, ...heads.all().flatMap((head) => [...head.streams.keys()])]))
      })
    }
    freedBytes += result.freedBytes
    last = result
    return result
  }
  const runOnce = (): Promise<RetentionRun> => {
    running ??= run().finally(() => {
      running = undefined
    })
    return running
  }
  const report = (thrown: unknown): void =>
    options.logger.error(
      { error: errorMessage(thrown) },
      'upkeep of the store failed; it will be tried again',
    )
  const intervalMs = Math.min(Math.max(options.compactionIntervalMs, MIN_INTERVAL_MS), MAX_INTERVAL_MS)
  const retention = setInterval(() => void runOnce().catch(report), intervalMs)
  // Also at once: a store that is restarted more often than the interval would never remove anything.
  void runOnce().catch(report)
  const age = setInterval(() => {
    if (heads.isDue()) ingest.exclusively(() => heads.seal()).catch(report)
  }, AGE_CHECK_MS)
  retention.unref()
  age.unref()
  return {
    runRetention: runOnce,
    lastRetention: () => last,
    freedBytes: () => freedBytes,
    stop: async () => {
      clearInterval(retention)
      clearInterval(age)
      await running?.catch(report)
    },
  }
}
