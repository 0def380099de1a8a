import type { FieldColumn, FieldParser, FieldValues } from '../types.ts'
import {
  HAS_BACKSLASH,
  HAS_EMPTY,
  HAS_EQUALS,
  HAS_NULL,
  HAS_OTHER,
  HAS_QUOTE,
  HAS_WORD,
} from './column-flags.ts'
import { readColumnText, readIds, readScaled } from './decode-column.ts'
import { type ColumnInfo, JSON_ORIGIN } from './directory.ts'
import { DECIMAL, DICTIONARY, INTEGER } from './encoding.ts'
import { logfmtKeys } from './logfmt-shapes.ts'
import { ownMemory } from './memory.ts'
import type { Columns } from './open-columns.ts'
import { ARRAY, END, PAIR } from './value-kinds.ts'

/**
 * The column that holds what the parser would extract under a label name (docs: LogQL's `json` and `logfmt`
 * stages without parameters), before any clash with the labels of the stream. Undefined where no single
 * column is it.
 * @throws FormatError where the columns are damaged
 */
export function fieldColumn(columns: Columns, parser: FieldParser, name: string): FieldColumn | undefined {
  const found = parser === 'json' ? findJson(columns, name) : findLogfmt(columns, name)
  if (found === undefined) return undefined
  const { column, provenShapes } = found
  const valueIndex = new Int32Array(columns.directory.rows).fill(-1)
  let rows = new Uint32Array(0)
  if (column !== -1) {
    rows = new Uint32Array(columns.rowsOf(column))
    rows.forEach((row, value) => {
      valueIndex[row] = value
    })
  }
  const unproven: number[] = []
  columns.rowShapes().forEach((shape, row) => {
    if (provenShapes[shape] === 0) unproven.push(row)
  })
  let values: FieldValues | undefined
  return {
    valueIndex,
    unproven: Uint32Array.from(unproven),
    range: column === -1 ? undefined : rangeOf(columns.directory.columns[column]),
    values: () => (values ??= readValues(columns, column, rows)),
    texts: () => (column === -1 ? NO_TEXTS : columns.text(column)),
  }
}

const NO_TEXTS = {
  bytes: new Uint8Array(0),
  from: new Uint32Array(0),
  to: new Uint32Array(0),
  ids: undefined,
}

interface Found {
  /** −1: no row has the field. */
  readonly column: number
  /** Per shape: whether its rows are understood. */
  readonly provenShapes: Uint8Array
}

function findJson(columns: Columns, name: string): Found | undefined {
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
    if (isWhole(columns, shape)) provenShapes[shape] = 1
  }
  return { column: found, provenShapes }
}

/** Whether a shape is an object that the parser reads to its end: one bare word stops it. */
function isWhole({ directory, shapes }: Columns, shape: number): boolean {
  if (shapes.isJson[shape] === 0) return false
  const stepTo = shapes.stepFrom[shape + 1]
  for (let step = shapes.stepFrom[shape]; step < stepTo; step++) {
    const column = shapes.stepColumn[step]
    if (column >= 0 && (directory.columns[column].flags & HAS_WORD) !== 0) return false
  }
  return directory.nodes.kind[shapes.stepNode[stepTo - 1]] === END
}

function findLogfmt(columns: Columns, name: string): Found | undefined {
  const { directory, shapes } = columns
  const { nodes } = directory
  let found = -1
  const provenShapes = new Uint8Array(shapes.count)
  for (let shape = 0; shape < shapes.count; shape++) {
    const keys = logfmtKeys(columns, shape)
    if (keys === undefined) continue
    provenShapes[shape] = 1
    let isTaken = false
    for (const [i, key] of keys.entries()) {
      const label = labelName([key])
      if (label === undefined) provenShapes[shape] = 0
      if (label !== name) continue
      const step = shapes.stepFrom[shape] + i
      const column = shapes.stepColumn[step]
      if (isTaken || (found !== -1 && found !== column)) return undefined
      isTaken = true
      found = column
      const isPair = nodes.kind[shapes.stepNode[step]] === PAIR
      const dirty = HAS_OTHER | HAS_EMPTY | HAS_BACKSLASH | (isPair ? HAS_QUOTE | HAS_EQUALS : 0)
      if ((directory.columns[column].flags & dirty) !== 0) return undefined
    }
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

function rangeOf({ encoding }: ColumnInfo): { min: number; max: number } | undefined {
  if (encoding.code !== INTEGER && encoding.code !== DECIMAL) return undefined
  if (encoding.prefix.length > 0 || encoding.suffix.length > 0) return undefined
  const scale = 10 ** encoding.digits
  return { min: encoding.min / scale, max: encoding.max / scale }
}

function readValues(columns: Columns, column: number, rows: Uint32Array): FieldValues {
  const { streams, times, directory } = columns
  if (column === -1) return { kind: 'numbers', numbers: new Float64Array(0) }
  const { encoding } = directory.columns[column]
  const of = { times, memory: ownMemory, count: rows.length, rows: () => rows }
  if (encoding.code === DICTIONARY) {
    const { count } = encoding
    const texts = readColumnText(encoding.values, streams, { ...of, count })
    return { kind: 'dictionary', texts, count, ids: readIds(encoding.ids, streams, rows.length, count) }
  }
  if (
    rangeOf(directory.columns[column]) !== undefined &&
    (encoding.code === INTEGER || encoding.code === DECIMAL)
  ) {
    const scale = 10 ** encoding.digits
    return { kind: 'numbers', numbers: readScaled(encoding, streams, of).map((scaled) => scaled / scale) }
  }
  return { kind: 'texts', texts: columns.text(column) }
}
