import { Haystack } from '#kernels/haystack.ts'
import type { Needle } from '#kernels/needle.ts'
import { FormatError } from '../embedded/bytes.ts'
import { BEGINS, type BorderTest, borderTests } from './border-tests.ts'
import { decodeLines } from './decode-lines.ts'
import { CONSTANT, DICTIONARY, type Encoding, HEX, RAW } from './encoding.ts'
import { hexValuesWith } from './hex-search.ts'
import { ReusedMemory } from './memory.ts'
import type { Columns, DistinctTexts } from './open-columns.ts'
import { FOUND, textsAtBorder, textsContaining, UNSURE } from './value-hits.ts'
import { mayBegin, mayContain, mayEnd, placesIn } from './value-template.ts'

/**
 * Which rows' lines contain the needle, found without putting lines together: an occurrence lies in a
 * constant, in a value, or across borders of the two. How values are stored mostly tells that it cannot be in
 * them; texts of dictionaries are looked at once each. Only lines of which all that leaves doubt are put
 * together.
 * @returns per row 1 or 0
 * @throws FormatError where the columns are damaged
 */
export function rowsContaining(columns: Columns, needle: Needle): Uint8Array {
  memory.reset()
  const search = new Search(columns, needle)
  search.constants()
  for (const column of columns.directory.columns.keys()) search.values(column)
  for (const test of borderTests(columns, needle)) search.border(test)
  return search.finish()
}

/** Texts that are only looked at. */
const memory = new ReusedMemory()

/** Packed digits are looked at as often as there are places for the needle, and unpacked beyond this many. */
const MAX_PLACES = 8

class Search {
  readonly #columns: Columns
  readonly #needle: Needle
  /** Per row: {@link FOUND} or {@link UNSURE}. */
  readonly #rows: Uint8Array
  readonly #texts: (DistinctTexts | undefined)[] = []
  #isAnyUnsure = false

  constructor(columns: Columns, needle: Needle) {
    this.#columns = columns
    this.#needle = needle
    this.#rows = new Uint8Array(columns.directory.rows)
  }

  /** Marks the rows of shapes whose constants hold the needle. */
  constants(): void {
    const { shapes, directory } = this.#columns
    if (new Haystack(shapes.constants).find(this.#needle) === -1) return
    const holds = directory.nodes.constants.map((each) => new Haystack(each).find(this.#needle) !== -1)
    const holding = new Uint8Array(shapes.count)
    for (let shape = 0; shape < shapes.count; shape++) {
      for (let step = shapes.stepFrom[shape]; step < shapes.stepFrom[shape + 1]; step++) {
        if (holds[shapes.stepNode[step]]) holding[shape] = 1
      }
    }
    if (!holding.includes(1)) return
    const rowShapes = this.#columns.rowShapes()
    const rows = this.#rows
    for (let row = 0; row < rows.length; row++) if (holding[rowShapes[row]] === 1) rows[row] = FOUND
  }

  /** Marks the rows whose value in a column holds the needle. */
  values(column: number): void {
    const { encoding } = this.#columns.directory.columns[column]
    const values = valuesOf(encoding)
    if (!mayContain(values, this.#needle) || !this.#mayBeInText(values)) return
    if (encoding.code === HEX) {
      const hits = this.#hexValues(encoding, column)
      if (hits !== undefined) {
        if (hits.includes(FOUND)) this.#mark(column, hits, undefined)
        return
      }
    }
    const { texts, ids } = this.#textsOf(column)
    const hits = textsContaining(texts, this.#needle)
    if (hits !== undefined) this.#mark(column, hits, ids())
  }

  /** Whether text that is stored as it is has the needle at all: what is around it does no harm. */
  #mayBeInText(encoding: Encoding): boolean {
    if (encoding.code === CONSTANT) return new Haystack(encoding.value).find(this.#needle) !== -1
    if (encoding.code !== RAW) return true
    return new Haystack(this.#columns.streams.read(encoding.bytes)).find(this.#needle) !== -1
  }

  /** Found in the packed digits; undefined where it is better to unpack them. */
  #hexValues({ pattern, nibbles }: Encoding & { code: typeof HEX }, column: number): Uint8Array | undefined {
    const { encoding, values } = this.#columns.directory.columns[column]
    const places = placesIn(encoding, this.#needle)
    if (places === undefined || places.length > MAX_PLACES) return undefined
    const packed = this.#columns.streams.read(nibbles)
    if (packed.length < values * Math.ceil(pattern.varying.length / 2)) {
      throw new FormatError('a column of hex digits is cut short')
    }
    const hits = new Uint8Array(values)
    for (const place of places) hexValuesWith(this.#needle, place, pattern, packed, hits)
    return hits
  }

  /** Marks the rows that the answer to a question is about. */
  border(test: BorderTest): void {
    const { column, kind, at, node } = test
    const values = valuesOf(this.#columns.directory.columns[column].encoding)
    const may = kind === BEGINS ? mayBegin(values, this.#needle, at) : mayEnd(values, this.#needle, at)
    if (!may) return
    const { texts, ids } = this.#textsOf(column)
    const hits = textsAtBorder(texts, this.#needle, test)
    if (hits !== undefined) this.#mark(column, hits, ids(), this.#shapesWith(node))
  }

  #shapesWith(node: number): Uint8Array {
    const { count, stepFrom, stepNode } = this.#columns.shapes
    const has = new Uint8Array(count)
    for (let shape = 0; shape < count; shape++) {
      for (let step = stepFrom[shape]; step < stepFrom[shape + 1]; step++) {
        if (stepNode[step] === node) has[shape] = 1
      }
    }
    return has
  }

  /**
   * @param hits per text
   * @param ids which text each value is; undefined: each its own
   * @param inShapes the shapes that it is about; undefined: all
   */
  #mark(column: number, hits: Uint8Array, ids: Uint32Array | undefined, inShapes?: Uint8Array): void {
    const marks = this.#rows
    const rows = this.#columns.rowsOf(column)
    const rowShapes = inShapes === undefined ? undefined : this.#columns.rowShapes()
    for (let value = 0; value < rows.length; value++) {
      const hit = hits[ids === undefined ? value : ids[value]]
      if (hit === 0) continue
      const row = rows[value]
      if (marks[row] === FOUND) continue
      if (rowShapes !== undefined && inShapes !== undefined && inShapes[rowShapes[row]] === 0) continue
      marks[row] = hit
      if (hit === UNSURE) this.#isAnyUnsure = true
    }
  }

  #textsOf(column: number): DistinctTexts {
    return (this.#texts[column] ??= this.#columns.distinct(column, memory))
  }

  /** Settles what is in doubt. */
  finish(): Uint8Array {
    if (this.#isAnyUnsure) this.#searchLines()
    return this.#rows
  }

  #searchLines(): void {
    const rows = this.#rows
    const unsure = positionsOf(rows, UNSURE)
    const { bytes, lineFrom, lineTo } = decodeLines(this.#columns, unsure)
    const haystack = new Haystack(bytes)
    for (const row of unsure) {
      rows[row] = haystack.find(this.#needle, lineFrom[row], lineTo[row]) === -1 ? 0 : FOUND
    }
  }
}

function valuesOf(encoding: Encoding): Encoding {
  return encoding.code === DICTIONARY ? encoding.values : encoding
}

function positionsOf(marks: Uint8Array, mark: number): Uint32Array {
  const positions = new Uint32Array(marks.length)
  let count = 0
  for (let i = 0; i < marks.length; i++) if (marks[i] === mark) positions[count++] = i
  return positions.slice(0, count)
}
