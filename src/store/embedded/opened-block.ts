import { decodeLines } from '../columns/decode-lines.ts'
import { fieldColumn } from '../columns/field-column.ts'
import { lineShapes } from '../columns/line-shapes.ts'
import type { Columns } from '../columns/open-columns.ts'
import { firstPositions } from '../columns/positions.ts'
import type { BatchFields, BatchShapes, FieldColumn, FieldParser, Lines } from '../types.ts'
import { type BlockMetadata, decodeLengths, decodeMetadata, decodeTimes, type Times } from './block-codec.ts'
import { matchColumns, openBlockColumns, type RowConditions } from './block-lines.ts'
import { FormatError } from './bytes.ts'
import { matchLines, mayContain } from './line-match.ts'
import { checkPart, inflatePart, type PartInfo } from './parts.ts'
import { COLUMNS_CODEC, type DirectoryEntry, PLAIN_CODEC } from './segment-format.ts'

/** A {@link FormatError} with its place in the file. */
export class DamagedAt extends FormatError {
  readonly offset: number

  constructor(offset: number, message: string) {
    super(message)
    this.offset = offset
  }
}

/** What an opened block tells the cache that keeps it. */
export interface BlockKeeper {
  /** The block takes so many bytes more, because something of it was unpacked. */
  grew(moreBytes: number): void
  /** Whether so many bytes may be kept without anything else having to go. */
  hasRoom(sizeBytes: number): boolean
}

/** Objects that stand for a block in memory, its directory of columns above all, about. */
const FIXED_BYTES = 8192
/** What is read of a block is put together whole, once more than one row in this many is wanted. */
const FEW_LINES = 4

/**
 * A block in memory, as it lies in the file: the checksums of all its parts fit, so that what is unpacked
 * later, when it is first asked for, is not damaged. Every method throws a {@link FormatError} where a part
 * holds something else than it should in spite of its checksum.
 */
export class OpenedBlock {
  readonly entry: DirectoryEntry
  /** The fields of its lines, where these are kept as columns. */
  readonly fields: BatchFields | undefined
  readonly #stored: Uint8Array
  readonly #keeper: BlockKeeper
  readonly #columns: Columns | undefined
  readonly #fields = new Map<string, FieldColumn | undefined>()
  #times: Times | undefined
  #extents: Pick<Lines, 'lineFrom' | 'lineTo'> | undefined
  #metadata: BlockMetadata | undefined
  #shapes: BatchShapes | undefined
  #bytes: Uint8Array | undefined

  /**
   * @param stored the block's parts, one after another
   * @throws FormatError where they are damaged
   */
  constructor(stored: Uint8Array, entry: DirectoryEntry, keeper: BlockKeeper) {
    this.entry = entry
    this.#stored = stored
    this.#keeper = keeper
    const { times, lengths, metadata, lines } = entry
    for (const part of [times, lengths, metadata]) this.#at(part, (bytes) => checkPart(bytes, part))
    if (entry.codec === PLAIN_CODEC) this.#at(lines, (bytes) => checkPart(bytes, lines))
    else if (entry.codec === COLUMNS_CODEC) {
      this.#columns = this.#at(lines, (bytes) =>
        openBlockColumns(bytes, entry, this, (size) => keeper.grew(size)),
      )
      this.fields = { column: (parser, name) => this.#field(parser, name) }
    } else throw new DamagedAt(entry.offset, `block codec ${entry.codec} is not known to this Logboom`)
  }

  /** Memory it takes as long as nothing is unpacked. */
  get openedBytes(): number {
    return this.#stored.length + FIXED_BYTES
  }

  /** Time of each row, as in `#base/timestamp.ts`. */
  get tsMs(): Float64Array {
    return this.#unpackTimes().tsMs
  }

  /** See {@link tsMs}. */
  get tsNs(): Uint32Array {
    return this.#unpackTimes().tsNs
  }

  /** The sets of metadata, and which each row has. */
  metadata(): BlockMetadata {
    if (this.#metadata === undefined) {
      const { metadata, rows } = this.entry
      this.#metadata = this.#unpack(metadata, (part) => decodeMetadata(part, rows))
      this.#keeper.grew(rows * 4 + metadata.rawBytes * 2)
    }
    return this.#metadata
  }

  /** The shapes of its lines, where these are kept as columns. */
  shapes(): BatchShapes | undefined {
    const columns = this.#columns
    if (columns === undefined || this.#shapes !== undefined) return this.#shapes
    this.#shapes = this.#at(this.entry.lines, () => lineShapes(columns))
    this.#keeper.grew(columns.shapes.constants.length * 2)
    return this.#shapes
  }

  /** Where each line begins and ends in the bytes of all of them. */
  extents(): Pick<Lines, 'lineFrom' | 'lineTo'> {
    if (this.#extents === undefined) {
      const { lengths, rows, lines } = this.entry
      this.#extents = this.#unpack(lengths, (part) => extentsOf(decodeLengths(part, rows), lines.rawBytes))
      this.#keeper.grew(rows * 8)
    }
    return this.#extents
  }

  /**
   * Positions of the rows whose lines meet every predicate, without those that provably do not meet the other
   * conditions.
   */
  match(conditions: RowConditions): Uint32Array {
    const columns = this.#columns
    if (columns !== undefined) {
      const fields = conditions.fields.filter(({ name }) => !this.#hasMetadata(name))
      return this.#at(this.entry.lines, () => matchColumns(columns, { ...conditions, fields }))
    }
    const { predicates } = conditions
    const all = firstPositions(this.entry.rows)
    if (predicates.length === 0) return all
    const bytes = this.#allBytes()
    if (!predicates.every((predicate) => mayContain(bytes, predicate))) return new Uint32Array(0)
    return matchLines({ ...this.extents(), bytes }, all, predicates)
  }

  /** Whether a row has metadata of this name. */
  #hasMetadata(name: string): boolean {
    return (
      this.entry.metadata.rawBytes > 0 &&
      this.metadata().sets.some((set) => set.some(([label]) => label === name))
    )
  }

  /** The lines of the wanted rows, ascending or descending; what is said of others means nothing. */
  lines(wanted: Uint32Array): Lines {
    const { rows } = this.entry
    const columns = this.#columns
    if (columns === undefined || this.#bytes !== undefined || wanted.length * FEW_LINES >= rows) {
      return { ...this.extents(), bytes: this.#allBytes() }
    }
    return this.#at(this.entry.lines, () => decodeLines(columns, ascending(wanted)))
  }

  #allBytes(): Uint8Array {
    if (this.#bytes !== undefined) return this.#bytes
    const columns = this.#columns
    const { lines } = this.entry
    const bytes = this.#at(lines, (stored) =>
      columns === undefined ? inflatePart(stored, lines) : decodeLines(columns).bytes,
    )
    if (this.#keeper.hasRoom(lines.rawBytes)) {
      this.#bytes = bytes
      this.#keeper.grew(lines.rawBytes)
    }
    return bytes
  }

  #field(parser: FieldParser, name: string): FieldColumn | undefined {
    const columns = this.#columns
    if (columns === undefined) return undefined
    const key = `${typeof parser === 'string' ? parser : parser.text}\0${name}`
    if (this.#fields.has(key)) return this.#fields.get(key)
    const field = this.#at(this.entry.lines, () => fieldColumn(columns, parser, name))
    this.#fields.set(key, field)
    if (field !== undefined) {
      this.#keeper.grew(this.entry.rows * FIELD_BYTES_PER_ROW + field.unproven.length * 4)
    }
    return field
  }

  #unpackTimes(): Times {
    if (this.#times === undefined) {
      const { times, rows, minMs } = this.entry
      this.#times = this.#unpack(times, (part) => decodeTimes(part, rows, minMs))
      this.#keeper.grew(rows * 12)
    }
    return this.#times
  }

  #unpack<T>(part: PartInfo, decode: (raw: Uint8Array) => T): T {
    return this.#at(part, (stored) => decode(inflatePart(stored, part)))
  }

  /** Works on the stored bytes of one of the block's parts; what is wrong with them is at their place. */
  #at<T>(part: PartInfo, work: (stored: Uint8Array) => T): T {
    const { offset, times, lengths, metadata } = this.entry
    let at = 0
    for (const before of [times, lengths, metadata]) {
      if (before === part) break
      at += before.storedBytes
    }
    try {
      return work(this.#stored.subarray(at, at + part.storedBytes))
    } catch (thrown) {
      if (!(thrown instanceof FormatError) || thrown instanceof DamagedAt) throw thrown
      throw new DamagedAt(offset + at, thrown.message)
    }
  }
}

/** Index of the value and the value itself. */
const FIELD_BYTES_PER_ROW = 12

/** Length of all of a block's parts in the file. */
export function storedBytesOf({ times, lengths, metadata, lines }: DirectoryEntry): number {
  return times.storedBytes + lengths.storedBytes + metadata.storedBytes + lines.storedBytes
}

function extentsOf(lengths: Uint32Array, lineBytes: number): Pick<Lines, 'lineFrom' | 'lineTo'> {
  const lineFrom = new Uint32Array(lengths.length)
  let end = 0
  for (let row = 0; row < lengths.length; row++) {
    lineFrom[row] = end
    end += lengths[row]
    lengths[row] = end
  }
  if (end !== lineBytes) {
    throw new FormatError(`the lines are ${lineBytes} bytes, their lengths add up to ${end}`)
  }
  return { lineFrom, lineTo: lengths }
}

/** Rows come in the direction of a scan. */
function ascending(rows: Uint32Array): Uint32Array {
  return rows.length > 1 && rows[0] > rows[rows.length - 1] ? rows.toReversed() : rows
}
