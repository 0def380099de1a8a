import { mkdir } from 'node:fs/promises'
import { errorMessage, OperatorError } from '#base/errors.ts'
import type {
  AppendResult,
  CountCell,
  EntryBatch,
  IndexStats,
  LabelMatcher,
  LogStore,
  Scan,
  ScanRequest,
  StreamRef,
  TimeRange,
} from '../types.ts'
import { BlockReader } from './block-reader.ts'
import { Catalog } from './catalog.ts'
import { CountReader } from './counts.ts'
import { FilterReader } from './filter-reader.ts'
import { HandlePool } from './handle-pool.ts'
import type { Head } from './head.ts'
import { HeadSet } from './head-set.ts'
import { Ingest } from './ingest.ts'
import { type DirLock, lockDir } from './lock.ts'
import { findSeries, namesOf, sumPieces, valuesOf } from './metadata-queries.ts'
import { type EmbeddedOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { walDir } from './paths.ts'
import { listWalFiles, type ReplayStats, replayWal } from './replay.ts'
import { applyRetention, type RetentionRun } from './retention.ts'
import { makeScan, type Snapshot } from './scan.ts'
import { SegmentSet } from './segment-set.ts'
import { type EmbeddedStats, type EmbeddedStatus, makeStatus } from './status.ts'
import { findStoredRows } from './stored-rows.ts'
import { Subscriptions } from './subscriptions.ts'
import { Wal } from './wal.ts'

/** How often the age of the rows in memory is looked at. */
const AGE_CHECK_MS = 10_000

/** The embedded engine: a {@link LogStore} in a directory of this machine. */
export interface EmbeddedStore extends LogStore {
  /** What is kept, by tenant and day; for people. */
  status(): EmbeddedStatus
  /** Counters since the start, and sizes; for metrics. */
  stats(): EmbeddedStats
  /** Removes what is past its retention now, rather than at the next interval. */
  runRetention(): Promise<RetentionRun>
}

/**
 * Opens the store in `options.dir`: locks it, reads the footers, replays the log.
 * @throws OperatorError `store_locked` when another process has it, `store_io` when the disk does not let it
 */
export async function openEmbeddedStore(options: EmbeddedOptions): Promise<EmbeddedStore> {
  const resolved = resolveOptions(options)
  const lock = lockDir(resolved.dir)
  try {
    return await openLocked(resolved, lock)
  } catch (thrown) {
    lock.release()
    if (thrown instanceof OperatorError) throw thrown
    throw new OperatorError(
      'store_io',
      `cannot open the store in ${resolved.dir}: ${errorMessage(thrown)}. Check the disk and the rights.`,
      { cause: thrown },
    )
  }
}

async function openLocked(options: ResolvedOptions, lock: DirLock): Promise<EmbeddedStore> {
  const { dir, logger } = options
  const startedAt = performance.now()
  await mkdir(walDir(dir), { recursive: true })
  const catalog = new Catalog()
  const handles = new HandlePool(options.maxOpenFiles)
  const segments = new SegmentSet(handles, logger)
  await segments.load(dir, catalog)
  const sequences = await listWalFiles(dir)
  const highest = segments.all().reduce((max, segment) => Math.max(max, segment.properties.walTo), 0)
  const firstSequence = Math.max(highest, sequences.at(-1) ?? 0) + 1
  const wal = new Wal({
    dir,
    fsync: options.fsync,
    maxFileBytes: options.walFileBytes,
    firstSequence,
    logger,
  })
  const heads = new HeadSet({ options, catalog, wal, segments, handles }, sequences[0] ?? firstSequence)
  const replay = await replayInto(heads, wal, options, catalog, segments, sequences)
  logger.info(
    {
      dir,
      segments: segments.all().length,
      streams: catalog.size,
      replayedRows: replay.rows,
      tookMs: Math.round(performance.now() - startedAt),
    },
    'the store is open',
  )
  return assemble({ options, lock, catalog, handles, segments, wal, heads, replay })
}

async function replayInto(
  heads: HeadSet,
  wal: Wal,
  options: ResolvedOptions,
  catalog: Catalog,
  segments: SegmentSet,
  sequences: readonly number[],
): Promise<ReplayStats> {
  return replayWal(
    options.dir,
    sequences,
    segments.all(),
    {
      insert: (entries, isWanted) => {
        const streams = entries.runs.map((run) => catalog.stream(entries.tenant, run.labels, run.key))
        const before = heads.active.rows
        heads.active.insert(entries, streams, isWanted)
        for (const stream of streams) {
          const head = heads.active.streams.get(stream)
          if (head === undefined || head.maxMs < stream.newestMs) continue
          if (head.maxMs === stream.newestMs && head.maxNs <= stream.newestNs) continue
          stream.newestMs = head.maxMs
          stream.newestNs = head.maxNs
        }
        return heads.active.rows - before
      },
      fileDone: async (sequence, damaged) => {
        if (damaged) wal.markDamaged(sequence)
        if (heads.active.sizeBytes < options.headBytes) return
        heads.sealAt(sequence, sequence + 1)
        await heads.flushed()
      },
    },
    options.logger,
  )
}

interface Parts {
  readonly options: ResolvedOptions
  readonly lock: DirLock
  readonly catalog: Catalog
  readonly handles: HandlePool
  readonly segments: SegmentSet
  readonly wal: Wal
  readonly heads: HeadSet
  readonly replay: ReplayStats
}

function assemble(parts: Parts): EmbeddedStore {
  const { options, catalog, segments, wal, heads } = parts
  const blocks = new BlockReader(options.cacheBytes / 2 + options.cacheBytes / 8, options.logger)
  const filters = new FilterReader(options.cacheBytes / 4, options.logger)
  const counters = new CountReader(options.cacheBytes / 8, options.logger)
  const subscriptions = new Subscriptions(options.logger)
  const take = (tenant: string, taken: readonly Head[]): Snapshot => {
    const pinned = segments.of(tenant)
    segments.pin(pinned)
    return { segments: pinned, heads: taken, release: () => segments.unpin(pinned) }
  }
  const snapshot = (tenant: string): Snapshot => take(tenant, heads.all())
  const settled = (tenant: string): Snapshot => take(tenant, heads.sealed())
  const ingest = new Ingest({
    catalog,
    wal,
    outOfOrderWindowMs: options.outOfOrderWindowMs,
    roomyHead: () => heads.roomy(),
    storedRows: (tenant, batch, streams) =>
      findStoredRows({ blocks, filters, settled }, tenant, batch, streams),
    appended: (tenant, batch) => subscriptions.publish(tenant, batch),
  })
  const withSnapshot = async <T>(tenant: string, read: (taken: Snapshot) => T | Promise<T>): Promise<T> => {
    const taken = snapshot(tenant)
    try {
      return await read(taken)
    } finally {
      taken.release()
    }
  }
  const seriesOf = (tenant: string, matchers: readonly LabelMatcher[], range: TimeRange) =>
    withSnapshot(tenant, (taken) => findSeries(catalog, taken, tenant, matchers, range))
  const upkeep = startUpkeep(parts, ingest, blocks, filters)
  let closing: Promise<void> | undefined

  return {
    append: (tenant: string, batch: EntryBatch): Promise<AppendResult> => ingest.append(tenant, batch),
    scan: (tenant: string, request: ScanRequest, signal?: AbortSignal): Scan =>
      makeScan({ catalog, blocks, filters, snapshot }, tenant, request, signal),
    counts: (tenant, matchers, range): Promise<CountCell[] | undefined> =>
      withSnapshot(tenant, (taken) => counters.count(catalog, taken, tenant, matchers, range)),
    series: (tenant, matchers, range): Promise<StreamRef[]> => seriesOf(tenant, matchers, range),
    labelNames: async (tenant, matchers, range) => namesOf(await seriesOf(tenant, matchers, range)),
    labelValues: async (tenant, name, matchers, range) =>
      valuesOf(await seriesOf(tenant, matchers, range), name),
    indexStats: (tenant, matchers, range): Promise<IndexStats> =>
      withSnapshot(tenant, (taken) => sumPieces(catalog, taken, tenant, matchers, range)),
    tenants: async () => {
      const inMemory = heads.all().flatMap((head) => [...head.streams.keys()].map((stream) => stream.tenant))
      return [...new Set([...segments.tenants(), ...inMemory])].sort()
    },
    subscribe: (tenant, listener) => subscriptions.add(tenant, listener),
    flush: async () => {
      await ingest.exclusively(() => heads.seal())
      await heads.flushed()
    },
    close: () => {
      closing ??= closeParts(parts, ingest, upkeep)
      return closing
    },
    status: () => makeStatus(segments, heads, options, upkeep.lastRetention()),
    stats: () => ({
      ...ingest.stats,
      ...heads.stats,
      walFailures: wal.failures,
      replayedRows: parts.replay.rows,
      walTornTails: parts.replay.tornTails,
      walCorruptRecords: parts.replay.corruptRecords,
      corruptBlocks: blocks.corruptBlocks,
      corruptSegments: segments.corruptSegments,
      retentionFreedBytes: upkeep.freedBytes(),
      streams: catalog.size,
      headBytes: heads.all().reduce((sum, head) => sum + head.sizeBytes, 0),
      headRows: heads.all().reduce((sum, head) => sum + head.rows, 0),
      cachedBytes: blocks.cachedBytes,
    }),
    runRetention: () => upkeep.runRetention(),
  }
}

interface Upkeep {
  runRetention(): Promise<RetentionRun>
  lastRetention(): RetentionRun | undefined
  freedBytes(): number
  stop(): Promise<void>
}

/** Retention at its interval, and flushing what has been in memory for long. */
function startUpkeep(
  { options, catalog, segments, heads }: Parts,
  ingest: Ingest,
  blocks: BlockReader,
  filters: FilterReader,
): Upkeep {
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
  const retention = setInterval(() => void runOnce().catch(report), options.compactionIntervalMs)
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

/** What cannot be flushed stays in the log, so closing succeeds even on a full disk. */
async function closeParts(parts: Parts, ingest: Ingest, upkeep: Upkeep): Promise<void> {
  const { options, heads, wal, handles, lock } = parts
  try {
    await upkeep.stop()
    await ingest.close()
    await heads.seal()
    await heads.flushed()
  } catch (thrown) {
    options.logger.warn(
      { error: errorMessage(thrown) },
      'the last rows could not be moved into a segment; they are in the log and will be replayed at the next start',
    )
  } finally {
    heads.stop()
    await wal.close().catch((thrown: unknown) => {
      options.logger.error({ error: errorMessage(thrown) }, 'the write-ahead log could not be closed cleanly')
    })
    handles.close()
    lock.release()
  }
}
