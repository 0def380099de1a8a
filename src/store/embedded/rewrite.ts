import { dirname, join } from 'node:path'
import type { Logger } from '#base/logger.ts'
import { BlockBuilder, type DecodedBlock } from './block-builder.ts'
import { BlockReader } from './block-reader.ts'
import { FormatError } from './bytes.ts'
import { logCorrupt } from './corrupt-blocks.ts'
import { errorCode } from './disk.ts'
import type { FileSystem } from './file-system.ts'
import { type MergeBlock, mergeRows } from './merge-rows.ts'
import { rewrittenName } from './paths.ts'
import { groupBlocks, isWhole, type PlacedBlock } from './rewrite-plan.ts'
import { RewrittenCounters } from './rewritten-counters.ts'
import type { Segment } from './segment.ts'
import type { DirectoryEntry } from './segment-format.ts'
import { SegmentWriter } from './segment-writer.ts'
import { emptyStats } from './sources.ts'
import type { Stream } from './stream.ts'

/** Rows of a block to leave out: all of them, or those marked by 1. */
export type BlockDrop = 'all' | Uint8Array
/** The blocks of a segment with rows to leave out. */
export type SegmentDrops = ReadonlyMap<number, BlockDrop>

/** Segments of one tenant and day, neighbours in age, that become one. */
export interface RewriteJob {
  readonly inputs: readonly Segment[]
  readonly drops: ReadonlyMap<Segment, SegmentDrops>
  /** More than that of every segment of the day. */
  readonly generation: number
}

/** What rewriting works with. */
export interface RewriteEnvironment {
  readonly fs: FileSystem
  readonly logger: Logger
  readonly blockBytes: number
  clock(): number
  /** Called after each block; lets others work for a while. Throws when it is time to stop. */
  pause(): Promise<void>
}

/** What became of a {@link RewriteJob}. */
export interface Rewritten {
  /** The new file, complete and durable; undefined where no row was left. */
  readonly path: string | undefined
  readonly droppedRows: number
}

/** Decoded blocks of a rewrite: little more than the one that is looked at. */
const CACHE_BYTES = 8 << 20

/**
 * Writes the rows of segments into one new file, which says that it replaces them: from the moment it has its
 * name it is what counts, whatever becomes of the old files. docs/formats/segment.md, Rewriting.
 * @throws FormatError where a block that must be decoded, or the counters or filters of an input, are damaged
 */
export async function rewriteSegments(environment: RewriteEnvironment, job: RewriteJob): Promise<Rewritten> {
  const { fs } = environment
  const { inputs } = job
  const counters = await RewrittenCounters.sum(inputs)
  const walFrom = Math.min(...inputs.map(({ properties }) => properties.walFrom))
  const walTo = Math.max(...inputs.map(({ properties }) => properties.walTo))
  const path = join(dirname(inputs[0].path), rewrittenName(walFrom, walTo, job.generation))
  const writer = await SegmentWriter.create(fs, path)
  try {
    const rewrite = new Rewrite(environment, job, writer, counters)
    for (const stream of counters.streams) await rewrite.copyStream(stream)
    const { rows, lineBytes, minMs, maxMs, droppedRows } = rewrite
    if (rows === 0) {
      await writer.abandon()
      return { path: undefined, droppedRows }
    }
    const { tenant, day, writer: program } = inputs[0].properties
    await writer.finish(
      rewrite.written.map(({ labels }) => labels),
      counters.of(rewrite.written),
      {
        ...{ tenant, day, walFrom, walTo, rows, lineBytes, minMs, maxMs },
        createdMs: environment.clock(),
        writer: program,
        generation: job.generation,
        replaces: await replacedNames(fs, inputs),
      },
    )
    return { path, droppedRows }
  } catch (thrown) {
    await writer.abandon()
    // It may have its name already: then it must not stand beside what it was to replace.
    await fs.unlink(path).catch((failed: unknown) => {
      if (errorCode(failed) !== 'ENOENT') throw failed
    })
    throw thrown
  }
}

/**
 * The inputs, and what they in turn replaced as far as it is still there: a file that a scan is reading
 * outlives the one that replaced it.
 */
async function replacedNames(fs: FileSystem, inputs: readonly Segment[]): Promise<string[]> {
  const directory = dirname(inputs[0].path)
  const present = new Set((await fs.readdir(directory)).map(({ name }) => name))
  const earlier = inputs.flatMap(({ properties }) => properties.replaces ?? [])
  return [...inputs.map(({ path }) => path.slice(directory.length + 1)), ...earlier].filter((name) =>
    present.has(name),
  )
}

/** One rewrite under way. */
class Rewrite {
  rows = 0
  lineBytes = 0
  minMs = Infinity
  maxMs = -Infinity
  droppedRows = 0
  /** Streams with rows in the new file, in its order. */
  readonly written: Stream[] = []
  readonly #environment: RewriteEnvironment
  readonly #job: RewriteJob
  readonly #writer: SegmentWriter
  readonly #counters: RewrittenCounters
  readonly #builder: BlockBuilder
  readonly #reader: BlockReader
  readonly #filters = new Map<Segment, { readonly bytes: Uint8Array; readonly offsets: Uint32Array }>()

  constructor(
    environment: RewriteEnvironment,
    job: RewriteJob,
    writer: SegmentWriter,
    counters: RewrittenCounters,
  ) {
    this.#environment = environment
    this.#job = job
    this.#writer = writer
    this.#counters = counters
    this.#builder = new BlockBuilder(environment.blockBytes)
    this.#reader = new BlockReader(CACHE_BYTES, logCorrupt(environment.logger))
  }

  async copyStream(stream: Stream): Promise<void> {
    const { inputs, drops } = this.#job
    if (inputs.every((segment) => this.#dropsAll(segment, stream))) {
      for (const segment of inputs) this.droppedRows += rowsOf(segment, stream)
      return
    }
    for (const group of groupBlocks(inputs, stream)) {
      const [only] = group
      const { segment, block } = only
      const drop = drops.get(segment)?.get(block)
      const isAlone = group.length === 1 && drop === undefined
      if (isAlone && (inputs.length === 1 || isWhole(only, this.#environment.blockBytes))) {
        await this.#writeGathered(stream)
        await this.#copyBlock(stream, only)
      } else if (group.length === 1 && drop === 'all') {
        await this.#dropBlock(stream, only)
      } else {
        await this.#merge(stream, group)
      }
      await this.#environment.pause()
    }
    await this.#writeGathered(stream)
  }

  /** Whether nothing is copied, and so nothing read: the cells of a stream without rows are left out. */
  #dropsAll(segment: Segment, stream: Stream): boolean {
    const [from, to] = segment.blocksOf(stream)
    const drops = this.#job.drops.get(segment)
    for (let block = from; block < to; block++) if (drops?.get(block) !== 'all') return false
    return true
  }

  async #merge(stream: Stream, group: readonly PlacedBlock[]): Promise<void> {
    const bySegment = Map.groupBy(group, ({ segment }) => segment)
    const inputs = this.#job.inputs
      .map((segment) => bySegment.get(segment) ?? [])
      .map((blocks) => blocks.map((placed) => this.#mergeBlock(placed)))
    const builder = this.#builder
    await mergeRows(
      inputs.filter((blocks) => blocks.length > 0),
      {
        keep: (block, row) => {
          builder.add(block, row)
          if (!builder.isFull) return undefined
          return this.#writeGathered(stream).then(() => this.#environment.pause())
        },
        drop: (block, row) => this.#drop(stream, block, row),
      },
    )
  }

  #mergeBlock(placed: PlacedBlock): MergeBlock {
    const { segment, block } = placed
    return {
      load: async () => {
        const drop = this.#job.drops.get(segment)?.get(block)
        const decoded = await this.#decode(placed)
        await this.#environment.pause()
        const dropped = drop === 'all' ? new Uint8Array(decoded.tsMs.length).fill(1) : drop
        return { block: decoded, dropped }
      },
    }
  }

  async #decode({ segment, block }: PlacedBlock): Promise<DecodedBlock> {
    const columns = await this.#reader.columns(segment, block, emptyStats())
    const lines = columns && (await this.#reader.allLines(segment, block, emptyStats()))
    if (columns === undefined || lines === undefined) {
      throw new FormatError(`block ${block} of ${segment.path} is damaged`)
    }
    return { ...columns, ...lines }
  }

  async #dropBlock(stream: Stream, { segment, block }: PlacedBlock): Promise<void> {
    const columns = await this.#reader.columns(segment, block, emptyStats())
    if (columns === undefined) throw new FormatError(`block ${block} of ${segment.path} is damaged`)
    for (const row of columns.positions) {
      this.#counters.remove(stream, columns, row)
      this.droppedRows++
    }
  }

  #drop(stream: Stream, block: DecodedBlock, row: number): void {
    this.#counters.remove(stream, block, row)
    this.droppedRows++
  }

  async #copyBlock(stream: Stream, { segment, block, entry }: PlacedBlock): Promise<void> {
    const { times, lengths, metadata, lines } = entry
    const storedBytes = [times, lengths, metadata, lines].reduce((sum, part) => sum + part.storedBytes, 0)
    const stored = await segment.read(entry.offset, storedBytes)
    if (stored.length !== storedBytes) throw new FormatError(`${segment.path} is cut short`)
    await this.#writer.copyBlock(this.#number(stream), entry, stored, await this.#filter(segment, block))
    this.#note(entry, entry.rows, entry.lines.rawBytes)
  }

  async #filter(segment: Segment, block: number): Promise<Uint8Array> {
    let filters = this.#filters.get(segment)
    if (filters === undefined) {
      const { directory } = segment
      const offsets = new Uint32Array(directory.length + 1)
      for (let i = 0; i < directory.length; i++) offsets[i + 1] = offsets[i] + directory.filterBytes(i)
      filters = { bytes: await segment.readSection('filters'), offsets }
      this.#filters.set(segment, filters)
    }
    return filters.bytes.subarray(filters.offsets[block], filters.offsets[block + 1])
  }

  async #writeGathered(stream: Stream): Promise<void> {
    if (this.#builder.rows === 0) return
    const rows = this.#builder.take()
    const last = rows.tsMs.length - 1
    await this.#writer.addBlock({ ...rows, stream: this.#number(stream) })
    this.#note({ minMs: rows.tsMs[0], maxMs: rows.tsMs[last] }, last + 1, rows.lines.length)
  }

  #note({ minMs, maxMs }: Pick<DirectoryEntry, 'minMs' | 'maxMs'>, rows: number, lineBytes: number): void {
    this.rows += rows
    this.lineBytes += lineBytes
    this.minMs = Math.min(this.minMs, minMs)
    this.maxMs = Math.max(this.maxMs, maxMs)
  }

  /** Streams come in order, so that one with rows is the last that has a number, or gets the next. */
  #number(stream: Stream): number {
    if (this.written.at(-1) !== stream) this.written.push(stream)
    return this.written.length - 1
  }
}

function rowsOf(segment: Segment, stream: Stream): number {
  const [from, to] = segment.blocksOf(stream)
  let rows = 0
  for (let block = from; block < to; block++) rows += segment.directory.rows(block)
  return rows
}
