import { findBytes } from '#base/find-bytes.ts'
import { invariant } from '#base/invariant.ts'
import type { ColumnText, FieldColumn, FieldValues, PatternParser } from '../types.ts'
import { HAS_OTHER } from './column-flags.ts'
import { rangeOf, readValues } from './field-values.ts'
import { ownMemory, ReusedMemory } from './memory.ts'
import type { Columns } from './open-columns.ts'
import { type CapturePlace, capturePlaces, type LiteralsInside } from './pattern-shapes.ts'

/** Texts that are only looked at. */
const memory = new ReusedMemory()

/**
 * The column that holds what `| pattern` captures under a name: the values of one column, or the same part of
 * each. Undefined where its text needs a closer look.
 * @throws FormatError where the columns are damaged
 */
export function patternColumn(
  columns: Columns,
  pattern: PatternParser,
  name: string,
): FieldColumn | undefined {
  const { rows, columns: infos } = columns.directory
  const valueIndex = new Int32Array(rows).fill(-1)
  // A pattern fails on no line.
  if (!pattern.captures.some((capture) => name !== '' && capture.name === name)) {
    return { ...NOTHING, valueIndex, unproven: new Uint32Array(0) }
  }
  const places = capturePlaces(columns, pattern, name)
  const chosen = mostUsed(columns, places)
  const unproven = new Uint8Array(rows)
  markNeeds(columns, pattern, places, unproven)
  const isOther = places.map((place) =>
    Number(place === undefined || (place.column !== -1 && !isSame(place, chosen))),
  )
  markRows(columns.rowShapes(), isOther, unproven)
  if (chosen === undefined) return { ...NOTHING, valueIndex, unproven: positionsOf(unproven) }
  const { column, slice } = chosen
  if ((infos[column].flags & HAS_OTHER) !== 0) return undefined
  const withValue = columns.rowsOf(column)
  const isChosen = places.map((place) => place !== undefined && isSame(place, chosen))
  const rowShapes = columns.rowShapes()
  for (let value = 0; value < withValue.length; value++) {
    const row = withValue[value]
    if (isChosen[rowShapes[row]]) valueIndex[row] = value
  }
  let texts: ColumnText | undefined
  let values: FieldValues | undefined
  const textsOf = (): ColumnText => (texts ??= sliceOf(columns.text(column, ownMemory), pattern, slice))
  return {
    valueIndex,
    unproven: positionsOf(unproven),
    early: NO_ROWS,
    range: slice === undefined ? rangeOf(infos[column]) : undefined,
    values: () =>
      (values ??=
        slice === undefined ? readValues(columns, column, withValue) : { kind: 'texts', texts: textsOf() }),
    texts: textsOf,
  }
}

const NO_ROWS = new Uint32Array(0)
const NO_TEXTS: ColumnText = {
  bytes: new Uint8Array(0),
  from: new Uint32Array(0),
  to: new Uint32Array(0),
  ids: undefined,
}
/** A field of no row. */
const NOTHING = {
  early: NO_ROWS,
  range: undefined,
  values: (): FieldValues => ({ kind: 'numbers', numbers: new Float64Array(0) }),
  texts: (): ColumnText => NO_TEXTS,
}

/** Of the places of the capture, that of the most rows; undefined where no shape has it. */
function mostUsed(columns: Columns, places: readonly (CapturePlace | undefined)[]): CapturePlace | undefined {
  const rowsOfShape = new Uint32Array(places.length)
  const rowShapes = columns.rowShapes()
  for (let row = 0; row < rowShapes.length; row++) rowsOfShape[rowShapes[row]]++
  let best: CapturePlace | undefined
  let bestRows = 0
  for (const place of places) {
    if (place === undefined || place.column === -1) continue
    let count = 0
    places.forEach((other, shape) => {
      if (other !== undefined && isSame(other, place)) count += rowsOfShape[shape]
    })
    if (count <= bestRows) continue
    best = place
    bestRows = count
  }
  return best
}

function isSame({ column, slice }: CapturePlace, other: CapturePlace | undefined): boolean {
  return (
    other?.column === column &&
    other.slice?.from === slice?.from &&
    other.slice?.to === slice?.to &&
    other.slice?.isClosed === slice?.isClosed
  )
}

/** Marks the rows of which some value does not contain what the place of the capture depends on. */
function markNeeds(
  columns: Columns,
  pattern: PatternParser,
  places: readonly (CapturePlace | undefined)[],
  marks: Uint8Array,
): void {
  const byText = new Map<string, { need: LiteralsInside; inShapes: Uint8Array }>()
  places.forEach((place, shape) => {
    for (const need of place?.needs ?? []) {
      const key = `${need.column} ${need.from} ${need.to}`
      const known = byText.get(key) ?? { need, inShapes: new Uint8Array(places.length) }
      known.inShapes[shape] = 1
      byText.set(key, known)
    }
  })
  for (const { need, inShapes } of byText.values()) {
    memory.reset()
    const { texts, ids } = columns.distinct(need.column, memory)
    const ends = endsOf(texts, pattern, need.from, need.to)
    if (!ends.includes(-1)) continue
    const of = ids()
    const rows = columns.rowsOf(need.column)
    const rowShapes = columns.rowShapes()
    for (let value = 0; value < rows.length; value++) {
      const end = ends[of === undefined ? value : of[value]]
      if (end === -1 && inShapes[rowShapes[rows[value]]] === 1) marks[rows[value]] = 1
    }
  }
}

/**
 * Per text: where the literals of captures [from, to) end that follow one another in it; −1 where they do
 * not.
 */
function endsOf(
  { bytes, from: textFrom, to: textTo }: ColumnText,
  { captures }: PatternParser,
  from: number,
  to: number,
): Int32Array {
  const ends = Int32Array.from(textFrom)
  for (const { literal } of captures.slice(from, to)) {
    invariant(literal !== undefined, 'only literals are looked for in values')
    for (let i = 0; i < ends.length; i++) {
      if (ends[i] !== -1) ends[i] = endOf(bytes, literal, ends[i], textTo[i])
    }
  }
  return ends
}

/** Where a literal ends that first begins in `bytes[at, to)`; −1 where there is none. */
function endOf(bytes: Uint8Array, literal: Uint8Array, at: number, to: number): number {
  const begin = findBytes(bytes, at, to, literal)
  return begin < 0 ? -1 : begin + literal.length
}

/** The wanted part of each text; texts without it are empty. */
function sliceOf(texts: ColumnText, pattern: PatternParser, slice: CapturePlace['slice']): ColumnText {
  if (slice === undefined) return texts
  const { from, to, isClosed } = slice
  const begins = endsOf(texts, pattern, from, to)
  const ends = isClosed ? endsOf(texts, pattern, from, to + 1) : texts.to
  const literalBytes = isClosed ? (pattern.captures[to].literal?.length ?? 0) : 0
  const isThere = (text: number): boolean => begins[text] !== -1 && ends[text] !== -1
  return {
    ...texts,
    from: texts.from.map((_, text) => (isThere(text) ? begins[text] : 0)),
    to: texts.to.map((_, text) => (isThere(text) ? ends[text] - literalBytes : 0)),
  }
}

function markRows(rowShapes: Uint32Array, isMarked: readonly number[], marks: Uint8Array): void {
  if (!isMarked.includes(1)) return
  for (let row = 0; row < rowShapes.length; row++) if (isMarked[rowShapes[row]] === 1) marks[row] = 1
}

function positionsOf(marks: Uint8Array): Uint32Array {
  const positions = new Uint32Array(marks.length)
  let count = 0
  for (let i = 0; i < marks.length; i++) if (marks[i] === 1) positions[count++] = i
  return positions.slice(0, count)
}
