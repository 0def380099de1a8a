import { type Hole, JSON_START, type JsonPlace, nextJsonHole } from './json-holes.ts'
import { nextTextHole } from './text-holes.ts'
import { END, REST, STRING, valueEnd } from './value-kinds.ts'
import { findStringEnd, sameBytes, viewOf } from './words.ts'

/** The root of lines that begin as a JSON object, and that of others. */
export const JSON_ROOT = 0
/** See {@link JSON_ROOT}. */
export const TEXT_ROOT = 1
/** Roots are not stored. */
export const FIRST_NODE = 2

const MAX_NODES = 4096
/** Room behind the last ordinary node for what is made when there is no other. */
const SPARE_NODES = MAX_NODES
const MAX_VALUES = 48
const MAX_COLUMNS = 512
/** From this many children on, further words after a node are values. */
const MAX_CONSTANTS = 32
const OPEN_BRACE = 0x7b

/** The values of one column on their way into their encoding: where they lie in the block's bytes. */
export class ColumnValues {
  isJson = false
  /** Kind of the first value; in JSON columns of all. */
  kind = 0
  /** Bytes as Latin-1. */
  key = ''
  from = new Uint32Array(0)
  to = new Uint32Array(0)
  row = new Uint32Array(0)
  count = 0

  /** Makes room for `capacity` values. */
  grow(capacity: number): void {
    this.from = copyInto(this.from, capacity)
    this.to = copyInto(this.to, capacity)
    this.row = copyInto(this.row, capacity)
  }
}

function copyInto(array: Uint32Array, capacity: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(capacity)
  larger.set(array)
  return larger
}

/**
 * The shapes of a block as a tree that grows while lines run through it. What a line has in common with
 * lines before it is compared, not parsed: only the first line of each kind is looked at closely.
 */
export class ShapeTrie {
  readonly parent = new Uint16Array(MAX_NODES + SPARE_NODES)
  readonly kind = new Uint8Array(MAX_NODES + SPARE_NODES)
  /** Per node: column of its value. */
  readonly column = new Uint16Array(MAX_NODES + SPARE_NODES)
  readonly constantFrom = new Uint32Array(MAX_NODES + SPARE_NODES)
  readonly constantBytes = new Uint32Array(MAX_NODES + SPARE_NODES)
  readonly columns: ColumnValues[] = []
  nodes = FIRST_NODE
  /** The constants, one after another. */
  pool = new Uint8Array(16_384)
  #poolView = viewOf(this.pool)
  #poolBytes = 0
  readonly #firstChild = new Uint16Array(MAX_NODES + SPARE_NODES)
  readonly #nextSibling = new Uint16Array(MAX_NODES + SPARE_NODES)
  readonly #lastChild = new Uint16Array(MAX_NODES + SPARE_NODES)
  readonly #children = new Uint16Array(MAX_NODES + SPARE_NODES)
  readonly #restChild = new Uint16Array(MAX_NODES + SPARE_NODES)
  readonly #places: (JsonPlace | undefined)[] = [JSON_START, undefined]
  readonly #byKey = new Map<string, number>()
  readonly #spare: ColumnValues[] = []
  readonly #perNode = [
    this.parent,
    this.kind,
    this.column,
    this.constantFrom,
    this.constantBytes,
    this.#firstChild,
    this.#nextSibling,
    this.#lastChild,
    this.#children,
    this.#restChild,
  ]

  /** Forgets everything but the memory. */
  reset(): void {
    for (const array of this.#perNode) array.fill(0, 0, this.nodes)
    this.#places.length = FIRST_NODE
    this.nodes = FIRST_NODE
    this.#poolBytes = 0
    this.#byKey.clear()
    for (const column of this.columns) {
      column.count = 0
      this.#spare.push(column)
    }
    this.columns.length = 0
  }

  /** Takes a line apart; its values go to their columns. Returns the leaf that is its shape. */
  add(bytes: Uint8Array, view: DataView, row: number, from: number, end: number): number {
    const { constantFrom, constantBytes, kind, column } = this
    const firstChild = this.#firstChild
    const nextSibling = this.#nextSibling
    let node = from < end && bytes[from] === OPEN_BRACE ? JSON_ROOT : TEXT_ROOT
    let at = from
    for (let depth = 0; ; depth++) {
      const pool = this.#poolView
      let valueAt = at
      let to = -1
      let child = firstChild[node]
      for (; child !== 0; child = nextSibling[child]) {
        valueAt = at + constantBytes[child]
        if (valueAt > end) continue
        if (!sameBytes(view, at, pool, constantFrom[child], constantBytes[child])) continue
        to =
          kind[child] === STRING
            ? findStringEnd(view, valueAt, end)
            : valueEnd(kind[child], bytes, valueAt, end)
        if (to !== -1) break
      }
      if (child === 0) {
        child = this.#grow(node, bytes, at, end, depth)
        // A line that is no JSON from its beginning on is text.
        if (child === 0) {
          node = TEXT_ROOT
          continue
        }
        valueAt = at + constantBytes[child]
        to = valueEnd(kind[child], bytes, valueAt, end)
      }
      if (kind[child] === END) return child
      const values = this.columns[column[child]]
      const { count } = values
      if (count === values.from.length) values.grow(Math.max(256, count * 4))
      values.from[count] = valueAt
      values.to[count] = to
      values.row[count] = row
      values.count = count + 1
      if (kind[child] === REST) return child
      at = to
      node = child
    }
  }

  /** Looks at a line that no child fits, and makes one that does. 0: begin again at the text root. */
  #grow(node: number, bytes: Uint8Array, at: number, end: number, depth: number): number {
    if (depth >= MAX_VALUES || this.nodes >= MAX_NODES || this.columns.length >= MAX_COLUMNS) {
      return this.#rest(node)
    }
    const place = this.#places[node]
    const hole: Hole =
      place === undefined
        ? nextTextHole(bytes, at, end, this.kind[node], this.#children[node] >= MAX_CONSTANTS)
        : nextJsonHole(bytes, at, end, place)
    if (hole.kind === REST) return node === JSON_ROOT ? 0 : this.#rest(node)
    const child = this.#make(node, hole.kind)
    this.#keepConstant(child, bytes.subarray(at, hole.at))
    this.#places[child] = hole.place
    if (hole.kind !== END) this.column[child] = this.#columnOf(child, hole, place !== undefined)
    this.#children[node]++
    if (this.#firstChild[node] === 0) this.#firstChild[node] = child
    else this.#nextSibling[this.#lastChild[node]] = child
    this.#lastChild[node] = child
    return child
  }

  /** The child that takes the rest of any line; it has no constant and no siblings. */
  #rest(node: number): number {
    const known = this.#restChild[node]
    if (known !== 0) return known
    const child = this.#make(node, REST)
    this.column[child] = this.#columnNamed(false, REST, 'rest')
    this.#restChild[node] = child
    return child
  }

  #make(parent: number, kind: number): number {
    const child = this.nodes++
    this.parent[child] = parent
    this.kind[child] = kind
    return child
  }

  #keepConstant(node: number, constant: Uint8Array): void {
    if (this.#poolBytes + constant.length > this.pool.length) {
      const larger = new Uint8Array((this.#poolBytes + constant.length) * 2)
      larger.set(this.pool)
      this.pool = larger
      this.#poolView = viewOf(larger)
    }
    this.pool.set(constant, this.#poolBytes)
    this.constantFrom[node] = this.#poolBytes
    this.constantBytes[node] = constant.length
    this.#poolBytes += constant.length
  }

  /**
   * The column for a new node's values: that of its key, unless a value before it in the same line has taken
   * it.
   */
  #columnOf(node: number, hole: Hole, isJson: boolean): number {
    const key = hole.key === '' && !isJson ? `#${node}` : hole.key
    const kindKey = isJson && hole.kind !== STRING ? `${key}\x02${hole.kind}` : key
    for (let occurrence = 1; ; occurrence++) {
      const column = this.#columnNamed(
        isJson,
        hole.kind,
        occurrence === 1 ? kindKey : `${kindKey}\x01${occurrence}`,
      )
      let taken = false
      for (let up = this.parent[node]; up >= FIRST_NODE && !taken; up = this.parent[up]) {
        taken = this.column[up] === column
      }
      if (!taken) return column
    }
  }

  #columnNamed(isJson: boolean, kind: number, key: string): number {
    const name = `${isJson ? 'j' : 't'}${key}`
    let column = this.#byKey.get(name)
    if (column === undefined) {
      column = this.columns.length
      const values = this.#spare.pop() ?? new ColumnValues()
      values.isJson = isJson
      values.kind = kind
      values.key = key
      this.columns.push(values)
      this.#byKey.set(name, column)
    }
    return column
  }
}
