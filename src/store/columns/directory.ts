import { type ByteReader, type ByteWriter, FormatError } from '../embedded/bytes.ts'
import type { PartInfo } from '../embedded/parts.ts'
import { type Encoding, readEncoding } from './encoding.ts'
import { type IntsInfo, readIntsInfo } from './ints.ts'
import { FIRST_NODE } from './shape-trie.ts'
import { END, REST, STAMP } from './value-kinds.ts'

// What the directory of a block's columns says, docs/formats/columns.md.

/** Version of the layout. */
export const COLUMNS_VERSION = 1
/** Bytes before the directory. */
export const COLUMNS_HEADER_BYTES = 16

/** The column of values of JSON objects, or of other lines. */
export const JSON_ORIGIN = 1
/** See {@link JSON_ORIGIN}. */
export const TEXT_ORIGIN = 2

/** The nodes of the shapes, by number; the two roots have no entries of their own. */
export interface NodeTable {
  readonly parent: Uint32Array
  readonly kind: Uint8Array
  readonly column: Uint32Array
  readonly constants: readonly Uint8Array[]
}

/** One column. */
export interface ColumnInfo {
  readonly origin: number
  readonly flags: number
  /** How many rows have a value. */
  readonly values: number
  readonly key: Uint8Array
  readonly encoding: Encoding
}

/** Everything about a block's columns but their values. */
export interface Directory {
  readonly rows: number
  readonly lineBytes: number
  readonly nodes: NodeTable
  readonly shapes: IntsInfo
  readonly columns: readonly ColumnInfo[]
  readonly chunks: readonly PartInfo[]
}

/** @throws FormatError where the bytes are no directory */
export function readDirectory(from: ByteReader): Directory {
  const rows = from.varint()
  const lineBytes = from.varint()
  const nodes = readNodes(from)
  const shapes = readIntsInfo(from)
  const columns: ColumnInfo[] = []
  for (let left = from.count(5); left > 0; left--) {
    const origin = from.byte()
    const flags = from.byte()
    const values = from.varint()
    if (values > rows) throw new FormatError('a column has more values than there are rows')
    columns.push({ origin, flags, values, key: from.raw(from.varint()), encoding: readEncoding(from) })
  }
  const chunks: PartInfo[] = []
  for (let left = from.count(6); left > 0; left--) chunks.push(readChunkInfo(from))
  for (let node = FIRST_NODE; node < nodes.kind.length; node++) {
    if (nodes.kind[node] !== END && nodes.column[node] >= columns.length) {
      throw new FormatError('a shape names a column that is not there')
    }
  }
  return { rows, lineBytes, nodes, shapes, columns, chunks }
}

function readNodes(from: ByteReader): NodeTable {
  const count = from.count(3) + FIRST_NODE
  const parent = new Uint32Array(count)
  const kind = new Uint8Array(count)
  const column = new Uint32Array(count)
  const constants: Uint8Array[] = [new Uint8Array(0), new Uint8Array(0)]
  for (let node = FIRST_NODE; node < count; node++) {
    parent[node] = from.varint()
    kind[node] = from.byte()
    if (kind[node] < END || kind[node] > STAMP) throw new FormatError('a shape has a value of no known kind')
    if (kind[node] !== END) column[node] = from.varint()
    constants.push(from.raw(from.varint()))
    const up = parent[node]
    if (up >= node || kind[up] === END || kind[up] === REST) {
      throw new FormatError('the shapes do not form a tree')
    }
  }
  return { parent, kind, column, constants }
}

/** Writes where a chunk's bytes are and how they look. */
export function writeChunkInfo(to: ByteWriter, { storedBytes, rawBytes, crc }: PartInfo): void {
  to.varint(storedBytes)
  to.varint(rawBytes)
  for (let shift = 0; shift < 32; shift += 8) to.byte((crc >>> shift) & 255)
}

function readChunkInfo(from: ByteReader): PartInfo {
  const storedBytes = from.varint()
  const rawBytes = from.varint()
  let crc = 0
  for (let i = 0; i < 4; i++) crc += from.byte() * 256 ** i
  return { storedBytes, rawBytes, crc }
}
