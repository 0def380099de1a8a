import { FormatError } from '../embedded/bytes.ts'
import type { ColumnText } from './decode-column.ts'
import type { Columns } from './open-columns.ts'

/** Lines one after another in memory of their own. */
export interface DecodedLines {
  readonly bytes: Uint8Array
  readonly lineFrom: Uint32Array
  readonly lineTo: Uint32Array
}

/**
 * Puts all lines together again.
 * @throws FormatError where the columns are damaged
 */
export function decodeLines(columns: Columns): DecodedLines {
  const { directory, shapes } = columns
  const { rows, lineBytes } = directory
  const rowShapes = columns.rowShapes()
  const texts = directory.columns.map((_, column) => columns.text(column))
  const cursors = new Uint32Array(texts.length)
  const { stepFrom, stepColumn, constantFrom, constantTo, constants } = shapes
  const bytes = new Uint8Array(lineBytes)
  const lineFrom = new Uint32Array(rows)
  const lineTo = new Uint32Array(rows)
  let at = 0
  for (let row = 0; row < rows; row++) {
    lineFrom[row] = at
    const shape = rowShapes[row]
    const stepTo = stepFrom[shape + 1]
    for (let step = stepFrom[shape]; step < stepTo; step++) {
      const to = constantTo[step]
      for (let from = constantFrom[step]; from < to; from++) bytes[at++] = constants[from]
      const column = stepColumn[step]
      if (column >= 0) at = copyValue(bytes, at, texts[column], cursors[column]++)
    }
    if (at > lineBytes) throw new FormatError('the lines are longer than they should be')
    lineTo[row] = at
  }
  if (at !== lineBytes) throw new FormatError('the lines are shorter than they should be')
  return { bytes, lineFrom, lineTo }
}

function copyValue(to: Uint8Array, at: number, text: ColumnText, value: number): number {
  const place = text.ids === undefined ? value : text.ids[value]
  const source = text.bytes
  const end = text.to[place]
  for (let from = text.from[place]; from < end; from++) to[at++] = source[from]
  return at
}
