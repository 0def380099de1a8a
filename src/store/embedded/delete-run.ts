import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import type { LinePredicate } from '../types.ts'
import type { BlockReader } from './block-reader.ts'
import { FormatError } from './bytes.ts'
import type { Compactor } from './compactor.ts'
import type { ActiveDelete, DeleteLog } from './delete-log.ts'
import type { FilterReader } from './filter-reader.ts'
import { mayHold, predicateHashes } from './gram-filter.ts'
import { meansStream, overlaps, rowsOf } from './hidden-rows.ts'
import type { BlockDrop } from './rewrite.ts'
import type { Segment } from './segment.ts'
import type { SegmentSet } from './segment-set.ts'
import { emptyStats } from './sources.ts'

/** What removing deleted rows works with. */
export interface DeleteRunEnvironment {
  readonly deletes: DeleteLog
  readonly segments: SegmentSet
  readonly compactor: Compactor
  readonly blocks: BlockReader
  readonly filters: FilterReader
  readonly logger: Logger
  /** Requests that are worked on in one run. */
  readonly batchSize: number
  /** Moves the rows in memory into segments, and waits until their log files are gone. */
  flush(): Promise<void>
  pause(): Promise<void>
}

/** What one run removed. */
export interface DeleteRun {
  readonly requests: number
  readonly rows: number
  readonly freedBytes: number
}

/** Removes the rows of the requests whose cancel period is over from the segments. */
export async function runDeletes(environment: DeleteRunEnvironment): Promise<DeleteRun> {
  const { deletes, segments, logger } = environment
  const due = deletes.due(environment.batchSize)
  let rows = 0
  let freedBytes = 0
  if (due.length > 0) await environment.flush()
  for (const [tenant, requests] of Map.groupBy(due, (each) => each.tenant)) {
    const concerned = segments.of(tenant).filter((segment) => requests.some((each) => mayMean(each, segment)))
    const failed = new Set<ActiveDelete>()
    for (const [i, segment] of concerned.entries()) {
      const wanted = requests.filter((each) => deletes.isWanted(each) && mayMean(each, segment))
      try {
        const removed = await segments.using([segment], () => removeFrom(environment, segment, wanted))
        rows += removed.rows
        freedBytes += removed.freedBytes
      } catch (thrown) {
        if (!(thrown instanceof FormatError)) throw thrown
        for (const each of wanted) failed.add(each)
        logger.error(
          { file: segment.path, error: errorMessage(thrown) },
          'rows to be deleted cannot be removed from a damaged segment; they stay hidden. Check the disk.',
        )
      }
      if (concerned.length > 1) await deletes.advance(progress(requests, (99 * (i + 1)) / concerned.length))
    }
    // A scan that began before may still hold an old file open: until it is gone, so is the request.
    const isGone = segments.awaitingRemoval(tenant) === 0
    const done = requests.filter((each) => !failed.has(each))
    await deletes.advance(progress(done, isGone ? 100 : 99))
  }
  return { requests: due.length, rows, freedBytes }
}

function progress(requests: readonly ActiveDelete[], percent: number): Map<string, number> {
  return new Map(requests.map(({ request }) => [request.id, percent]))
}

function mayMean(each: ActiveDelete, segment: Segment): boolean {
  const { minMs, maxMs } = segment.properties
  if (!overlaps(each, minMs, maxMs)) return false
  return segment.streams.some((stream) => meansStream(each.selection.matchers, stream))
}

async function removeFrom(
  environment: DeleteRunEnvironment,
  segment: Segment,
  requests: readonly ActiveDelete[],
): Promise<{ rows: number; freedBytes: number }> {
  const { compactor, pause } = environment
  const { directory } = segment
  const drops = new Map<number, BlockDrop>()
  let rows = 0
  for (let block = 0; block < directory.length; block++) {
    const drop = await dropOf(environment, segment, block, requests)
    await pause()
    if (drop === undefined) continue
    drops.set(block, drop)
    rows += drop === 'all' ? directory.rows(block) : drop.reduce((sum, isGone) => sum + isGone, 0)
  }
  if (drops.size === 0) return { rows: 0, freedBytes: 0 }
  return { rows, freedBytes: await compactor.dropRows(segment, drops) }
}

async function mayHoldAll(
  filters: FilterReader,
  segment: Segment,
  block: number,
  predicates: readonly LinePredicate[],
): Promise<boolean> {
  const hashes = predicates.map(predicateHashes).filter((each) => each !== undefined)
  if (hashes.length === 0 || segment.directory.filterBytes(block) === 0) return true
  const found = await filters.of(segment)
  if (found === undefined) return true
  const filter = found.bytes.subarray(found.offsets[block], found.offsets[block + 1])
  return hashes.every((needles) => mayHold(filter, needles))
}

/** @throws FormatError where the block is damaged and may hold such rows */
async function dropOf(
  { blocks, filters }: DeleteRunEnvironment,
  segment: Segment,
  block: number,
  requests: readonly ActiveDelete[],
): Promise<BlockDrop | undefined> {
  const { directory } = segment
  const [minMs, maxMs] = [directory.minMs(block), directory.maxMs(block)]
  const stream = segment.streams[directory.stream(block)]
  const wanted: ActiveDelete[] = []
  for (const each of requests) {
    const { matchers, lines, test } = each.selection
    if (!overlaps(each, minMs, maxMs) || !meansStream(matchers, stream)) continue
    const isWithin = each.request.fromMs < minMs && each.request.toMs > maxMs
    if (isWithin && lines.length === 0 && test === undefined) return 'all'
    if (await mayHoldAll(filters, segment, block, lines)) wanted.push(each)
  }
  if (wanted.length === 0) return undefined
  const columns = await blocks.columns(segment, block, emptyStats())
  const lines = columns && (await blocks.allLines(segment, block, emptyStats()))
  if (columns === undefined || lines === undefined) {
    throw new FormatError(`block ${block} cannot be read`)
  }
  const tested = { ...columns, stream, metadata: columns.sets, lines: () => lines }
  const rows = directory.rows(block)
  const marks = new Uint8Array(rows)
  let count = 0
  for (const each of wanted) {
    for (const row of rowsOf(tested, columns.positions, each)) {
      if (marks[row] === 0) count++
      marks[row] = 1
    }
  }
  if (count === 0) return undefined
  return count === rows ? 'all' : marks
}
