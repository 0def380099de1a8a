import { ByteReader, FormatError } from '../embedded/bytes.ts'
import { readPartInfo, unpackPart } from '../embedded/parts.ts'
import type { ColumnText } from '../types.ts'
import { type ColumnRows, readColumnText } from './decode-column.ts'
import { COLUMNS_HEADER_BYTES, COLUMNS_VERSION, type Directory, readDirectory } from './directory.ts'
import { DICTIONARY } from './encoding.ts'
import { readIndices } from './ints.ts'
import { type Memory, ownMemory } from './memory.ts'
import { firstPositions } from './positions.ts'
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
  rowShapes(): Uint32Array
  /** Rows that have a value in the column, ascending; not to be written to. */
  rowsOf(column: number): Uint32Array
  /** The texts of a column, one per row that has one, made in this memory; or of the picked values alone. */
  text(column: number, memory?: Memory, picked?: Uint32Array): ColumnText
  /** The texts of a column, those of a dictionary or constant once each. */
  distinct(column: number, memory: Memory): DistinctTexts
}

/** Texts of a column. */
export interface DistinctTexts {
  /** As many as its `from` is long; without `ids`. */
  readonly texts: ColumnText
  /** Which text each row's value is; undefined where the texts are those of the rows in turn. */
  ids(): Uint32Array | undefined
}

/**
 * Opens what `encodeLines` wrote.
 * @param stored all of its pieces, one after another
 * @param rowTimes those of the rows, as they were given to it; not looked at before a column needs them
 * @param unpacked is told whenever the columns take so many bytes of memory more, because of what was read
 * @throws FormatError where header or directory are damaged; the same from any method, of what it reads
 */
export function openColumns(
  stored: Uint8Array,
  rowTimes: RowTimes,
  unpacked: (sizeBytes: number) => void = () => {},
): Columns {
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
  const streams = new StreamReader(stored.subarray(chunksAt), directory.chunks, unpacked)
  const shapes = readShapes(directory.nodes, directory.columns.length)
  let rowShapes: Uint32Array | undefined
  const shapesOfRows = (): Uint32Array => {
    if (rowShapes !== undefined) return rowShapes
    rowShapes = readIndices(directory.shapes, streams, directory.rows, shapes.count)
    checkCounts(directory, shapes, rowShapes)
    unpacked(directory.rows * 4)
    return rowShapes
  }
  const rowsOf = (column: number): Uint32Array => {
    const ofRows = shapesOfRows()
    const { values } = directory.columns[column]
    if (values === directory.rows) return firstPositions(values)
    const has = shapes.hasColumn(column)
    const rows = new Uint32Array(values)
    let count = 0
    for (let row = 0; row < ofRows.length; row++) if (has[ofRows[row]] === 1) rows[count++] = row
    return rows
  }
  const of = (column: number, memory: Memory): ColumnRows => {
    const { values: count } = directory.columns[column]
    return { times, memory, count, rows: () => rowsOf(column) }
  }
  const text = (column: number, memory = ownMemory, picked?: Uint32Array): ColumnText =>
    readColumnText(directory.columns[column].encoding, streams, { ...of(column, memory), picked })
  const distinct = (column: number, memory: Memory): DistinctTexts => {
    const { encoding, values } = directory.columns[column]
    if (encoding.code === DICTIONARY) {
      const { count } = encoding
      return {
        texts: readColumnText(encoding.values, streams, { ...of(column, memory), count }),
        ids: () => readIndices(encoding.ids, streams, values, count, memory),
      }
    }
    const texts = text(column, memory)
    return { texts: { ...texts, ids: undefined }, ids: () => texts.ids }
  }
  return { directory, streams, shapes, times, rowShapes: shapesOfRows, rowsOf, text, distinct }
}

/**
 * Every column has as many values as rows have it: then no reader runs over an end.
 */
function checkCounts(directory: Directory, shapes: Shapes, rowShapes: Uint32Array): void {
  const rowsByShape = new Uint32Array(shapes.count)
  for (let row = 0; row < rowShapes.length; row++) rowsByShape[rowShapes[row]]++
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
