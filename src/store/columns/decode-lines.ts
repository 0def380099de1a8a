import { joinLines, type LineTexts, takeLineTexts } from '#kernels/join-lines.ts'
import { FormatError } from '../embedded/bytes.ts'
import type { ColumnText } from '../types.ts'
import { ReusedMemory } from './memory.ts'
import type { Columns } from './open-columns.ts'
import { firstPositions } from './positions.ts'

/** Lines one after another in memory of their own. */
export interface DecodedLines {
  readonly bytes: Uint8Array
  readonly lineFrom: Uint32Array
  readonly lineTo: Uint32Array
}

/**
 * Puts lines together again.
 * @param wanted rows whose lines are wanted, ascending; all where undefined. Of others nothing is said
 * @throws FormatError where the columns are damaged
 */
export function decodeLines(columns: Columns, wanted?: Uint32Array): DecodedLines {
  const { rows } = columns.directory
  const rowShapes = columns.rowShapes()
  memory.reset()
  const texts = gatherTexts(columns, wanted)
  const lineBytes = sumLengths(columns, texts, wanted)
  const lineFrom = new Uint32Array(rows)
  const lineTo = new Uint32Array(rows)
  const { shapes } = columns
  const parts = { shapes, rowShapes, rows: wanted ?? firstPositions(rows), ...texts, lineBytes }
  return { bytes: joinLines(parts, lineFrom, lineTo), lineFrom, lineTo }
}

interface GatheredTexts {
  readonly texts: LineTexts
  /** Per column: its first value. */
  readonly nextValue: Uint32Array
}

/** Texts on their way into lines: nobody sees them afterwards. */
const memory = new ReusedMemory()

/** Brings everything that the wanted lines are made of into one place. */
function gatherTexts(columns: Columns, wanted: Uint32Array | undefined): GatheredTexts {
  const { directory, shapes } = columns
  const isWanted = wanted && maskOf(wanted, directory.rows)
  const counts = new Uint32Array(directory.columns.length)
  const texts = directory.columns.map(({ values }, column) => {
    const picked = wanted && isWanted && pickedValues(columns, column, wanted, isWanted)
    counts[column] = picked === undefined ? values : picked.length
    return counts[column] === 0 ? NO_TEXT : columns.text(column, memory, picked)
  })
  const { constants } = shapes
  let textBytes = constants.length
  let values = 0
  for (const [column, text] of texts.entries()) {
    textBytes += text.bytes.length
    values += counts[column]
  }
  const place = takeLineTexts(textBytes, values)
  const { arena, valueFrom, valueTo } = place
  const nextValue = new Uint32Array(texts.length)
  arena.set(constants)
  let base = constants.length
  let first = 0
  for (const [column, text] of texts.entries()) {
    const end = first + counts[column]
    nextValue[column] = first
    arena.set(text.bytes, base)
    placeValues(text, base, valueFrom.subarray(first, end), valueTo.subarray(first, end))
    base += text.bytes.length
    first = end
  }
  return { texts: place, nextValue }
}

const NO_TEXT: ColumnText = {
  bytes: new Uint8Array(0),
  from: new Uint32Array(0),
  to: new Uint32Array(0),
  ids: undefined,
}

function maskOf(wanted: Uint32Array, rows: number): Uint8Array {
  const mask = new Uint8Array(rows)
  for (let i = 0; i < wanted.length; i++) mask[wanted[i]] = 1
  return mask
}

/** Which of a column's values are those of wanted rows. */
function pickedValues(
  columns: Columns,
  column: number,
  wanted: Uint32Array,
  isWanted: Uint8Array,
): Uint32Array {
  const { values } = columns.directory.columns[column]
  if (values === columns.directory.rows) return wanted
  const rows = columns.rowsOf(column)
  const picked = memory.uint32(Math.min(wanted.length, rows.length))
  let count = 0
  for (let value = 0; value < rows.length; value++) if (isWanted[rows[value]] === 1) picked[count++] = value
  return picked.subarray(0, count)
}

function placeValues(
  { from, to, ids }: ColumnText,
  base: number,
  toFrom: Uint32Array,
  toTo: Uint32Array,
): void {
  const count = toFrom.length
  if (ids === undefined) {
    for (let i = 0; i < count; i++) {
      toFrom[i] = base + from[i]
      toTo[i] = base + to[i]
    }
    return
  }
  for (let i = 0; i < count; i++) {
    const text = ids[i]
    toFrom[i] = base + from[text]
    toTo[i] = base + to[text]
  }
}

/**
 * How long the wanted lines are together; of all lines, that must be what the directory says.
 */
function sumLengths(
  { directory, shapes, rowShapes }: Columns,
  { texts: { valueFrom, valueTo } }: GatheredTexts,
  wanted: Uint32Array | undefined,
): number {
  let total = 0
  const constantBytes = new Uint32Array(shapes.count)
  for (let shape = 0; shape < shapes.count; shape++) {
    for (let step = shapes.stepFrom[shape]; step < shapes.stepFrom[shape + 1]; step++) {
      constantBytes[shape] += shapes.constantTo[step] - shapes.constantFrom[step]
    }
  }
  const ofRows = rowShapes()
  if (wanted === undefined) for (let row = 0; row < ofRows.length; row++) total += constantBytes[ofRows[row]]
  else for (let i = 0; i < wanted.length; i++) total += constantBytes[ofRows[wanted[i]]]
  for (let i = 0; i < valueFrom.length; i++) total += valueTo[i] - valueFrom[i]
  if (wanted === undefined && total !== directory.lineBytes) {
    throw new FormatError(`the lines are ${directory.lineBytes} bytes, their columns add up to ${total}`)
  }
  return total
}
