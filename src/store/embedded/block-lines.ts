import { decodeLines } from '../columns/decode-lines.ts'
import { LineEncoder } from '../columns/encode-lines.ts'
import { openColumns } from '../columns/open-columns.ts'
import type { Times } from './block-codec.ts'
import { FormatError } from './bytes.ts'
import { type Part, packPart, unpackPart } from './parts.ts'
import { COLUMNS_CODEC, type DirectoryEntry, PLAIN_CODEC } from './segment-format.ts'

/** Lines on their way into a block. */
export interface LinesOfBlock extends Times {
  readonly lengths: Uint32Array
  /** The lines, one after another. */
  readonly lines: Uint8Array
}

/** The lines part of a block, and the codec it is in. */
export interface EncodedBlockLines {
  readonly codec: number
  readonly part: Part
}

/** Below this, there is too little that repeats for columns to be worth their directory. */
const COLUMNS_FROM_ROWS = 64

/** Encodes the lines of blocks, each in the codec that suits it. */
export class BlockLinesEncoder {
  readonly #encoder = new LineEncoder()

  /** `block` must not change until this resolves. */
  async encode(block: LinesOfBlock): Promise<EncodedBlockLines> {
    const rows = block.lengths.length
    if (rows < COLUMNS_FROM_ROWS) return { codec: PLAIN_CODEC, part: await packPart(block.lines) }
    const lineFrom = new Uint32Array(rows)
    const lineTo = new Uint32Array(rows)
    let end = 0
    for (let row = 0; row < rows; row++) {
      lineFrom[row] = end
      end += block.lengths[row]
      lineTo[row] = end
    }
    const { tsMs, tsNs, lines } = block
    const { pieces, storedBytes } = this.#encoder.encode({ bytes: lines, lineFrom, lineTo, rows, tsMs, tsNs })
    // What is inside has checksums of its own.
    const info = { storedBytes, rawBytes: lines.length, crc: 0 }
    return { codec: COLUMNS_CODEC, part: { info, stored: Buffer.concat(pieces, storedBytes) } }
  }
}

/**
 * The lines of a block, one after another.
 * @param times those of the block's rows; looked at for codecs that need them
 * @throws FormatError where the part is damaged
 */
export function decodeBlockLines(stored: Uint8Array, entry: DirectoryEntry, times: Times): Uint8Array {
  if (entry.codec === PLAIN_CODEC) return unpackPart(stored, entry.lines)
  const columns = openColumns(stored, times)
  const { rows, lineBytes } = columns.directory
  if (rows !== entry.rows || lineBytes !== entry.lines.rawBytes) {
    throw new FormatError(`columns of ${rows} rows and ${lineBytes} bytes where the directory has others`)
  }
  return decodeLines(columns).bytes
}
