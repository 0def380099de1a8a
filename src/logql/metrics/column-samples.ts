import { parseGoFloat } from '#base/gofloat.ts'
import type { ColumnText, FieldColumn } from '#store/types.ts'
import { ByteStrings } from '../pipeline/byte-strings.ts'
import { readDecimal } from '../pipeline/decimal-bytes.ts'
import type { LabelSource } from '../pipeline/label-source.ts'
import { asBuffer } from '../pipeline/row.ts'
import type { Convert } from './unwrap.ts'

/** The samples of rows that have one. */
export interface ColumnSamples {
  /** Rows with a sample, in the order they were given. */
  readonly rows: Uint32Array
  /** The sample of each. */
  readonly values: Float64Array
}

const NONE = 0
const VALUE = 1
const NOT_YET = 2

/**
 * Reads the samples that `unwrap` takes from a label. Undefined where some value cannot be read as a number:
 * then the rows' own way through the stages must say so.
 */
export function readSamples(
  source: LabelSource,
  rows: Uint32Array,
  sets: Uint32Array,
  convert: Convert,
): ColumnSamples | undefined {
  try {
    if (source.kind === 'field') return readField(source.column, rows, convert)
    const texts = source.kind === 'constant' ? [source.text] : source.texts
    const samples = texts.map((text) => (text === undefined || text === '' ? undefined : convert(text)))
    return gather(rows, (row) => samples[source.kind === 'constant' ? 0 : sets[row]])
  } catch {
    return undefined
  }
}

function gather(rows: Uint32Array, sampleOf: (row: number) => number | undefined): ColumnSamples {
  const kept = new Uint32Array(rows.length)
  const values = new Float64Array(rows.length)
  let count = 0
  for (let i = 0; i < rows.length; i++) {
    const sample = sampleOf(rows[i])
    if (sample === undefined) continue
    kept[count] = rows[i]
    values[count++] = sample
  }
  return { rows: kept.subarray(0, count), values: values.subarray(0, count) }
}

function readField(column: FieldColumn, rows: Uint32Array, convert: Convert): ColumnSamples {
  const known = column.values()
  if (known.kind === 'numbers' && convert === parseGoFloat) {
    return readNumbers(column.valueIndex, known.numbers, rows)
  }
  const texts = known.kind === 'numbers' ? column.texts() : known.texts
  const ids = known.kind === 'dictionary' ? known.ids : texts.ids
  const sampleOf = textSamples(texts, convert)
  const { valueIndex } = column
  return gather(rows, (row) => {
    const at = valueIndex[row]
    return at < 0 ? undefined : sampleOf(ids === undefined ? at : ids[at])
  })
}

function readNumbers(valueIndex: Int32Array, numbers: Float64Array, rows: Uint32Array): ColumnSamples {
  const kept = new Uint32Array(rows.length)
  const values = new Float64Array(rows.length)
  let count = 0
  for (let i = 0; i < rows.length; i++) {
    const at = valueIndex[rows[i]]
    if (at < 0) continue
    kept[count] = rows[i]
    values[count++] = numbers[at]
  }
  return { rows: kept.subarray(0, count), values: values.subarray(0, count) }
}

/** The sample of each text, worked out once. @throws Error for a text that cannot be read */
function textSamples(
  { bytes, from, to }: ColumnText,
  convert: Convert,
): (text: number) => number | undefined {
  const buffer = asBuffer(bytes)
  const strings = new ByteStrings()
  const states = new Uint8Array(from.length).fill(NOT_YET)
  const samples = new Float64Array(from.length)
  return (text) => {
    if (states[text] === NOT_YET) {
      states[text] = from[text] === to[text] ? NONE : VALUE
      const decimal = convert === parseGoFloat ? readDecimal(buffer, from[text], to[text]) : undefined
      if (states[text] === VALUE) {
        samples[text] = decimal ?? convert(strings.decode(buffer, from[text], to[text]))
      }
    }
    return states[text] === NONE ? undefined : samples[text]
  }
}
