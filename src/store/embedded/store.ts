import { errorMessage, OperatorError } from '#base/errors.ts'
import type { CorruptBlock, PlanScan } from '../scan-plan.ts'
import type { AppendResult, EntryBatch, LogStore } from '../types.ts'
import { BlockReader } from './block-reader.ts'
import { Catalog } from './catalog.ts'
import { logCorrupt } from './corrupt-blocks.ts'
import { CountReader } from './counts.ts'
import { DeleteLog } from './delete-log.ts'
import type { DeleteRun } from './delete-run.ts'
import { syncDir } from './disk.ts'
import type { DiskState } from './disk-budget.ts'
import { FilterReader } from './filter-reader.ts'
import { HandlePool } from './handle-pool.ts'
import { HeadSet } from './head-set.ts'
import { Ingest } from './ingest.ts'
import { type DirLock, lockDir } from './lock.ts'
import { type EmbeddedOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { segmentsDir, walDir } from './paths.ts'
import { makeReads, makeSnapshots } from './reads.ts'
import { listWalFiles, type ReplayStats, replayWal } from './replay.ts'
import type { RetentionRun } from './retention.ts'
import { SegmentSet } from './segment-set.ts'
import { makeIndexWriter } from './start-index.ts'
import { type EmbeddedStats, type EmbeddedStatus, makeStatus, upkeepGauges } from './status.ts'
import { findStoredRows } from './stored-rows.ts'
import { Subscriptions } from './subscriptions.ts'
import { startUpkeep, type Upkeep } from './upkeep.ts'
import { Wal } from './wal.ts'

/** The embedded engine: a {@link LogStore} in a directory of this machine. */
export interface EmbeddedStore extends LogStore {
  /** Plans a scan of which other threads may read parts. */
  readonly planScan: PlanScan
  /** Takes note of a block that another thread could not read. */
  noteCorrupt(corrupt: CorruptBlock): void
  /** What is kept, by tenant and day; for people. */
  status(): EmbeddedStatus
  /** Counters since the start, and sizes; for metrics. */
  stats(): EmbeddedStats
  /** Removes what is past its retention now, rather than at the next interval. */
  runRetention(): Promise<RetentionRun>
  /** Removes deleted rows whose cancel period is over now. */
  runDeletes(): Promise<DeleteRun>
  /** Merges small segments now. */
  compact(): Promise<void>
  /** Looks at the disk now, and drops what exceeds the budget. */
  checkDisk(): Promise<DiskState>
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
  for (const path of [walDir(dir), segmentsDir(dir)]) await options.fs.mkdir(path)
  await syncDir(options.fs, dir)
  const catalog = new Catalog()
  const handles = new HandlePool(options.fs, options.maxOpenFiles)
  const segments = new SegmentSet(options.fs, handles, logger, options.directoryBytes)
  const sequences = await listWalFiles(options.fs, dir)
  await segments.load(dir, catalog, sequences[0] ?? Infinity)
  const highest = segments.all().reduce((max, segment) => Math.max(max, segment.properties.walTo), 0)
  const firstSequence = Math.max(highest, sequences.at(-1) ?? 0) + 1
  const wal = new Wal({
    fs: options.fs,
    dir,
    fsync: options.fsync,
    maxFileBytes: options.walFileBytes,
    firstSequence,
    logger,
    onLostSync: () => heads.markAtRisk(),
  })
  const heads: HeadSet = new HeadSet(
    { options, catalog, wal, segments, handles },
    sequences[0] ?? firstSequence,
  )
  const replay = await replayInto(heads, wal, options, catalog, segments, sequences)
  const deletes = await DeleteLog.open({
    ...{ dir, fs: options.fs, logger, clock: options.clock },
    cancelPeriodMs: options.deleteCancelPeriodMs,
    mode: options.deletionMode,
    compile: options.compileDelete,
  })
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
  return assemble({ options, lock, catalog, handles, segments, wal, heads, replay, deletes })
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
    options.fs,
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
        // On a full disk the log is kept and the rows stay in memory: reading goes on, flushing is tried
        // again.
        await heads.flushed().catch(() => undefined)
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
  readonly deletes: DeleteLog
}

function assemble(parts: Parts): EmbeddedStore {
  const { options, catalog, handles, segments, wal, heads, replay, deletes } = parts
  const blocks = new BlockReader((options.cacheBytes * 5) / 8, logCorrupt(options.logger))
  const filters = new FilterReader(options.cacheBytes / 4, options.logger)
  const counters = new CountReader(options.cacheBytes / 8, blocks, options.logger)
  const subscriptions = new Subscriptions(options.logger)
  const snapshots = makeSnapshots(segments, heads)
  const ingest = new Ingest({
    catalog,
    wal,
    outOfOrderWindowMs: options.outOfOrderWindowMs,
    roomyHead: () => heads.roomy(),
    storedRows: (tenant, batch, streams) =>
      findStoredRows({ blocks, filters, ...snapshots }, tenant, batch, streams),
    appended: (tenant, batch) => subscriptions.publish(tenant, batch),
  })
  const isBusy = (): boolean => snapshots.isHeld()
  const reading = { catalog, blocks, filters, segments, heads, deletes }
  const writeIndex = makeIndexWriter({ ...reading, ...options })
  const upkeep = startUpkeep({ ...reading, options, handles, ingest, isBusy, writeIndex })
  let closing: Promise<void> | undefined

  return {
    ...makeReads({ ...reading, counters, snapshot: snapshots.all, prepare: snapshots.prepare }),
    deletes: {
      add: (tenant, spec) => deletes.add(tenant, spec),
      list: (tenant) => deletes.list(tenant),
      cancel: (tenant, id, force) => deletes.cancel(tenant, id, force),
    },
    noteCorrupt: (corrupt) => {
      const { path, sizeBytes } = corrupt
      const segment = segments.all().find((each) => each.path === path && each.sizeBytes === sizeBytes)
      if (segment !== undefined) blocks.noteCorrupt(segment, corrupt)
    },
    append: (tenant: string, batch: EntryBatch): Promise<AppendResult> => ingest.append(tenant, batch),
    subscribe: (tenant, listener) => subscriptions.add(tenant, listener),
    flush: async () => {
      await ingest.exclusively(() => heads.seal())
      await heads.flushed()
    },
    close: () => {
      closing ??= closeParts(parts, ingest, upkeep, writeIndex)
      return closing
    },
    status: () => makeStatus({ segments, heads, options, upkeep: upkeep.jobs, deletes }),
    stats: () => ({
      ...ingest.stats,
      ...heads.stats,
      walFailures: wal.failures,
      replayedRows: replay.rows,
      walTornTails: replay.tornTails,
      walCorruptRecords: replay.corruptRecords,
      corruptBlocks: blocks.corruptBlocks,
      corruptSegments: segments.corruptSegments,
      ...upkeep.jobs.stats,
      ...upkeepGauges(upkeep.jobs, segments, deletes),
      streams: catalog.size,
      headBytes: heads.all().reduce((sum, head) => sum + head.sizeBytes, 0),
      headRows: heads.all().reduce((sum, head) => sum + head.rows, 0),
      cachedBytes: blocks.cachedBytes,
    }),
    runRetention: () => upkeep.jobs.runRetention(),
    runDeletes: () => upkeep.jobs.runDeletes(),
    compact: () => upkeep.jobs.compact(),
    checkDisk: () => upkeep.jobs.checkDisk(),
  }
}

/** What cannot be flushed stays in the log, so closing succeeds even on a full disk. */
async function closeParts(
  parts: Parts,
  ingest: Ingest,
  upkeep: Upkeep,
  writeIndex: () => Promise<void>,
): Promise<void> {
  const { options, heads, wal, handles, lock } = parts
  try {
    await upkeep.stop()
    await ingest.close()
    await heads.seal()
    await heads.flushed()
    await writeIndex()
  } catch (thrown) {
    options.logger.warn(
      { error: errorMessage(thrown) },
      'the last rows could not be moved into a segment; they are in the log for the next start',
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
