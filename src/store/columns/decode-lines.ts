import { FormatError } from '../embedded/bytes.ts'
import type { ColumnText } from '../types.ts'
import { ReusedMemory } from './memory.ts'
import type { Columns } from './open-columns.ts'
import { viewOf } from './words.ts'

/** Lines one after another in memory of their own. */
export interface DecodedLines {
  readonly bytes: Uint8Array
  readonly lineFrom: Uint32Array
  readonly lineTo: Uint32Array
}

/** Copies go in steps of four bytes, so that up to three bytes behind an end are touched. */
const SLACK_BYTES = 4

/**
 * Puts lines together again.
 * @param wanted per row: 0 for a line that is not wanted and comes back empty
 * @throws FormatError where the columns are damaged
 */
export function decodeLines(columns: Columns, wanted?: Uint8Array): DecodedLines {
  const { rows, lineBytes } = columns.directory
  const { stepFrom, stepColumn, constantFrom, constantTo } = columns.shapes
  const rowShapes = columns.rowShapes()
  memory.reset()
  const { arena, valueFrom, valueTo, cursors } = gatherTexts(columns)
  checkLength(columns, valueFrom, valueTo)
  const source = viewOf(arena)
  const buffer = new ArrayBuffer(lineBytes + SLACK_BYTES)
  const target = new DataView(buffer)
  const lineFrom = new Uint32Array(rows)
  const lineTo = new Uint32Array(rows)
  let at = 0
  for (let row = 0; row < rows; row++) {
    lineFrom[row] = at
    const shape = rowShapes[row]
    const stepTo = stepFrom[shape + 1]
    if (wanted !== undefined && wanted[row] === 0) {
      for (let step = stepFrom[shape]; step < stepTo; step++) {
        if (stepColumn[step] >= 0) cursors[stepColumn[step]]++
      }
      lineTo[row] = at
      continue
    }
    for (let step = stepFrom[shape]; step < stepTo; step++) {
      const from = constantFrom[step]
      const length = constantTo[step] - from
      for (let i = 0; i < length; i += 4) target.setInt32(at + i, source.getInt32(from + i, true), true)
      at += length
      const column = stepColumn[step]
      if (column < 0) continue
      const value = cursors[column]++
      const valueAt = valueFrom[value]
      const valueBytes = valueTo[value] - valueAt
      for (let i = 0; i < valueBytes; i += 4) {
        target.setInt32(at + i, source.getInt32(valueAt + i, true), true)
      }
      at += valueBytes
    }
    lineTo[row] = at
  }
  return { bytes: new Uint8Array(buffer, 0, at), lineFrom, lineTo }
}

interface Texts {
  /** The constants of the shapes, then the texts of all columns. */
  readonly arena: Uint8Array
  /** Where each value is in the arena, column after column. */
  readonly valueFrom: Uint32Array
  readonly valueTo: Uint32Array
  /** Per column: its first value. */
  readonly cursors: Uint32Array
}

/** Texts on their way into lines: nobody sees them afterwards. */
const memory = new ReusedMemory()

/** Brings everything that lines are made of into one place. */
function gatherTexts(columns: Columns): Texts {
  const { directory, shapes } = columns
  const texts = directory.columns.map((_, column) => columns.text(column, memory))
  const { constants } = shapes
  let arenaBytes = constants.length + SLACK_BYTES
  let values = 0
  texts.forEach((text, column) => {
    arenaBytes += text.bytes.length
    values += directory.columns[column].values
  })
  const arena = memory.bytes(arenaBytes)
  const valueFrom = memory.uint32(values)
  const valueTo = memory.uint32(values)
  const cursors = new Uint32Array(texts.length)
  arena.set(constants)
  let base = constants.length
  let first = 0
  texts.forEach((text, column) => {
    const count = directory.columns[column].values
    cursors[column] = first
    arena.set(text.bytes, base)
    placeValues(text, base, valueFrom.subarray(first, first + count), valueTo.subarray(first, first + count))
    base += text.bytes.length
    first += count
  })
  return { arena, valueFrom, valueTo, cursors }
}

function placeValues(
  { from, to, ids }: ColumnText,
  base: number,
  toFrom: Uint32Array,
  toTo: Uint32Array,
): void {
  for (let i = 0; i < toFrom.length; i++) {
    const text = ids === undefined ? i : ids[i]
    toFrom[i] = base + from[text]
    toTo[i] = base + to[text]
  }
}

/** The lines are as long as the directory says: then nothing is written behind their end. */
function checkLength(
  { directory, shapes, rowShapes }: Columns,
  valueFrom: Uint32Array,
  valueTo: Uint32Array,
): void {
  let total = 0
  const constantBytes = new Uint32Array(shapes.count)
  for (let shape = 0; shape < shapes.count; shape++) {
    for (let step = shapes.stepFrom[shape]; step < shapes.stepFrom[shape + 1]; step++) {
      constantBytes[shape] += shapes.constantTo[step] - shapes.constantFrom[step]
    }
  }
  for (const shape of rowShapes()) total += constantBytes[shape]
  for (let i = 0; i < valueFrom.length; i++) total += valueTo[i] - valueFrom[i]
  if (total !== directory.lineBytes) {
    throw new FormatError(`the lines are ${directory.lineBytes} bytes, their columns add up to ${total}`)
  }
}
