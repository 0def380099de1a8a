import { join } from 'node:path'
import { syncDir } from './disk.ts'
import type { FileSystem } from './file-system.ts'
import type { Head } from './head.ts'
import type { HeadStream } from './head-stream.ts'
import { makePacer } from './pacer.ts'
import type { Page } from './page.ts'
import { DAY_MS, dayName, dayOf, partitionDir, segmentName, segmentsDir } from './paths.ts'
import type { Counters } from './segment-format.ts'
import { type BlockRows, SegmentWriter } from './segment-writer.ts'
import { timeOrder } from './time-order.ts'

/** Where a head is flushed to, and what its segments record about the log they cover. */
export interface FlushOptions {
  readonly fs: FileSystem
  readonly dir: string
  /** Last log file with rows of the head. */
  readonly walTo: number
  readonly nowMs: number
  /** A block ends at about this many line bytes. */
  readonly blockBytes: number
  readonly writer: string
}

const BLOCK_ROWS = 65_536

/** Writes the rows of a head that takes no more into one segment per tenant and day. Returns the paths. */
export async function flushHead(head: Head, options: FlushOptions): Promise<string[]> {
  const paths: string[] = []
  for (const partition of partitionsOf(head)) paths.push(await writePartition(head, partition, options))
  return paths
}

interface Partition {
  readonly tenant: string
  readonly day: number
  /** Streams with rows of that day, by label text. */
  readonly streams: HeadStream[]
  /** Cells of the head's counters, in the order of `streams`. */
  readonly cells: Cell[]
}

interface Cell {
  readonly minute: number
  readonly head: HeadStream
  readonly level: number
  readonly lines: number
  readonly bytes: number
  readonly metadataBytes: number
}

/** The counters know every minute with rows, and so every day. */
function partitionsOf(head: Head): Partition[] {
  const byIndex = [...head.streams.values()]
  const partitions = new Map<string, Partition>()
  head.counters.forEach((minute, index, level, lines, bytes, metadataBytes) => {
    const stream = byIndex[index]
    const { tenant } = stream.stream
    const day = Math.floor((minute * 60_000) / DAY_MS)
    const key = `${day} ${tenant}`
    let partition = partitions.get(key)
    if (partition === undefined) partitions.set(key, (partition = { tenant, day, streams: [], cells: [] }))
    partition.cells.push({ minute, head: stream, level, lines, bytes, metadataBytes })
  })
  for (const { streams, cells } of partitions.values()) {
    for (const stream of new Set(cells.map((cell) => cell.head))) streams.push(stream)
    streams.sort((a, b) => (a.stream.key < b.stream.key ? -1 : 1))
  }
  return [...partitions.values()].sort((a, b) => a.day - b.day)
}

async function writePartition(head: Head, partition: Partition, options: FlushOptions): Promise<string> {
  const directory = partitionDir(options.dir, partition.tenant, partition.day)
  await makeDirs(options.fs, options.dir, directory)
  const path = join(directory, segmentName(head.walFrom, options.walTo))
  const writer = await SegmentWriter.create(options.fs, path)
  let scratch: Scratch | undefined
  try {
    const pause = makePacer()
    scratch = takeScratch(options.blockBytes)
    const totals = { rows: 0, lineBytes: 0, minMs: Infinity, maxMs: -Infinity }
    for (const [number, stream] of partition.streams.entries()) {
      const refs = rowsOfDay(stream, partition.day)
      for (const rows of cutBlocks(refs, options.blockBytes, scratch)) {
        await writer.addBlock({ ...rows, stream: number, sets: head.sets })
        await pause()
        totals.rows += rows.tsMs.length
        totals.lineBytes += rows.lines.length
        totals.minMs = Math.min(totals.minMs, rows.tsMs[0])
        totals.maxMs = Math.max(totals.maxMs, rows.tsMs[rows.tsMs.length - 1])
      }
    }
    await writer.finish(
      partition.streams.map((stream) => stream.stream.labels),
      countersOf(head, partition),
      {
        tenant: partition.tenant,
        day: dayName(partition.day),
        walFrom: head.walFrom,
        walTo: options.walTo,
        ...totals,
        createdMs: options.nowMs,
        writer: options.writer,
      },
    )
  } catch (thrown) {
    await writer.abandon()
    throw thrown
  } finally {
    // A single huge line must not keep its memory.
    if (scratch !== undefined && scratch.lines.length <= options.blockBytes * 4) spare ??= scratch
  }
  return path
}

/** Creates a partition's directory and makes the names on the way to it durable. */
async function makeDirs(fs: FileSystem, dir: string, partition: string): Promise<void> {
  await fs.mkdir(partition)
  // Each time: that they are there does not tell whether an earlier try to sync them succeeded.
  await syncDir(fs, join(partition, '..'))
  await syncDir(fs, segmentsDir(dir))
}

/** References to rows of one stream, in time order. */
interface RowRefs {
  readonly pages: readonly Page[]
  /** Per row: index into `pages`, and position on that page. */
  readonly page: Uint32Array
  readonly position: Uint32Array
}

function rowsOfDay(stream: HeadStream, day: number): RowRefs {
  const fromMs = day * DAY_MS
  const toMs = fromMs + DAY_MS
  const portions = stream.portions.filter((portion) => portion.minMs <= toMs && portion.maxMs >= fromMs)
  const capacity = portions.reduce((sum, portion) => sum + portion.rows, 0)
  const refs = {
    pages: portions.map((portion) => portion.page),
    page: new Uint32Array(capacity),
    position: new Uint32Array(capacity),
  }
  let count = 0
  portions.forEach(({ page, extents }, number) => {
    for (let e = 0; e < extents.length; e += 2) {
      for (let row = extents[e]; row < extents[e + 1]; row++) {
        if (dayOf(page.tsMs[row], page.tsNs[row]) !== day) continue
        refs.page[count] = number
        refs.position[count++] = row
      }
    }
  })
  const taken = { ...refs, page: refs.page.subarray(0, count), position: refs.position.subarray(0, count) }
  return inTimeOrder(taken)
}

/** The rows in time order, ties as they were. They come as a few runs that are in order, which are merged. */
function inTimeOrder(refs: RowRefs): RowRefs {
  const { pages, page, position } = refs
  const tsMs = new Float64Array(page.length)
  const tsNs = new Uint32Array(page.length)
  for (let i = 0; i < page.length; i++) {
    const from = pages[page[i]]
    tsMs[i] = from.tsMs[position[i]]
    tsNs[i] = from.tsNs[position[i]]
  }
  const order = timeOrder(tsMs, tsNs)
  if (order === undefined) return refs
  return { pages, page: order.map((i) => page[i]), position: order.map((i) => position[i]) }
}

function* cutBlocks(
  refs: RowRefs,
  blockBytes: number,
  scratch: Scratch,
): Generator<Omit<BlockRows, 'stream' | 'sets'>> {
  const { pages, page, position } = refs
  let from = 0
  while (from < page.length) {
    let bytes = 0
    let to = from
    while (to < page.length && to - from < BLOCK_ROWS && bytes < blockBytes) {
      const at = pages[page[to]]
      bytes += at.lineTo[position[to]] - at.lineFrom[position[to]]
      to++
    }
    yield gatherBlock(refs, from, to, bytes, scratch)
    from = to
  }
}

/** Memory that all blocks of a flush are gathered in, one after the other. */
interface Scratch {
  readonly tsMs: Float64Array
  readonly tsNs: Uint32Array
  readonly lengths: Uint32Array
  readonly metadata: Uint32Array
  lines: Uint8Array
}

/** That of the last flush, for the next one. */
let spare: Scratch | undefined

function takeScratch(blockBytes: number): Scratch {
  const taken = spare
  spare = undefined
  return taken ?? makeScratch(blockBytes)
}

function makeScratch(blockBytes: number): Scratch {
  return {
    tsMs: new Float64Array(BLOCK_ROWS),
    tsNs: new Uint32Array(BLOCK_ROWS),
    lengths: new Uint32Array(BLOCK_ROWS),
    metadata: new Uint32Array(BLOCK_ROWS),
    lines: new Uint8Array(blockBytes * 2),
  }
}

/** Copies rows [from, to) of `refs` together; the result is valid until the next call with this scratch. */
function gatherBlock(
  { pages, page, position }: RowRefs,
  from: number,
  to: number,
  lineBytes: number,
  scratch: Scratch,
): Omit<BlockRows, 'stream' | 'sets'> {
  const rows = to - from
  if (scratch.lines.length < lineBytes) scratch.lines = new Uint8Array(lineBytes)
  const { tsMs, tsNs, lengths, metadata, lines } = scratch
  let end = 0
  let row = 0
  while (row < rows) {
    const number = page[from + row]
    const source = pages[number]
    const first = position[from + row]
    // Neighbours on a page have neighbouring lines: one copy for all of them.
    let at = first
    do {
      tsMs[row] = source.tsMs[at]
      tsNs[row] = source.tsNs[at]
      lengths[row] = source.lineTo[at] - source.lineFrom[at]
      metadata[row] = source.metadata[at]
      row++
      at++
    } while (row < rows && page[from + row] === number && position[from + row] === at)
    lines.set(source.bytes.subarray(source.lineFrom[first], source.lineTo[at - 1]), end)
    end += source.lineTo[at - 1] - source.lineFrom[first]
  }
  return {
    tsMs: tsMs.subarray(0, rows),
    tsNs: tsNs.subarray(0, rows),
    lengths: lengths.subarray(0, rows),
    metadata: metadata.subarray(0, rows),
    lines: lines.subarray(0, lineBytes),
  }
}

function countersOf(head: Head, { streams, cells }: Partition): Counters {
  const numbers = new Map(streams.map((stream, number) => [stream, number]))
  const sorted = cells.sort((a, b) => a.minute - b.minute)
  const count = sorted.length
  const counters = {
    levels: head.levels,
    minute: new Float64Array(count),
    bytes: new Float64Array(count),
    metadataBytes: new Float64Array(count),
    lines: new Uint32Array(count),
    stream: new Uint32Array(count),
    level: new Uint32Array(count),
  }
  sorted.forEach((cell, i) => {
    counters.minute[i] = cell.minute
    counters.bytes[i] = cell.bytes
    counters.metadataBytes[i] = cell.metadataBytes
    counters.lines[i] = cell.lines
    counters.stream[i] = numbers.get(cell.head) ?? 0
    counters.level[i] = cell.level
  })
  return counters
}
