import { type Loaded, loaded } from '#kernels/wasm.ts'
import { ByteWriter } from '../embedded/bytes.ts'
import { type Part, packPartOf, writePartInfo } from '../embedded/parts.ts'
import {
  COLUMNS_HEADER_BYTES,
  COLUMNS_VERSION,
  JSON_ORIGIN,
  TEXT_ORIGIN,
  writeChunkInfo,
} from './directory.ts'
import { writeColumn } from './encode-column.ts'
import { writeInts } from './ints.ts'
import { ReusedMemory } from './memory.ts'
import { type ColumnValues, FIRST_NODE, type LineSpans, ShapeTrie } from './shape-trie.ts'
import { StreamWriter, writeBytes } from './streams.ts'
import { BARE, END, REST } from './value-kinds.ts'
import type { RowTimes } from './values.ts'
import { viewOf } from './words.ts'

/** The rows of a block. */
export interface LineRows extends LineSpans, RowTimes {}

/** A block's lines as columns: what to write, piece after piece; valid until the next encoding. */
export interface EncodedLines {
  readonly pieces: readonly Uint8Array[]
  readonly storedBytes: number
  /** Bytes of all lines. */
  readonly lineBytes: number
}

/**
 * Takes the lines of blocks apart into columns, docs/formats/columns.md; one block after another in the same
 * memory.
 */
export class LineEncoder {
  readonly #kernels: Loaded
  readonly #trie: ShapeTrie
  readonly #directory = new ByteWriter(16_384)
  readonly #description = new ByteWriter(512)
  readonly #memory = new ReusedMemory()
  #leaves = new Float64Array(0)

  constructor(kernels: Loaded = loaded) {
    this.#kernels = kernels
    this.#trie = new ShapeTrie(kernels)
  }

  /** The lines of a block as columns. */
  encode(input: LineRows): EncodedLines {
    const { bytes, lineFrom, lineTo, rows } = input
    const view = viewOf(bytes)
    const trie = this.#trie
    const directory = this.#directory
    trie.reset()
    directory.reset()
    this.#memory.reset()
    if (this.#leaves.length < rows) this.#leaves = new Float64Array(rows)
    const leaves = this.#leaves
    trie.addAll(input, view, leaves)
    let lineBytes = 0
    for (let row = 0; row < rows; row++) lineBytes += lineTo[row] - lineFrom[row]
    const streams = new StreamWriter(this.#memory, this.#kernels.wasm)
    directory.varint(rows)
    directory.varint(lineBytes)
    writeNodes(directory, trie)
    numberShapes(trie, leaves, rows)
    writeInts(directory, streams, leaves, rows)
    directory.varint(trie.columns.length)
    for (const column of trie.columns) this.#writeColumn(streams, column, input, view)
    const chunks = streams.finish()
    directory.varint(chunks.length)
    for (const chunk of chunks) writeChunkInfo(directory, chunk.info)
    return assemble(packPartOf(directory.view(), lineBytes), chunks, lineBytes)
  }

  #writeColumn(streams: StreamWriter, column: ColumnValues, input: LineRows, view: DataView): void {
    const to = this.#description
    to.reset()
    const { from, to: valueTo, row, count, wasm } = column
    const values = { bytes: input.bytes, view, from, to: valueTo, row, count, wasm }
    const sink = { to, streams, times: input, memory: this.#memory }
    const flags = writeColumn(sink, values, column.isJson && column.kind === BARE)
    const directory = this.#directory
    directory.byte(column.isJson ? JSON_ORIGIN : TEXT_ORIGIN)
    directory.byte(flags)
    directory.varint(count)
    writeBytes(directory, Buffer.from(column.key, 'latin1'))
    directory.raw(to.view())
  }
}

function assemble(directory: Part, chunks: readonly Part[], lineBytes: number): EncodedLines {
  const header = new Uint8Array(COLUMNS_HEADER_BYTES)
  const view = new DataView(header.buffer)
  view.setUint32(0, COLUMNS_VERSION, true)
  writePartInfo(view, 4, directory.info)
  const pieces = [header, directory.stored, ...chunks.map((chunk) => chunk.stored)]
  return { pieces, storedBytes: pieces.reduce((sum, piece) => sum + piece.length, 0), lineBytes }
}

function writeNodes(to: ByteWriter, trie: ShapeTrie): void {
  to.varint(trie.nodes - FIRST_NODE)
  for (let node = FIRST_NODE; node < trie.nodes; node++) {
    to.varint(trie.parent[node])
    to.byte(trie.kind[node])
    if (trie.kind[node] !== END) to.varint(trie.column[node])
    const from = trie.constantFrom[node]
    writeBytes(to, trie.pool.subarray(from, from + trie.constantBytes[node]))
  }
}

/** Leaves to shapes: the leaves counted in the order of their numbers. */
function numberShapes(trie: ShapeTrie, leaves: Float64Array, rows: number): void {
  const shapes = new Uint32Array(trie.nodes)
  let count = 0
  for (let node = FIRST_NODE; node < trie.nodes; node++) {
    if (trie.kind[node] === END || trie.kind[node] === REST) shapes[node] = count++
  }
  for (let row = 0; row < rows; row++) leaves[row] = shapes[leaves[row]]
}
