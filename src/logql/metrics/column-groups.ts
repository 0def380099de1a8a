import type { Labels } from '#base/labels.ts'
import type { FieldColumn } from '#store/types.ts'
import { ByteStrings } from '../pipeline/byte-strings.ts'
import type { LabelSource } from '../pipeline/label-source.ts'
import { asBuffer } from '../pipeline/row.ts'

/** Rows sorted into groups by the values of some labels. */
export interface ColumnGroups {
  /** Per row, in the order given: its group, from 0. */
  readonly of: Uint32Array
  readonly count: number
  /** A text that groups of the same labels share, whatever the batch. */
  key(group: number): string
  /** The labels of a group; a label that its rows lack is left out. */
  labels(group: number): Labels
}

/** The values of one label, numbered. */
interface Numbered {
  readonly of: Uint32Array
  readonly texts: readonly (string | undefined)[]
}

/**
 * Groups rows by labels.
 * @param names the labels, sorted; `sources` has where each comes from
 */
export function groupRows(
  names: readonly string[],
  sources: readonly LabelSource[],
  rows: Uint32Array,
  sets: Uint32Array,
): ColumnGroups {
  const numbered = sources.map((source) => numberValues(source, rows, sets))
  if (numbered.length === 1) {
    const [{ of, texts }] = numbered
    return {
      of,
      count: texts.length,
      key: (group) => texts[group] ?? ABSENT,
      labels: (group) => labelsOf(names, [texts[group]]),
    }
  }
  const of = new Uint32Array(rows.length)
  const byTuple = new Map<string | number, number>()
  const tuples: (string | undefined)[][] = []
  const size = numbered.reduce((product, { texts }) => product * texts.length, 1)
  for (let i = 0; i < rows.length; i++) {
    const key = size <= Number.MAX_SAFE_INTEGER ? numberKey(numbered, i) : textKey(numbered, i)
    let group = byTuple.get(key)
    if (group === undefined) {
      group = tuples.push(numbered.map((each) => each.texts[each.of[i]])) - 1
      byTuple.set(key, group)
    }
    of[i] = group
  }
  return {
    of,
    count: tuples.length,
    key: (group) => tuples[group].map((text) => text ?? ABSENT).join('\0'),
    labels: (group) => labelsOf(names, tuples[group]),
  }
}

/** Stands for a label that is not there; no value of a label holds it. */
const ABSENT = '\x02\0'

function numberKey(numbered: readonly Numbered[], i: number): number {
  let key = 0
  for (const { of, texts } of numbered) key = key * texts.length + of[i]
  return key
}

function textKey(numbered: readonly Numbered[], i: number): string {
  let key = ''
  for (const { of } of numbered) key += `${of[i]},`
  return key
}

function labelsOf(names: readonly string[], texts: readonly (string | undefined)[]): Labels {
  return names.flatMap((name, i) => {
    const text = texts[i]
    return text === undefined ? [] : [[name, text] as const]
  })
}

function numberValues(source: LabelSource, rows: Uint32Array, sets: Uint32Array): Numbered {
  const of = new Uint32Array(rows.length)
  if (source.kind === 'constant') return { of, texts: [source.text] }
  if (source.kind === 'metadata') {
    for (let i = 0; i < rows.length; i++) of[i] = sets[rows[i]]
    return { of, texts: source.texts }
  }
  return numberField(source.column, rows, of)
}

/** Number 0 is for rows that lack the field. */
function numberField(column: FieldColumn, rows: Uint32Array, of: Uint32Array): Numbered {
  const { valueIndex } = column
  const values = column.values()
  const columnTexts = values.kind === 'numbers' ? undefined : values.texts
  const ids = values.kind === 'dictionary' ? values.ids : columnTexts?.ids
  if (values.kind === 'numbers') return numberNumbers(column, values.numbers, rows, of)
  const { bytes, from, to } = values.texts
  const buffer = asBuffer(bytes)
  const strings = new ByteStrings()
  const textOf = (text: number): string => strings.decode(buffer, from[text], to[text])
  const texts: (string | undefined)[] = [undefined]
  if (ids !== undefined) {
    const numbers = new Uint32Array(from.length)
    for (let i = 0; i < rows.length; i++) {
      const at = valueIndex[rows[i]]
      if (at < 0) continue
      const id = ids[at]
      if (numbers[id] === 0) numbers[id] = texts.push(textOf(id)) - 1
      of[i] = numbers[id]
    }
    return { of, texts }
  }
  const known = new Map<string, number>()
  for (let i = 0; i < rows.length; i++) {
    const at = valueIndex[rows[i]]
    if (at < 0) continue
    const text = textOf(at)
    let number = known.get(text)
    if (number === undefined) known.set(text, (number = texts.push(text) - 1))
    of[i] = number
  }
  return { of, texts }
}

/** Within one column, equal numbers have equal texts: a text is made once per number. */
function numberNumbers(
  column: FieldColumn,
  numbers: Float64Array,
  rows: Uint32Array,
  of: Uint32Array,
): Numbered {
  const { valueIndex } = column
  const texts: (string | undefined)[] = [undefined]
  const known = new Map<number, number>()
  const columnTexts = numbers.length === 0 ? undefined : column.texts()
  for (let i = 0; i < rows.length; i++) {
    const at = valueIndex[rows[i]]
    if (at < 0 || columnTexts === undefined) continue
    let number = known.get(numbers[at])
    if (number === undefined) {
      const { bytes, from, to, ids } = columnTexts
      const text = ids === undefined ? at : ids[at]
      number = texts.push(asBuffer(bytes).toString('latin1', from[text], to[text])) - 1
      known.set(numbers[at], number)
    }
    of[i] = number
  }
  return { of, texts }
}
