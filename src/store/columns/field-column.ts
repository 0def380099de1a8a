import type { FieldColumn, FieldParser, FieldValues, KeyParser } from '../types.ts'
import {
  HAS_BACKSLASH,
  HAS_EMPTY,
  HAS_EQUALS,
  HAS_NULL,
  HAS_OTHER,
  HAS_QUOTE,
  HAS_WORD,
} from './column-flags.ts'
import { JSON_ORIGIN } from './directory.ts'
import { rangeOf, readValues } from './field-values.ts'
import { logfmtKeys } from './logfmt-shapes.ts'
import type { Columns } from './open-columns.ts'
import { patternColumn } from './pattern-column.ts'
import { ARRAY, END, PAIR } from './value-kinds.ts'

/**
 * The column that holds what the parser would extract under a label name (docs: LogQL's `json` and `logfmt`
 * stages without parameters), before any clash with the labels of the stream. Undefined where no single
 * column is it.
 * @throws FormatError where the columns are damaged
 */
export function fieldColumn(columns: Columns, parser: FieldParser, name: string): FieldColumn | undefined {
  if (typeof parser !== 'string') return patternColumn(columns, parser, name)
  const found = findField(columns, parser, name)
  if (found === undefined) return undefined
  const { column, provenShapes } = found
  const rows = column === -1 ? NO_ROWS : columns.rowsOf(column)
  const valueIndex = new Int32Array(columns.directory.rows).fill(-1)
  for (let value = 0; value < rows.length; value++) valueIndex[rows[value]] = value
  let values: FieldValues | undefined
  return {
    valueIndex,
    unproven: rowsOfShapes(columns, provenShapes, (mark) => mark !== PROVEN),
    early: rowsOfShapes(columns, provenShapes, (mark) => mark === EARLY),
    range: column === -1 ? undefined : rangeOf(columns.directory.columns[column]),
    values: () => (values ??= readValues(columns, column, rows)),
    texts: () => (column === -1 ? NO_TEXTS : columns.text(column)),
  }
}

/** What was found of fields: every query looks for the same few. */
const foundFields = new WeakMap<Columns, Map<string, FoundField | undefined>>()

/** The column that is the field, and the rows it tells about; undefined as for {@link fieldColumn}. */
export function findField(columns: Columns, parser: KeyParser, name: string): FoundField | undefined {
  let known = foundFields.get(columns)
  if (known === undefined) foundFields.set(columns, (known = new Map()))
  const key = `${parser} ${name}`
  if (known.has(key)) return known.get(key)
  const found = parser === 'json' ? findJson(columns, name) : findLogfmt(columns, name)
  if (known.size < MAX_FOUND) known.set(key, found)
  return found
}

/** Names are the client's: not any number of them is remembered. */
const MAX_FOUND = 32

const NO_ROWS = new Uint32Array(0)

/** The rows whose shape has a mark that is wanted. */
function rowsOfShapes(columns: Columns, marks: Uint8Array, wants: (mark: number) => boolean): Uint32Array {
  if (!marks.some(wants)) return NO_ROWS
  const isWanted = Uint8Array.from(marks, (mark) => Number(wants(mark)))
  const rowShapes = columns.rowShapes()
  const rows = new Uint32Array(rowShapes.length)
  let count = 0
  for (let row = 0; row < rowShapes.length; row++) if (isWanted[rowShapes[row]] === 1) rows[count++] = row
  return rows.slice(0, count)
}

const NO_TEXTS = {
  bytes: new Uint8Array(0),
  from: new Uint32Array(0),
  to: new Uint32Array(0),
  ids: undefined,
}

/** The parser reads the whole line, and finds what the columns say. */
export const PROVEN = 1
/** The parser finds the field before it gets to what is not understood. */
const EARLY = 2

/** See {@link findField}. */
export interface FoundField {
  /** −1: no row has the field. */
  readonly column: number
  /** Per shape: {@link PROVEN}, {@link EARLY}, or 0 where nothing is known. */
  readonly provenShapes: Uint8Array
}

function findJson(columns: Columns, name: string): FoundField | undefined {
  const { directory, shapes } = columns
  let found = -1
  for (const [column, info] of directory.columns.entries()) {
    if (info.origin !== JSON_ORIGIN) continue
    const { path, kind, isFirst } = parseKey(info.key)
    // Arrays are no labels, and of several members with one key the first counts.
    if (kind === ARRAY || !isFirst) continue
    const label = labelName(path)
    if (label === undefined) return undefined
    if (label !== name) continue
    if (found !== -1) return undefined
    found = column
  }
  if (found !== -1) {
    const dirty = HAS_OTHER | HAS_BACKSLASH | HAS_WORD | HAS_NULL
    if ((directory.columns[found].flags & dirty) !== 0) return undefined
  }
  const provenShapes = new Uint8Array(shapes.count)
  for (let shape = 0; shape < shapes.count; shape++) {
    provenShapes[shape] = jsonMark(columns, shape, found)
  }
  return { column: found, provenShapes }
}

/** What is known of the rows of a shape: a bare word stops the parser, and so does an end that is none. */
function jsonMark({ directory, shapes }: Columns, shape: number, field: number): number {
  if (shapes.isJson[shape] === 0) return 0
  const stepTo = shapes.stepFrom[shape + 1]
  let mark = 0
  for (let step = shapes.stepFrom[shape]; step < stepTo; step++) {
    const column = shapes.stepColumn[step]
    if (column >= 0 && (directory.columns[column].flags & HAS_WORD) !== 0) return mark
    if (column >= 0 && column === field) mark = EARLY
  }
  return directory.nodes.kind[shapes.stepNode[stepTo - 1]] === END ? PROVEN : mark
}

function findLogfmt(columns: Columns, name: string): FoundField | undefined {
  const { directory, shapes } = columns
  const { nodes } = directory
  let found = -1
  const provenShapes = new Uint8Array(shapes.count)
  for (let shape = 0; shape < shapes.count; shape++) {
    const { keys, isWhole } = logfmtKeys(columns, shape)
    let isCertain = true
    let isTaken = false
    for (const [i, key] of keys.entries()) {
      const label = labelName([key])
      if (label === undefined) isCertain = false
      if (label !== name) continue
      const step = shapes.stepFrom[shape] + i
      const column = shapes.stepColumn[step]
      if (isTaken || (found !== -1 && found !== column)) return undefined
      isTaken = true
      if (isCertain) provenShapes[shape] = EARLY
      found = column
      const isPair = nodes.kind[shapes.stepNode[step]] === PAIR
      const dirty = HAS_OTHER | HAS_EMPTY | HAS_BACKSLASH | (isPair ? HAS_QUOTE | HAS_EQUALS : 0)
      if ((directory.columns[column].flags & dirty) !== 0) return undefined
    }
    if (isWhole && isCertain) provenShapes[shape] = PROVEN
  }
  // The column may also serve shapes where it is something else; a row of those is unproven, and its value
  // unused.
  return { column: found, provenShapes }
}

function parseKey(key: Uint8Array): { path: string[]; kind: number; isFirst: boolean } {
  const text = Buffer.from(key).toString('latin1')
  const mark = text.search(/[\x01\x02]/)
  const path = (mark === -1 ? text : text.slice(0, mark)).split('\0')
  const tail = mark === -1 ? '' : text.slice(mark)
  const kind = /^\x02(\d+)/.exec(tail)
  return { path, kind: kind === null ? 0 : Number(kind[1]), isFirst: !tail.includes('\x01') }
}

/**
 * The label that keys become, where that is certain: names of letters, digits, and marks that turn into `_`.
 */
function labelName(path: readonly string[]): string | undefined {
  if (!path.every((segment) => /^[A-Za-z_][\w./:@$#-]*$/.test(segment))) return undefined
  return path.map((segment) => segment.replace(/\W/g, '_')).join('_')
}
