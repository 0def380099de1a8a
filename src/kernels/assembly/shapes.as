import { INPUT } from './memory'

// Lines run through the tree of shapes (docs/formats/columns.md), as src/store/columns/shape-trie.ts lets
// them, which is the twin. The tree grows on the other side: where no child fits, the walk stops and asks.

/** Nodes, ordinary and spare. */
export const SHAPE_NODES: i32 = 1 << 13
export const SHAPE_ROWS: i32 = 1 << 16
export const SHAPE_VALUES: i32 = 1 << 18
export const SHAPE_COLUMNS: i32 = 1 << 10

export const NODE_KIND: usize = memory.data(1 << 13, 64)
export const NODE_COLUMN: usize = memory.data(1 << 14, 64)
export const NODE_CHILD: usize = memory.data(1 << 14, 64)
export const NODE_SIBLING: usize = memory.data(1 << 14, 64)
export const NODE_CONSTANT: usize = memory.data(1 << 15, 64)
export const NODE_CONSTANT_BYTES: usize = memory.data(1 << 15, 64)
/** The constants; no more than there are lines. */
export const CONSTANTS: usize = memory.data((1 << 20) + 64, 64)
/** Per byte: 1 delimiter, 2 end of a bare JSON value, 4 digit. */
export const BYTE_CLASSES: usize = memory.data(256, 64)

/** Per row: where its line begins and ends in the input; then the leaf it came to. */
export const ROW_FROM: usize = memory.data(1 << 18, 64)
export const ROW_TO: usize = memory.data(1 << 18, 64)
export const ROW_LEAF: usize = memory.data(1 << 18, 64)

/** Per value in the order of the lines: column, begin, end, row. */
const found: usize = memory.data(1 << 22, 64)
/** Per column: how many values it has. */
export const COLUMN_COUNTS: usize = memory.data(1 << 12, 64)
const places: usize = memory.data(1 << 12, 64)
/** The values column after column. */
export const VALUE_FROM: usize = memory.data(1 << 20, 64)
export const VALUE_TO: usize = memory.data(1 << 20, 64)
export const VALUE_ROW: usize = memory.data(1 << 20, 64)

const TEXT_ROOT: i32 = 1
const END: i32 = 1
const REST: i32 = 2
const STRING: i32 = 3
const BARE: i32 = 4
const ARRAY: i32 = 5
const TOKEN: i32 = 6
const WORD: i32 = 7
const BRACKET: i32 = 8
const PAIR: i32 = 9
const STAMP: i32 = 10

const DELIMITER: u8 = 1
const JSON_STOP: u8 = 2
const DIGIT: u8 = 4
const QUOTE: u8 = 0x22
const EQUALS: u8 = 0x3d
const BACKSLASH: u8 = 0x5c
const OPEN_BRACKET: u8 = 0x5b
const CLOSE_BRACKET: u8 = 0x5d
const OPEN_BRACE: u8 = 0x7b

const NONE: usize = 0

let row: i32 = 0
let node: i32 = 0
let depth: i32 = 0
let at: usize = 0
let end: usize = 0
let values: i32 = 0
let valueAt: usize = 0
let valueTo: usize = 0

/** The node at which the walk stopped. */
export function walkNode(): i32 {
  return node
}

/** How many values came before it in its line. */
export function walkDepth(): i32 {
  return depth
}

/** Where in the input the line goes on. */
export function walkAt(): i32 {
  return <i32>(at - INPUT)
}

/**
 * Walks on. `given` is -1 to begin with the first row; else what the host made where the walk stopped: a
 * child of the node, or 0 to begin again at the root of texts. Gives the row at which it stopped, `rows` at
 * the end, -1 where there are too many values.
 */
export function walkShapes(rows: i32, given: i32): i32 {
  let child: i32
  if (given < 0) {
    row = 0
    values = 0
    memory.fill(COLUMN_COUNTS, 0, SHAPE_COLUMNS << 2)
    if (rows == 0) return 0
    enterRow()
    child = nextChild()
  } else if (given == 0) {
    node = TEXT_ROOT
    depth++
    child = nextChild()
  } else {
    child = given
    valueAt = at + load<u32>(NODE_CONSTANT_BYTES + (<usize>child << 2))
    valueTo = valueEnd(load<u8>(NODE_KIND + child), valueAt)
  }
  while (child != 0) {
    const kind = <i32>load<u8>(NODE_KIND + child)
    if (kind != END) {
      if (values == SHAPE_VALUES) return -1
      keepValue(load<u16>(NODE_COLUMN + (<usize>child << 1)))
    }
    if (kind == END || kind == REST) {
      store<u32>(ROW_LEAF + (<usize>row << 2), child)
      if (++row == rows) return rows
      enterRow()
    } else {
      at = valueTo
      node = child
      depth++
    }
    child = nextChild()
  }
  return row
}

function enterRow(): void {
  at = INPUT + <usize>load<u32>(ROW_FROM + (<usize>row << 2))
  end = INPUT + <usize>load<u32>(ROW_TO + (<usize>row << 2))
  node = at < end && load<u8>(at) == OPEN_BRACE ? 0 : TEXT_ROOT
  depth = 0
}

@inline
function keepValue(column: u32): void {
  const place = found + (<usize>values << 4)
  store<u32>(place, column)
  store<u32>(place, <u32>(valueAt - INPUT), 4)
  store<u32>(place, <u32>(valueTo - INPUT), 8)
  store<u32>(place, row, 12)
  values++
  const count = COLUMN_COUNTS + (<usize>column << 2)
  store<u32>(count, load<u32>(count) + 1)
}

/** The first child of the node that fits; its value is then [valueAt, valueTo). 0 for none. */
function nextChild(): i32 {
  for (
    let child = <i32>load<u16>(NODE_CHILD + (<usize>node << 1));
    child != 0;
    child = <i32>load<u16>(NODE_SIBLING + (<usize>child << 1))
  ) {
    const length = <usize>load<u32>(NODE_CONSTANT_BYTES + (<usize>child << 2))
    valueAt = at + length
    if (valueAt > end) continue
    if (!isSame(at, CONSTANTS + load<u32>(NODE_CONSTANT + (<usize>child << 2)), length)) continue
    valueTo = valueEnd(load<u8>(NODE_KIND + child), valueAt)
    if (valueTo != NONE) return child
  }
  return 0
}

/** Whether two runs of bytes are the same. */
@inline
export function isSame(a: usize, b: usize, length: usize): bool {
  let i: usize = 0
  for (; i + 16 <= length; i += 16) {
    if (!i8x16.all_true(i8x16.eq(v128.load(a + i), v128.load(b + i)))) return false
  }
  const rest = (1 << (<i32>length & 15)) - 1
  return (i8x16.bitmask(i8x16.eq(v128.load(a + i), v128.load(b + i))) & rest) == rest
}

/** Where a value of this kind that begins at `from` ends; NONE where there is none. */
function valueEnd(kind: i32, from: usize): usize {
  if (kind == STRING) return stringEnd(from)
  if (kind == BARE) return endsBefore(from, JSON_STOP)
  if (kind == TOKEN) return tokenEnd(from)
  if (kind == PAIR) return pairEnd(from)
  if (kind == STAMP) return stampEnd(from)
  if (kind == BRACKET) {
    while (from < end && load<u8>(from) != CLOSE_BRACKET) from++
    return from == end ? NONE : from
  }
  if (kind == WORD) return endsBefore(from, DELIMITER)
  if (kind == ARRAY) return arrayEnd(from)
  if (kind == END) return from == end ? end : NONE
  return end
}

@inline
function classOf(place: usize): u8 {
  return load<u8>(BYTE_CLASSES + load<u8>(place))
}

/** Where the first byte of a class is, or the line's end; NONE where that is at once. */
@inline
function endsBefore(from: usize, stop: u8): usize {
  let to = from
  while (to < end && (classOf(to) & stop) == 0) to++
  return to == from ? NONE : to
}

function stringEnd(from: usize): usize {
  const quote = i8x16.splat(0x22)
  const slash = i8x16.splat(0x5c)
  while (from < end) {
    const bytes = v128.load(from)
    const hits = i8x16.bitmask(v128.or(i8x16.eq(bytes, quote), i8x16.eq(bytes, slash)))
    if (hits == 0) {
      from += 16
      continue
    }
    from += <usize>ctz(hits)
    if (from >= end) return NONE
    if (load<u8>(from) == QUOTE) return from
    from += 2
  }
  return NONE
}

function tokenEnd(from: usize): usize {
  let seen: u8 = 0
  for (; from < end; from++) {
    const byteClass = classOf(from)
    if ((byteClass & DELIMITER) != 0) break
    seen |= byteClass
  }
  // A word before `=` is a key, whatever it holds.
  return (seen & DIGIT) == 0 || (from < end && load<u8>(from) == EQUALS) ? NONE : from
}

function pairEnd(from: usize): usize {
  if (from < end && load<u8>(from) == QUOTE) return NONE
  while (from < end && load<u8>(from) > 0x20) from++
  return from
}

function arrayEnd(from: usize): usize {
  if (from >= end || load<u8>(from) != OPEN_BRACKET) return NONE
  let open = 0
  for (; from < end; from++) {
    const byte = load<u8>(from)
    if (byte == QUOTE) {
      from = stringEnd(from + 1)
      if (from == NONE) return NONE
    } else if (byte == OPEN_BRACKET) open++
    else if (byte == CLOSE_BRACKET && --open == 0) return from + 1
  }
  return NONE
}

@inline
function isDigit(place: usize): bool {
  return (classOf(place) & DIGIT) != 0
}

function stampEnd(from: usize): usize {
  if (from + 19 > end) return NONE
  const middle = load<u8>(from + 10)
  if (load<u8>(from + 4) != 0x2d || load<u8>(from + 7) != 0x2d) return NONE
  if (middle != 0x20 && middle != 0x54) return NONE
  if (load<u8>(from + 13) != 0x3a || load<u8>(from + 16) != 0x3a) return NONE
  for (let i: usize = 0; i < 19; i++) {
    if (i == 4 || i == 7 || i == 10 || i == 13 || i == 16) continue
    if (!isDigit(from + i)) return NONE
  }
  let to = from + 19
  if (to + 1 < end && (load<u8>(to) == 0x2e || load<u8>(to) == 0x2c) && isDigit(to + 1)) {
    to++
    while (to < end && isDigit(to)) to++
  }
  if (to < end && load<u8>(to) == 0x5a) return to + 1
  if (to + 1 < end && (load<u8>(to) == 0x2b || load<u8>(to) == 0x2d) && isDigit(to + 1)) {
    to++
    while (to < end && (isDigit(to) || load<u8>(to) == 0x3a)) to++
  }
  return to
}

/** Puts the values found in the order of their columns. */
export function gatherColumns(columns: i32): void {
  let place: u32 = 0
  for (let column: usize = 0; column < <usize>columns; column++) {
    store<u32>(places + (column << 2), place)
    place += load<u32>(COLUMN_COUNTS + (column << 2))
  }
  const last = found + (<usize>values << 4)
  for (let value = found; value < last; value += 16) {
    const next = places + (<usize>load<u32>(value) << 2)
    const to = <usize>load<u32>(next) << 2
    store<u32>(next, load<u32>(next) + 1)
    store<u32>(VALUE_FROM + to, load<u32>(value, 4))
    store<u32>(VALUE_TO + to, load<u32>(value, 8))
    store<u32>(VALUE_ROW + to, load<u32>(value, 12))
  }
}
