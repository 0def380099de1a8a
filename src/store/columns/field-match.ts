import { makeNeedle, type Needle } from '#kernels/needle.ts'
import type { ColumnText, FieldPredicate } from '../types.ts'
import { readScaled } from './decode-column.ts'
import { CONSTANT, DECIMAL, DICTIONARY, HEX, INTEGER, type NumberEncoding, RAW } from './encoding.ts'
import { findField, PROVEN } from './field-column.ts'
import { hexValuesWith } from './hex-search.ts'
import { readMarks } from './ints.ts'
import { ReusedMemory } from './memory.ts'
import type { Columns } from './open-columns.ts'
import { placesIn } from './value-template.ts'

/** Texts and numbers that are only looked at. */
const memory = new ReusedMemory()

/** No row meets the condition. */
export const ALL_ROWS = 'all rows'

/**
 * Which rows provably do not meet a condition on a field: per row 1 or 0, in memory of their own; undefined
 * where nothing is proven of any. A row without the field meets no comparison with a number, and is compared
 * with texts as empty.
 * @throws FormatError where the columns are damaged
 */
export function rowsFailing(
  columns: Columns,
  predicate: FieldPredicate,
): Uint8Array | typeof ALL_ROWS | undefined {
  const found = findField(columns, predicate.parser, predicate.name)
  if (found === undefined) return undefined
  memory.reset()
  const { column, provenShapes } = found
  const failing = column === -1 ? ALL_MEET : failingValues(columns, column, predicate)
  const missingFails = typeof predicate.value === 'number' || !meetsText('', predicate)
  const isEverywhere = column !== -1 && hasAllRows(columns, column)
  if (failing === ALL_MEET && (!missingFails || isEverywhere)) return undefined
  if (provenShapes.every((mark) => mark === PROVEN)) {
    if ((column === -1 || failing === ALL_FAIL) && (missingFails || isEverywhere)) return ALL_ROWS
    if (isEverywhere && typeof failing !== 'string') return failing
  }
  return markRows(columns, column, failing, missingFails, provenShapes)
}

/** What a shape says of its rows beside 0 and 1: the next value decides, or is to be passed over. */
const VALUE_DECIDES = 2
const VALUE_UNPROVEN = 3

const NO_MARKS = new Uint8Array(0)

/** What is known of values, told of the rows that have them. */
function markRows(
  columns: Columns,
  column: number,
  failing: Failing,
  missingFails: boolean,
  provenShapes: Uint8Array,
): Uint8Array {
  const has = column === -1 ? undefined : columns.shapes.hasColumn(column)
  const ofValue = failing === ALL_MEET ? 0 : failing === ALL_FAIL ? 1 : VALUE_DECIDES
  const verdicts = provenShapes.map((mark, shape) => {
    const hasValue = has?.[shape] === 1
    if (mark === PROVEN) return hasValue ? ofValue : Number(missingFails)
    return hasValue && ofValue === VALUE_DECIDES ? VALUE_UNPROVEN : 0
  })
  const ofRows = columns.rowShapes()
  const rows = new Uint8Array(ofRows.length)
  const marks = typeof failing === 'string' ? NO_MARKS : failing
  let next = 0
  for (let row = 0; row < rows.length; row++) {
    const verdict = verdicts[ofRows[row]]
    if (verdict === VALUE_DECIDES) rows[row] = marks[next++]
    else if (verdict === VALUE_UNPROVEN) next++
    else rows[row] = verdict
  }
  return rows
}

const ALL_MEET = 'all meet'
const ALL_FAIL = 'all fail'
/** Per value: 1 where it does not meet the condition. */
type Failing = Uint8Array | typeof ALL_MEET | typeof ALL_FAIL

function hasAllRows({ directory }: Columns, column: number): boolean {
  return directory.columns[column].values === directory.rows
}

function failingValues(columns: Columns, column: number, predicate: FieldPredicate): Failing {
  const { encoding } = columns.directory.columns[column]
  if (encoding.code === DICTIONARY || encoding.code === CONSTANT) {
    const { texts } = columns.distinct(column, memory)
    const flags = Uint8Array.from(texts.from, (_, text) =>
      failsText(textAt(texts, text), predicate) ? 1 : 0,
    )
    if (!flags.includes(1)) return ALL_MEET
    if (!flags.includes(0)) return ALL_FAIL
    if (encoding.code === CONSTANT) return flags
    const { values: count } = columns.directory.columns[column]
    return readMarks(encoding.ids, columns.streams, count, flags, memory)
  }
  if (encoding.code === INTEGER || encoding.code === DECIMAL)
    return failingNumbers(columns, column, encoding, predicate)
  if (predicate.op !== '=' || typeof predicate.value === 'number') return ALL_MEET
  if (encoding.code === HEX) return hexOtherThan(columns, column, predicate.value)
  return encoding.code === RAW ? textsOtherThan(columns, column, predicate.value) : ALL_MEET
}

function failingNumbers(
  columns: Columns,
  column: number,
  encoding: NumberEncoding,
  predicate: FieldPredicate,
): Failing {
  const { prefix, suffix, digits, min, max } = encoding
  if (prefix.length > 0 || suffix.length > 0) return ALL_MEET
  const isText = typeof predicate.value === 'string'
  // Texts that are different numbers differ; the same number may be written in several ways.
  if (isText && predicate.op !== '=') return ALL_MEET
  const wanted = Number(predicate.value)
  const scale = 10 ** digits
  const byRange = rangeMeets(min / scale, max / scale, predicate.op, wanted)
  if (byRange !== undefined) return byRange ? ALL_MEET : ALL_FAIL
  const { values: count } = columns.directory.columns[column]
  const { streams, times } = columns
  const numbers = readScaled(encoding, streams, { times, memory, count, rows: () => columns.rowsOf(column) })
  const failing = new Uint8Array(count)
  for (let i = 0; i < count; i++) failing[i] = meetsNumber(numbers[i] / scale, predicate.op, wanted) ? 0 : 1
  return failing
}

/** Whether all numbers of a range meet a condition, or none; undefined where that depends on the number. */
function rangeMeets(min: number, max: number, op: FieldPredicate['op'], wanted: number): boolean | undefined {
  const [low, high] = [meetsNumber(min, op, wanted), meetsNumber(max, op, wanted)]
  if (op === '=') return min <= wanted && wanted <= max ? (min === max ? true : undefined) : false
  if (op === '!=') return min <= wanted && wanted <= max ? (min === max ? false : undefined) : true
  return low === high ? low : undefined
}

function meetsNumber(value: number, op: FieldPredicate['op'], wanted: number): boolean {
  switch (op) {
    case '=':
      return value === wanted
    case '!=':
      return value !== wanted
    case '>':
      return value > wanted
    case '>=':
      return value >= wanted
    case '<':
      return value < wanted
    case '<=':
      return value <= wanted
  }
}

/** Numbers in the form in which whatever reads them reads the same. */
const PLAIN_NUMBER = /^-?\d{1,15}(\.\d{1,15})?$/

function failsText(text: string, predicate: FieldPredicate): boolean {
  const { op, value } = predicate
  if (typeof value === 'string') return !meetsText(text, predicate)
  return PLAIN_NUMBER.test(text) && !meetsNumber(Number(text), op, value)
}

function meetsText(text: string, { op, value }: FieldPredicate): boolean {
  if (op === '=') return text === value
  return op === '!=' ? text !== value : true
}

function textAt({ bytes, from, to }: ColumnText, text: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from[text], to[text] - from[text]).toString()
}

let lastValue = ''
let lastNeedle = makeNeedle(Buffer.from(' '))

/** Block after block is asked for the same value. */
function wholeValue(value: string): Needle {
  if (value !== lastValue) {
    lastNeedle = makeNeedle(Buffer.from(value))
    lastValue = value
  }
  return lastNeedle
}

function hexOtherThan(columns: Columns, column: number, value: string): Failing {
  const { encoding, values } = columns.directory.columns[column]
  if (encoding.code !== HEX || value === '') return ALL_FAIL
  const { pattern, nibbles } = encoding
  const needle = wholeValue(value)
  if (needle.bytes.length !== pattern.pattern.length || placesIn(encoding, needle)?.[0] !== 0) return ALL_FAIL
  const packed = columns.streams.read(nibbles)
  const hits = new Uint8Array(values)
  if (!hexValuesWith(needle, 0, pattern, packed, hits)) return ALL_FAIL
  for (let value = 0; value < values; value++) hits[value] ^= 1
  return hits
}

function textsOtherThan(columns: Columns, column: number, value: string): Failing {
  const wanted = Buffer.from(value)
  const { encoding } = columns.directory.columns[column]
  if (encoding.code !== RAW) return ALL_MEET
  const raw = columns.streams.read(encoding.bytes)
  const text = Buffer.from(raw.buffer, raw.byteOffset, raw.length)
  if (wanted.length > 0 && !text.includes(wanted)) return ALL_FAIL
  const { texts } = columns.distinct(column, memory)
  return Uint8Array.from(texts.from, (from, i) =>
    texts.to[i] - from === wanted.length && text.compare(wanted, 0, wanted.length, from, texts.to[i]) === 0
      ? 0
      : 1,
  )
}
