import { ByteReader, FormatError } from '../embedded/bytes.ts'
import { readPartInfo, unpackPart } from '../embedded/parts.ts'
import type { ColumnText } from '../types.ts'
import { readColumnText } from './decode-column.ts'
import { COLUMNS_HEADER_BYTES, COLUMNS_VERSION, type Directory, readDirectory } from './directory.ts'
import { readInts } from './ints.ts'
import { type Memory, ownMemory } from './memory.ts'
import { readShapes, type Shapes } from './shapes.ts'
import { StreamReader } from './streams.ts'
import type { RowTimes } from './values.ts'

/** The columns of a block, opened: nothing but the directory has been unpacked. */
export interface Columns {
  readonly directory: Directory
  readonly streams: StreamReader
  readonly shapes: Shapes
  /** Times of the rows. */
  times(): RowTimes
  /** Shape of each row; unpacked when first asked for. */
  rowShapes(): Float64Array
  /** Rows that have a value in the column, ascending. */
  rowsOf(column: number): Uint32Array
  /** The texts of a column, one per row that has one, made in this memory. */
  text(column: number, memory?: Memory): ColumnText
}

/**
 * Opens what `encodeLines` wrote.
 * @param stored all of its pieces, one after another
 * @param rowTimes those of the rows, as they were given to it; not looked at before a column needs them
 * @throws FormatError where header or directory are damaged; the same from any method, of what it reads
 */
export function openColumns(stored: Uint8Array, rowTimes: RowTimes): Columns {
  if (stored.length < COLUMNS_HEADER_BYTES) throw new FormatError('the columns are cut short')
  const view = new DataView(stored.buffer, stored.byteOffset, stored.length)
  const version = view.getUint32(0, true)
  if (version !== COLUMNS_VERSION)
    throw new FormatError(`columns version ${version} is not known to this Logboom`)
  const info = readPartInfo(view, 4)
  const chunksAt = COLUMNS_HEADER_BYTES + info.storedBytes
  if (chunksAt > stored.length) throw new FormatError('the columns are cut short')
  const directory = readDirectory(
    new ByteReader(unpackPart(stored.subarray(COLUMNS_HEADER_BYTES, chunksAt), info)),
  )
  const times = (): RowTimes => {
    if (rowTimes.tsMs.length < directory.rows) throw new FormatError('the columns have rows without a time')
    return rowTimes
  }
  const streams = new StreamReader(stored.subarray(chunksAt), directory.chunks)
  const shapes = readShapes(directory.nodes, directory.columns.length)
  let rowShapes: Float64Array | undefined
  const shapesOfRows = (): Float64Array => {
    if (rowShapes !== undefined) return rowShapes
    rowShapes = readInts(directory.shapes, streams, directory.rows)
    checkCounts(directory, shapes, rowShapes)
    return rowShapes
  }
  const rowsOf = (column: number): Uint32Array => {
    const has = shapes.hasColumn(column)
    const rows = new Uint32Array(directory.columns[column].values)
    let count = 0
    const ofRows = shapesOfRows()
    for (let row = 0; row < ofRows.length; row++) if (has[ofRows[row]] === 1) rows[count++] = row
    return rows
  }
  const text = (column: number, memory = ownMemory): ColumnText => {
    const { encoding, values } = directory.columns[column]
    return readColumnText(encoding, streams, { times, memory, count: values, rows: () => rowsOf(column) })
  }
  return { directory, streams, shapes, times, rowShapes: shapesOfRows, rowsOf, text }
}

/**
 * Every row has a shape that exists, and every column as many values as rows have it: then no reader runs
 * over an end.
 */
function checkCounts(directory: Directory, shapes: Shapes, rowShapes: Float64Array): void {
  const rowsByShape = new Uint32Array(shapes.count)
  for (let row = 0; row < rowShapes.length; row++) {
    const shape = rowShapes[row]
    if (!(shape >= 0 && shape < shapes.count)) throw new FormatError('a row has a shape that is not there')
    rowsByShape[shape]++
  }
  const values = new Float64Array(directory.columns.length)
  for (let shape = 0; shape < shapes.count; shape++) {
    for (let step = shapes.stepFrom[shape]; step < shapes.stepFrom[shape + 1]; step++) {
      const column = shapes.stepColumn[step]
      if (column >= 0) values[column] += rowsByShape[shape]
    }
  }
  directory.columns.forEach((column, i) => {
    if (column.values !== values[i]) throw new FormatError('a column has not as many values as its rows need')
  })
}
