import { type Loaded, loaded, type Wasm } from '#kernels/wasm.ts'
import { type Hole, JSON_START, type JsonPlace, nextJsonHole } from './json-holes.ts'
import { nextTextHole } from './text-holes.ts'
import { CLASS, END, REST, STRING, valueEnd } from './value-kinds.ts'
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
const NODES = MAX_NODES + SPARE_NODES
const MAX_VALUES = 48
const MAX_COLUMNS = 512
/** From this many children on, further words after a node are values. */
const MAX_CONSTANTS = 32
const OPEN_BRACE = 0x7b

const NOTHING = new Uint32Array(0)

/** The lines of a block. */
export interface LineSpans {
  readonly bytes: Uint8Array
  /** Per row: where its line begins and ends in `bytes`. */
  readonly lineFrom: Uint32Array
  readonly lineTo: Uint32Array
  readonly rows: number
}

/** The values of one column on their way into their encoding: where they lie in the block's bytes. */
export class ColumnValues {
  isJson = false
  /** Kind of the first value; in JSON columns of all. */
  kind = 0
  /** Bytes as Latin-1. */
  key = ''
  from: Uint32Array = NOTHING
  to: Uint32Array = NOTHING
  row: Uint32Array = NOTHING
  count = 0
  /** In whose memory the values lie; undefined where it is the column's own. */
  wasm: Wasm | undefined

  /** Forgets the values. */
  reset(): void {
    this.count = 0
    if (this.wasm === undefined) return
    this.wasm = undefined
    this.from = NOTHING
    this.to = NOTHING
    this.row = NOTHING
  }

  /** Has the values [from, to) of what a kernel found. */
  take(wasm: Wasm, from: number, to: number): void {
    const { valueFrom, valueTo, valueRow } = wasm.shapes
    this.wasm = wasm
    this.from = valueFrom.subarray(from, to)
    this.to = valueTo.subarray(from, to)
    this.row = valueRow.subarray(from, to)
    this.count = to - from
  }

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
  /** In whose memory the tree grows; without it, in its own. */
  readonly #wasm: Wasm | undefined
  readonly parent = new Uint16Array(NODES)
  readonly kind: Uint8Array
  /** Per node: column of its value. */
  readonly column: Uint16Array
  readonly constantFrom: Uint32Array
  readonly constantBytes: Uint32Array
  readonly columns: ColumnValues[] = []
  nodes = FIRST_NODE
  /** The constants, one after another. */
  pool: Uint8Array
  #poolView: DataView
  #poolBytes = 0
  readonly #firstChild: Uint16Array
  readonly #nextSibling: Uint16Array
  readonly #lastChild = new Uint16Array(NODES)
  readonly #children = new Uint16Array(NODES)
  readonly #restChild = new Uint16Array(NODES)
  readonly #places: (JsonPlace | undefined)[] = [JSON_START, undefined]
  readonly #byKey = new Map<string, number>()
  readonly #spare: ColumnValues[] = []
  readonly #perNode: readonly (Uint8Array | Uint16Array | Uint32Array)[]

  constructor(kernels: Loaded = loaded) {
    this.#wasm = kernels.wasm
    const shapes = kernels.wasm?.shapes
    this.kind = shapes?.kind ?? new Uint8Array(NODES)
    this.column = shapes?.column ?? new Uint16Array(NODES)
    this.constantFrom = shapes?.constantFrom ?? new Uint32Array(NODES)
    this.constantBytes = shapes?.constantBytes ?? new Uint32Array(NODES)
    this.#firstChild = shapes?.child ?? new Uint16Array(NODES)
    this.#nextSibling = shapes?.sibling ?? new Uint16Array(NODES)
    this.pool = shapes?.constants ?? new Uint8Array(16_384)
    this.#poolView = viewOf(this.pool)
    this.#perNode = [
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
  }

  /** Forgets everything but the memory. */
  reset(): void {
    const shapes = this.#wasm?.shapes
    // In the memory of the kernels another tree may have grown in between.
    const used = shapes === undefined ? this.nodes : Math.max(this.nodes, shapes.usedNodes)
    for (const array of this.#perNode) array.fill(0, 0, used)
    if (shapes !== undefined) shapes.usedNodes = FIRST_NODE
    if (shapes !== undefined && this.pool !== shapes.constants) this.#setPool(shapes.constants)
    this.#places.length = FIRST_NODE
    this.nodes = FIRST_NODE
    this.#poolBytes = 0
    this.#byKey.clear()
    for (const column of this.columns) {
      column.reset()
      this.#spare.push(column)
    }
    this.columns.length = 0
  }

  /** Takes all lines of a block apart, after {@link reset}. `leaves`: per line the leaf that is its shape. */
  addAll(lines: LineSpans, view: DataView, leaves: Float64Array): void {
    if (this.#wasm !== undefined && this.#walk(this.#wasm, lines, leaves)) return
    const { bytes, lineFrom, lineTo, rows } = lines
    for (let row = 0; row < rows; row++) leaves[row] = this.add(bytes, view, row, lineFrom[row], lineTo[row])
  }

  /** {@link addAll} by the kernel; false, and reset, where the block is too much for it. */
  #walk(wasm: Wasm, { bytes, lineFrom, lineTo, rows }: LineSpans, leaves: Float64Array): boolean {
    const { shapes, input } = wasm
    if (bytes.length > input.length || rows > shapes.rowFrom.length) return false
    if (wasm.holder !== bytes) input.set(bytes)
    wasm.holder = undefined
    shapes.byteClasses.set(CLASS)
    shapes.rowFrom.set(lineFrom.subarray(0, rows))
    shapes.rowTo.set(lineTo.subarray(0, rows))
    let stop = wasm.walkShapes(rows, -1)
    while (stop >= 0 && stop < rows) {
      const child = this.#grow(wasm.walkNode(), bytes, wasm.walkAt(), lineTo[stop], wasm.walkDepth())
      stop = wasm.walkShapes(rows, child)
    }
    if (stop < 0) {
      this.reset()
      return false
    }
    wasm.gatherColumns(this.columns.length)
    let place = 0
    this.columns.forEach((column, number) => {
      const next = place + shapes.columnCounts[number]
      column.take(wasm, place, next)
      place = next
    })
    for (let row = 0; row < rows; row++) leaves[row] = shapes.rowLeaf[row]
    return true
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
    const shapes = this.#wasm?.shapes
    if (shapes !== undefined && shapes.usedNodes < this.nodes) shapes.usedNodes = this.nodes
    this.parent[child] = parent
    this.kind[child] = kind
    return child
  }

  #keepConstant(node: number, constant: Uint8Array): void {
    if (this.#poolBytes + constant.length > this.pool.length) {
      const larger = new Uint8Array((this.#poolBytes + constant.length) * 2)
      larger.set(this.pool)
      this.#setPool(larger)
    }
    this.pool.set(constant, this.#poolBytes)
    this.constantFrom[node] = this.#poolBytes
    this.constantBytes[node] = constant.length
    this.#poolBytes += constant.length
  }

  #setPool(pool: Uint8Array): void {
    this.pool = pool
    this.#poolView = viewOf(pool)
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
