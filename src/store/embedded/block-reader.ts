import { errorMessage, OperatorError } from '#base/errors.ts'
import { firstPositions } from '../columns/positions.ts'
import type { CorruptBlock } from '../scan-plan.ts'
import type { Lines, Metadata, ScanStats } from '../types.ts'
import { FormatError } from './bytes.ts'
import { describeCorrupt, type ReportCorrupt } from './corrupt-blocks.ts'
import { errorCode } from './disk.ts'
import { Lru } from './lru.ts'
import { OpenedBlock, storedBytesOf } from './opened-block.ts'
import type { Segment } from './segment.ts'

/** Everything of a block but its line bytes. */
export interface BlockColumns {
  readonly tsMs: Float64Array
  readonly tsNs: Uint32Array
  readonly lineFrom: Uint32Array
  readonly lineTo: Uint32Array
  readonly sets: readonly Metadata[]
  readonly rowMetadata: Uint32Array
  /** 0, 1, 2, … rows − 1. */
  readonly positions: Uint32Array
}

/**
 * Reads and checks blocks; keeps the last ones, and what was unpacked of them. A damaged block is reported
 * once and reads as undefined.
 */
export class BlockReader {
  readonly #opened: Lru<OpenedBlock>
  readonly #report: ReportCorrupt
  corruptBlocks = 0

  /** `cacheBytes`: how much to keep. */
  constructor(cacheBytes: number, report: ReportCorrupt) {
    this.#opened = new Lru(cacheBytes)
    this.#report = report
  }

  get cachedBytes(): number {
    return this.#opened.sizeBytes
  }

  /** The block, at once where it is in memory; undefined where it is damaged. */
  open(
    segment: Segment,
    block: number,
    stats: ScanStats,
  ): OpenedBlock | undefined | Promise<OpenedBlock | undefined> {
    if (segment.corruptBlocks.has(block)) return undefined
    return this.#opened.get(cacheKey(segment, block)) ?? this.#read(segment, block, stats)
  }

  /** What `work` gives, which unpacks something of an opened block; undefined where that is damaged. */
  unpack<T>(segment: Segment, block: number, work: () => T): T | undefined {
    if (segment.corruptBlocks.has(block)) return undefined
    try {
      return work()
    } catch (thrown) {
      this.#noteThrown(segment, block, thrown)
      return undefined
    }
  }

  /**
   * What `work` gives, for whoever has taken the block's rows already and cannot do without.
   * @throws OperatorError `store_io` where the block is damaged
   */
  mustUnpack<T>(segment: Segment, block: number, work: () => T): T {
    try {
      return work()
    } catch (thrown) {
      this.#noteThrown(segment, block, thrown)
      throw new OperatorError(
        'store_io',
        `a block of ${segment.path} is damaged: ${errorMessage(thrown)}. Ask again: the rest answers.`,
        { cause: thrown },
      )
    }
  }

  /** All of a block but its lines, for who goes through it row by row. */
  async columns(segment: Segment, block: number, stats: ScanStats): Promise<BlockColumns | undefined> {
    const opened = await this.open(segment, block, stats)
    return (
      opened &&
      this.unpack(segment, block, () => {
        const { sets, ids: rowMetadata } = opened.metadata()
        const { tsMs, tsNs } = opened
        return {
          tsMs,
          tsNs,
          ...opened.extents(),
          sets,
          rowMetadata,
          positions: firstPositions(opened.entry.rows),
        }
      })
    )
  }

  /** All lines of a block. */
  async allLines(segment: Segment, block: number, stats: ScanStats): Promise<Lines | undefined> {
    const opened = await this.open(segment, block, stats)
    return opened && this.unpack(segment, block, () => opened.lines(firstPositions(opened.entry.rows)))
  }

  forget(segment: Segment): void {
    for (let block = 0; block < segment.trailer.blocks; block++) {
      this.#opened.delete(cacheKey(segment, block))
    }
  }

  async #read(segment: Segment, block: number, stats: ScanStats): Promise<OpenedBlock | undefined> {
    const key = cacheKey(segment, block)
    const entry = segment.directory.entry(block)
    const storedBytes = storedBytesOf(entry)
    try {
      const stored = await segment.read(entry.offset, storedBytes)
      stats.compressedBytes += storedBytes
      const opened: OpenedBlock = new OpenedBlock(stored, entry, {
        grew: (moreBytes) => this.#opened.grow(key, opened, moreBytes),
        hasRoom: (sizeBytes) => this.#opened.hasRoom(sizeBytes),
      })
      this.#opened.set(key, opened, opened.openedBytes)
      return opened
    } catch (thrown) {
      this.#noteThrown(segment, block, thrown)
      return undefined
    }
  }

  /** Leaves a block out of what is read from now on, and reports it, if that is news. */
  noteCorrupt(segment: Segment, corrupt: CorruptBlock): void {
    const { block } = corrupt
    if (segment.corruptBlocks.has(block)) return
    segment.corruptBlocks.add(block)
    this.corruptBlocks++
    this.#opened.delete(cacheKey(segment, block))
    this.#report(segment, corrupt)
  }

  /** Notes that a block is damaged; anything else is thrown on. */
  #noteThrown(segment: Segment, block: number, thrown: unknown): void {
    if (!(thrown instanceof FormatError) && errorCode(thrown) !== 'EIO') throw thrown
    this.noteCorrupt(segment, describeCorrupt(segment, block, thrown))
  }
}

/** Segments have fewer than 2^22 blocks. */
function cacheKey(segment: Segment, block: number): number {
  return segment.id * 2 ** 22 + block
}
