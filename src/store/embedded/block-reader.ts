import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import { decodeLines } from '../columns/decode-lines.ts'
import type { Columns } from '../columns/open-columns.ts'
import type { LinePredicate, Metadata, ScanStats } from '../types.ts'
import { decodeLengths, decodeMetadata, decodeTimes } from './block-codec.ts'
import { matchColumns, openBlockColumns } from './block-lines.ts'
import { FormatError } from './bytes.ts'
import { errorCode } from './disk.ts'
import type { Lines } from './line-match.ts'
import { Lru } from './lru.ts'
import { type PartInfo, unpackPart } from './parts.ts'
import type { Segment } from './segment.ts'
import { COLUMNS_CODEC, type DirectoryEntry, PLAIN_CODEC } from './segment-format.ts'

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
 * Reads, checks and decodes blocks; keeps the last ones decoded. A damaged block is reported once and reads
 * as undefined.
 */
export class BlockReader {
  readonly #columns: Lru<BlockColumns>
  readonly #opened: Lru<Columns>
  readonly #lines: Lru<Uint8Array>
  readonly #logger: Logger
  corruptBlocks = 0

  /** `cacheBytes`: how much decoded data to keep. */
  constructor(cacheBytes: number, logger: Logger) {
    this.#columns = new Lru(cacheBytes / 4)
    this.#opened = new Lru(cacheBytes / 4)
    this.#lines = new Lru(cacheBytes / 2)
    this.#logger = logger
  }

  get cachedBytes(): number {
    return this.#columns.sizeBytes + this.#opened.sizeBytes + this.#lines.sizeBytes
  }

  columns(segment: Segment, block: number, stats: ScanStats): Promise<BlockColumns | undefined> {
    return this.#guard(segment, block, async (entry) => {
      const key = cacheKey(segment, block)
      const known = this.#columns.get(key)
      if (known !== undefined) return known
      const { times, lengths, metadata, offset } = entry
      const storedBytes = times.storedBytes + lengths.storedBytes + metadata.storedBytes
      const stored = await segment.read(offset, storedBytes)
      stats.compressedBytes += storedBytes
      const columns = decodeColumns(stored, entry)
      this.#columns.set(key, columns, entry.rows * 28 + 256)
      return columns
    })
  }

  lines(segment: Segment, block: number, stats: ScanStats): Promise<Uint8Array | undefined> {
    return this.#guard(segment, block, async (entry) => {
      const key = cacheKey(segment, block)
      const known = this.#lines.get(key)
      if (known !== undefined) return known
      let bytes: Uint8Array
      if (entry.codec === PLAIN_CODEC) {
        const stored = await readLines(segment, entry, stats)
        bytes = at(linesOffset(entry), () => unpackPart(stored, entry.lines))
      } else {
        const opened = await this.#open(segment, block, entry, stats)
        if (opened === undefined) return undefined
        bytes = at(linesOffset(entry), () => decodeLines(opened).bytes)
      }
      this.#lines.set(key, bytes, bytes.length)
      return bytes
    })
  }

  /** Whether to {@link search} for the rows that are wanted: lines that are in memory are searched sooner. */
  canSearch(segment: Segment, block: number): boolean {
    return (
      segment.directory.codec(block) === COLUMNS_CODEC &&
      this.#lines.get(cacheKey(segment, block)) === undefined
    )
  }

  /** Positions of the rows of a block in columns that meet every predicate. */
  search(
    segment: Segment,
    block: number,
    predicates: readonly LinePredicate[],
    stats: ScanStats,
  ): Promise<Uint32Array | undefined> {
    return this.#guard(segment, block, async (entry) => {
      const opened = await this.#open(segment, block, entry, stats)
      return opened && at(linesOffset(entry), () => matchColumns(opened, predicates))
    })
  }

  /** The lines at these positions; others may be missing. Few lines of a block in columns are not kept. */
  linesAt(
    segment: Segment,
    block: number,
    positions: Uint32Array,
    stats: ScanStats,
  ): Promise<Lines | undefined> {
    return this.#guard(segment, block, async (entry) => {
      const isFew = positions.length * FEW_LINES < entry.rows
      if (isFew && this.canSearch(segment, block)) {
        const opened = await this.#open(segment, block, entry, stats)
        if (opened === undefined) return undefined
        const wanted = new Uint8Array(entry.rows)
        for (const position of positions) wanted[position] = 1
        return at(linesOffset(entry), () => decodeLines(opened, wanted))
      }
      return this.allLines(segment, block, stats)
    })
  }

  /** All lines of a block. */
  async allLines(segment: Segment, block: number, stats: ScanStats): Promise<Lines | undefined> {
    const columns = await this.columns(segment, block, stats)
    const bytes = columns && (await this.lines(segment, block, stats))
    return columns && bytes && { bytes, lineFrom: columns.lineFrom, lineTo: columns.lineTo }
  }

  async #open(
    segment: Segment,
    block: number,
    entry: DirectoryEntry,
    stats: ScanStats,
  ): Promise<Columns | undefined> {
    const key = cacheKey(segment, block)
    const known = this.#opened.get(key)
    if (known !== undefined) return known
    // Columns may be relative to the times of their rows.
    const times = await this.columns(segment, block, stats)
    if (times === undefined) return undefined
    const stored = await readLines(segment, entry, stats)
    const opened = at(linesOffset(entry), () => openBlockColumns(stored, entry, times))
    this.#opened.set(key, opened, entry.lines.storedBytes * OPENED_FACTOR)
    return opened
  }

  forget(segment: Segment): void {
    for (let block = 0; block < segment.directory.length; block++) {
      this.#columns.delete(cacheKey(segment, block))
      this.#opened.delete(cacheKey(segment, block))
      this.#lines.delete(cacheKey(segment, block))
    }
  }

  async #guard<T>(
    segment: Segment,
    block: number,
    read: (entry: DirectoryEntry) => Promise<T>,
  ): Promise<T | undefined> {
    if (segment.corruptBlocks.has(block)) return undefined
    const entry = segment.directory.entry(block)
    try {
      if (entry.codec !== PLAIN_CODEC && entry.codec !== COLUMNS_CODEC) {
        throw new DamagedAt(entry.offset, `block codec ${entry.codec} is not known to this Logboom`)
      }
      return await read(entry)
    } catch (thrown) {
      if (!(thrown instanceof FormatError) && errorCode(thrown) !== 'EIO') throw thrown
      const offset = thrown instanceof DamagedAt ? thrown.offset : entry.offset
      segment.corruptBlocks.add(block)
      this.corruptBlocks++
      this.#logger.error(
        {
          file: segment.path,
          offset,
          rows: entry.rows,
          stream: segment.streams[entry.stream].key,
          error: errorMessage(thrown),
        },
        'a block cannot be read and is left out of every answer; the rest answers. Check the disk.',
      )
      return undefined
    }
  }
}

/** A {@link FormatError} with its place in the file. */
class DamagedAt extends FormatError {
  readonly offset: number

  constructor(offset: number, message: string) {
    super(message)
    this.offset = offset
  }
}

function at<T>(offset: number, decode: () => T): T {
  try {
    return decode()
  } catch (thrown) {
    if (thrown instanceof FormatError) throw new DamagedAt(offset, thrown.message)
    throw thrown
  }
}

/** A block's lines are put together one by one while no more than one in this many is wanted. */
const FEW_LINES = 4
/** Memory of opened columns, unpacked as far as they were looked at, per byte of them in the file, about. */
const OPENED_FACTOR = 3

function linesOffset({ offset, times, lengths, metadata }: DirectoryEntry): number {
  return offset + times.storedBytes + lengths.storedBytes + metadata.storedBytes
}

async function readLines(segment: Segment, entry: DirectoryEntry, stats: ScanStats): Promise<Buffer> {
  stats.compressedBytes += entry.lines.storedBytes
  return segment.read(linesOffset(entry), entry.lines.storedBytes)
}

/** Segments have fewer than 2^22 blocks. */
function cacheKey(segment: Segment, block: number): number {
  return segment.id * 2 ** 22 + block
}

function decodeColumns(stored: Buffer, entry: DirectoryEntry): BlockColumns {
  const { rows } = entry
  let offset = 0
  const next = <T>(info: PartInfo, decode: (part: Uint8Array) => T): T => {
    const part = stored.subarray(offset, offset + info.storedBytes)
    const decoded = at(entry.offset + offset, () => decode(unpackPart(part, info)))
    offset += info.storedBytes
    return decoded
  }
  const times = next(entry.times, (part) => decodeTimes(part, rows, entry.minMs))
  const lengths = next(entry.lengths, (part) => decodeLengths(part, rows))
  const metadata = next(entry.metadata, (part) => decodeMetadata(part, rows))
  const lineFrom = new Uint32Array(rows)
  const positions = new Uint32Array(rows)
  let end = 0
  for (let row = 0; row < rows; row++) {
    positions[row] = row
    lineFrom[row] = end
    end += lengths[row]
    lengths[row] = end
  }
  if (end !== entry.lines.rawBytes) {
    throw new DamagedAt(
      entry.offset,
      `the lines are ${entry.lines.rawBytes} bytes, their lengths add up to ${end}`,
    )
  }
  return { ...times, lineFrom, lineTo: lengths, sets: metadata.sets, rowMetadata: metadata.ids, positions }
}
