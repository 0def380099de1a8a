import { decodeLines } from './decode-lines.ts'
import { CONSTANT, DECIMAL, DICTIONARY, type Encoding, HEX, INTEGER, IPV4, RAW, TIME } from './encoding.ts'
import { ReusedMemory } from './memory.ts'
import type { Columns } from './open-columns.ts'
import { FIRST_NODE } from './shape-trie.ts'
import { END } from './value-kinds.ts'

/**
 * Which rows' lines contain the needle, found without putting lines together: an occurrence lies in a
 * constant, in a value, or across the border of the two. Only lines whose shape allows the last are put
 * together and searched.
 * @param needle not empty
 * @returns per row 1 or 0
 * @throws FormatError where the columns are damaged
 */
export function rowsContaining(columns: Columns, needle: Uint8Array): Uint8Array {
  const found = new Uint8Array(columns.directory.rows)
  memory.reset()
  const bytes = Buffer.from(needle.buffer, needle.byteOffset, needle.length)
  const unsure = searchShapes(columns, bytes, found)
  for (const column of columns.directory.columns.keys()) searchColumn(columns, column, bytes, found)
  if (unsure !== undefined) searchLines(columns, bytes, unsure, found)
  return found
}

/** Marks the rows of shapes whose constants hold the needle. Returns those that must be looked at, if any. */
function searchShapes(columns: Columns, needle: Buffer, found: Uint8Array): Uint8Array | undefined {
  const { directory, shapes } = columns
  const { kind, parent, constants } = directory.nodes
  const holds = new Uint8Array(kind.length)
  const mayCross = new Uint8Array(kind.length)
  for (let node = FIRST_NODE; node < kind.length; node++) {
    const constant = Buffer.from(constants[node])
    if (constant.includes(needle)) holds[node] = 1
    const follows = parent[node] >= FIRST_NODE
    if (crosses(constant, needle, follows, kind[node])) mayCross[node] = 1
  }
  const holding = new Uint8Array(shapes.count)
  const crossing = new Uint8Array(shapes.count)
  for (let shape = 0; shape < shapes.count; shape++) {
    for (let step = shapes.stepFrom[shape]; step < shapes.stepFrom[shape + 1]; step++) {
      holding[shape] |= holds[shapes.stepNode[step]]
      crossing[shape] |= mayCross[shapes.stepNode[step]]
    }
  }
  if (!holding.includes(1) && !crossing.includes(1)) return undefined
  const unsure = new Uint8Array(found.length)
  let isAnyUnsure = false
  columns.rowShapes().forEach((shape, row) => {
    if (holding[shape] === 1) found[row] = 1
    else if (crossing[shape] === 1) {
      unsure[row] = 1
      isAnyUnsure = true
    }
  })
  return isAnyUnsure ? unsure : undefined
}

/**
 * Whether the needle could run over an end of the constant into a value.
 * @param follows whether a value stands before the constant
 */
function crosses(constant: Buffer, needle: Buffer, follows: boolean, kind: number): boolean {
  if (constant.length === 0) return follows && kind !== END
  const longest = Math.min(constant.length, needle.length - 1)
  for (let k = 1; k <= longest; k++) {
    const leaves = kind !== END && needle.compare(constant, constant.length - k, constant.length, 0, k) === 0
    if (leaves) return true
    const from = needle.length - k
    if (follows && needle.compare(constant, 0, k, from, needle.length) === 0) return true
  }
  if (!follows || kind === END) return false
  const inside = needle.indexOf(constant, 1)
  return inside !== -1 && inside + constant.length < needle.length
}

function searchColumn(columns: Columns, column: number, needle: Buffer, found: Uint8Array): void {
  const { encoding } = columns.directory.columns[column]
  if (!mayHold(encoding, needle)) return
  const { bytes, from, to, ids } = columns.text(column, memory)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const hits = new Uint8Array(from.length)
  let isAny = false
  for (let value = 0, at = text.indexOf(needle); at !== -1; ) {
    while (to[value] <= at) value++
    // An occurrence that runs over the end of its value is none, and no later one in this value can do
    // better.
    if (at >= from[value] && at + needle.length <= to[value]) {
      hits[value] = 1
      isAny = true
    }
    at = text.indexOf(needle, to[value])
    if (at !== -1 && at >= to[from.length - 1]) break
  }
  if (!isAny) return
  columns.rowsOf(column).forEach((row, i) => {
    if (hits[ids === undefined ? i : ids[i]] === 1) found[row] = 1
  })
}

/** Texts that are only looked at. */
const memory = new ReusedMemory()

const DIGITS = bytesOf('0123456789-.')
const TIME_BYTES = bytesOf('0123456789-:/JanFebMarAprMayJunJulAugSepOctNovDec')
const LOWER_HEX = bytesOf('0123456789abcdef')
const UPPER_HEX = bytesOf('0123456789ABCDEF')

/** Whether values of this encoding can hold the needle, as far as can be told without reading them. */
function mayHold(encoding: Encoding, needle: Buffer): boolean {
  switch (encoding.code) {
    case CONSTANT:
      return Buffer.from(encoding.value).includes(needle)
    case DICTIONARY:
      return mayHold(encoding.values, needle)
    case RAW:
      return true
    case INTEGER:
    case DECIMAL:
      return consistsOf(needle, DIGITS, encoding.prefix, encoding.suffix)
    case IPV4:
      return consistsOf(needle, DIGITS)
    case TIME: {
      const { separator, mark, suffix } = encoding.format
      return consistsOf(needle, TIME_BYTES, Uint8Array.of(separator, mark), suffix)
    }
    case HEX: {
      const { pattern, isUpper } = encoding.pattern
      return needle.length <= pattern.length && consistsOf(needle, isUpper ? UPPER_HEX : LOWER_HEX, pattern)
    }
  }
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text))
}

function consistsOf(needle: Buffer, ...sets: readonly Uint8Array[]): boolean {
  return needle.every((byte) => sets.some((set) => set.includes(byte)))
}

function searchLines(columns: Columns, needle: Buffer, unsure: Uint8Array, found: Uint8Array): void {
  const { bytes, lineFrom, lineTo } = decodeLines(columns, unsure)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let row = 0
  for (let at = text.indexOf(needle); at !== -1; at = text.indexOf(needle, lineTo[row])) {
    while (lineTo[row] <= at) row++
    if (at >= lineFrom[row] && at + needle.length <= lineTo[row]) found[row] = 1
  }
}
