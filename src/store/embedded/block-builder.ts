import { labelsText } from '#base/labels.ts'
import type { Lines, Metadata } from '../types.ts'
import type { BlockColumns } from './block-reader.ts'
import type { BlockRows } from './segment-writer.ts'

/** A block whose rows are at hand. */
export interface DecodedBlock extends BlockColumns, Lines {}

/** Most rows of a block, docs/formats/segment.md. */
const BLOCK_ROWS = 65_536

/** Gathers rows of one stream into a block of about the wanted size. Its memory is used again and again. */
export class BlockBuilder {
  readonly #blockBytes: number
  readonly #tsMs = new Float64Array(BLOCK_ROWS)
  readonly #tsNs = new Uint32Array(BLOCK_ROWS)
  readonly #lengths = new Uint32Array(BLOCK_ROWS)
  readonly #metadata = new Uint32Array(BLOCK_ROWS)
  #lines: Uint8Array
  #lineBytes = 0
  #sets: Metadata[] = [[]]
  #setIds = new Map<string, number>([['{}', 0]])
  /** For the block that rows were last taken from: the number here of each of its sets, −1 while unknown. */
  #known: { readonly block: DecodedBlock; readonly ids: Int32Array } | undefined
  rows = 0

  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes
    this.#lines = new Uint8Array(blockBytes * 2)
  }

  get isFull(): boolean {
    return this.rows === BLOCK_ROWS || this.#lineBytes >= this.#blockBytes
  }

  /** Takes one row in; the builder must not be full. */
  add(block: DecodedBlock, row: number): void {
    const from = block.lineFrom[row]
    const length = block.lineTo[row] - from
    if (this.#lineBytes + length > this.#lines.length) this.#growTo(this.#lineBytes + length)
    const at = this.rows++
    this.#tsMs[at] = block.tsMs[row]
    this.#tsNs[at] = block.tsNs[row]
    this.#lengths[at] = length
    this.#metadata[at] = this.#setId(block, block.rowMetadata[row])
    this.#lines.set(block.bytes.subarray(from, from + length), this.#lineBytes)
    this.#lineBytes += length
  }

  /** What was gathered; valid until the next {@link add}. */
  take(): Omit<BlockRows, 'stream'> {
    const { rows } = this
    const taken = {
      tsMs: this.#tsMs.subarray(0, rows),
      tsNs: this.#tsNs.subarray(0, rows),
      lengths: this.#lengths.subarray(0, rows),
      metadata: this.#metadata.subarray(0, rows),
      sets: this.#sets,
      lines: this.#lines.subarray(0, this.#lineBytes),
    }
    this.rows = 0
    this.#lineBytes = 0
    this.#sets = [[]]
    this.#setIds = new Map([['{}', 0]])
    this.#known = undefined
    return taken
  }

  #setId(block: DecodedBlock, set: number): number {
    if (set === 0) return 0
    if (this.#known?.block !== block) {
      this.#known = { block, ids: new Int32Array(block.sets.length).fill(-1) }
    }
    const { ids } = this.#known
    if (ids[set] < 0) {
      const text = labelsText(block.sets[set])
      let id = this.#setIds.get(text)
      if (id === undefined) this.#setIds.set(text, (id = this.#sets.push(block.sets[set]) - 1))
      ids[set] = id
    }
    return ids[set]
  }

  #growTo(bytes: number): void {
    const larger = new Uint8Array(Math.max(bytes, this.#lines.length * 2))
    larger.set(this.#lines.subarray(0, this.#lineBytes))
    this.#lines = larger
  }
}
