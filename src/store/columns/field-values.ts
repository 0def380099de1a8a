import type { FieldValues } from '../types.ts'
import { readColumnText, readScaled } from './decode-column.ts'
import type { ColumnInfo } from './directory.ts'
import { DECIMAL, DICTIONARY, INTEGER } from './encoding.ts'
import { readIndices } from './ints.ts'
import { ownMemory } from './memory.ts'
import type { Columns } from './open-columns.ts'

/** Smallest and largest number of a column; undefined where its values are no bare numbers. */
export function rangeOf({ encoding }: ColumnInfo): { min: number; max: number } | undefined {
  if (encoding.code !== INTEGER && encoding.code !== DECIMAL) return undefined
  if (encoding.prefix.length > 0 || encoding.suffix.length > 0) return undefined
  const scale = 10 ** encoding.digits
  return { min: encoding.min / scale, max: encoding.max / scale }
}

/** Unpacks the values of a column; `rows` are those that have one, −1 is a column of none. */
export function readValues(columns: Columns, column: number, rows: Uint32Array): FieldValues {
  const { streams, times, directory } = columns
  if (column === -1) return { kind: 'numbers', numbers: new Float64Array(0) }
  const { encoding } = directory.columns[column]
  const of = { times, memory: ownMemory, count: rows.length, rows: () => rows }
  if (encoding.code === DICTIONARY) {
    const { count } = encoding
    const texts = readColumnText(encoding.values, streams, { ...of, count })
    return { kind: 'dictionary', texts, count, ids: readIndices(encoding.ids, streams, rows.length, count) }
  }
  if (
    rangeOf(directory.columns[column]) !== undefined &&
    (encoding.code === INTEGER || encoding.code === DECIMAL)
  ) {
    const scale = 10 ** encoding.digits
    const numbers = readScaled(encoding, streams, of)
    if (scale !== 1) for (let i = 0; i < numbers.length; i++) numbers[i] /= scale
    return { kind: 'numbers', numbers }
  }
  return { kind: 'texts', texts: columns.text(column) }
}
