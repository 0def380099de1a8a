import { countGarbage } from '#base/young-garbage.ts'
import type { Needle } from '#kernels/needle.ts'
import { LineEncoder } from '../columns/encode-lines.ts'
import { ALL_ROWS, rowsFailing } from '../columns/field-match.ts'
import { rowsContaining } from '../columns/line-search.ts'
import { type Columns, openColumns } from '../columns/open-columns.ts'
import { firstPositions } from '../columns/positions.ts'
import type { FieldPredicate, LinePredicate } from '../types.ts'
import type { Times } from './block-codec.ts'
import { FormatError } from './bytes.ts'
import { preparedNeedle } from './line-match.ts'
import { type Part, packPart } from './parts.ts'
import { COLUMNS_CODEC, type DirectoryEntry, PLAIN_CODEC } from './segment-format.ts'

/** Lines on their way into a block. */
export interface LinesOfBlock extends Times {
  readonly lengths: Uint32Array
  /** The lines, one after another. */
  readonly lines: Uint8Array
}

/** The lines part of a block, and the codec it is in. */
export interface EncodedBlockLines {
  readonly codec: number
  readonly part: Part
}

/** Below this, there is too little that repeats for columns to be worth their directory. */
const COLUMNS_FROM_ROWS = 64

/** Its memory is large and worth keeping; an encoding is done before the next one begins. */
const encoder = new LineEncoder()

/** Encodes the lines of a block in the codec that suits them. `block` must not change until this resolves. */
export async function encodeBlockLines(block: LinesOfBlock): Promise<EncodedBlockLines> {
  const { lengths, lines, tsMs, tsNs } = block
  const rows = lengths.length
  if (rows < COLUMNS_FROM_ROWS) return { codec: PLAIN_CODEC, part: await packPart(lines) }
  const lineFrom = new Uint32Array(rows)
  const lineTo = new Uint32Array(rows)
  let end = 0
  for (let row = 0; row < rows; row++) {
    lineFrom[row] = end
    end += lengths[row]
    lineTo[row] = end
  }
  const { pieces, storedBytes } = encoder.encode({ bytes: lines, lineFrom, lineTo, rows, tsMs, tsNs })
  // The pieces, and the block once it is written.
  countGarbage(storedBytes * 2)
  // What is inside has checksums of its own.
  const info = { storedBytes, rawBytes: lines.length, crc: 0 }
  return { codec: COLUMNS_CODEC, part: { info, stored: Buffer.concat(pieces, storedBytes) } }
}

/**
 * Opens the lines part of a block in {@link COLUMNS_CODEC} and checks all of it.
 * @param unpacked as for {@link openColumns}
 * @throws FormatError where the part is damaged or belongs to other rows
 */
export function openBlockColumns(
  stored: Uint8Array,
  entry: DirectoryEntry,
  times: Times,
  unpacked?: (sizeBytes: number) => void,
): Columns {
  const columns = openColumns(stored, times, unpacked)
  columns.streams.check()
  const { rows, lineBytes } = columns.directory
  if (rows !== entry.rows || lineBytes !== entry.lines.rawBytes) {
    throw new FormatError(`columns of ${rows} rows and ${lineBytes} bytes where the directory has others`)
  }
  return columns
}

/** What wanted rows must meet. */
export interface RowConditions {
  readonly predicates: readonly LinePredicate[]
  /** All of these are in the line, in any case. */
  readonly anyCase: readonly Needle[]
  readonly fields: readonly FieldPredicate[]
}

/**
 * The positions whose lines meet every predicate; of those that provably do not meet the other conditions,
 * none.
 * @throws FormatError where a column that must be looked at is damaged
 */
export function matchColumns(columns: Columns, conditions: RowConditions): Uint32Array {
  const { rows } = columns.directory
  /** Per row 1 where it is out; undefined as long as none is. */
  let isOut: Uint8Array | undefined
  for (const field of conditions.fields) {
    const failing = rowsFailing(columns, field)
    if (failing === ALL_ROWS) return NONE
    if (failing !== undefined) isOut = isOut === undefined ? failing : merged(isOut, failing, 0)
  }
  for (const { kind, needles } of conditions.predicates) {
    const found = needles.map((needle) => rowsContaining(columns, preparedNeedle(needle)))
    const [meets, ...others] = found
    for (const other of others) for (let row = 0; row < meets.length; row++) meets[row] |= other[row]
    isOut = merged(isOut ?? new Uint8Array(rows), meets, kind === 'contains' ? 1 : 0)
    if (!isOut.includes(0)) return NONE
  }
  for (const needle of conditions.anyCase) {
    isOut = merged(isOut ?? new Uint8Array(rows), rowsContaining(columns, needle), 1)
    if (!isOut.includes(0)) return NONE
  }
  return isOut === undefined ? firstPositions(rows) : positionsLeft(isOut)
}

const NONE = new Uint32Array(0)

/** Takes out the rows whose mark is 1, or 0 where `flip` is 1. */
function merged(isOut: Uint8Array, marks: Uint8Array, flip: 0 | 1): Uint8Array {
  for (let row = 0; row < isOut.length; row++) isOut[row] |= marks[row] ^ flip
  return isOut
}

let places = new Uint32Array(0)

function positionsLeft(isOut: Uint8Array): Uint32Array {
  if (places.length < isOut.length) places = new Uint32Array(isOut.length)
  let count = 0
  // Without a branch: which rows are left is hard to guess.
  for (let row = 0; row < isOut.length; row++) {
    places[count] = row
    count += 1 - isOut[row]
  }
  return places.slice(0, count)
}
