import type { Labels } from '#base/labels.ts'
import { ByteReader } from './bytes.ts'

type Pair = Labels[number]

/** Pairs that were read last, by their hash: most labels of a stream are those of many others. */
const SLOTS = 4096

/** Reads label sets whose pairs are mostly those of sets that it has read before, which are given again. */
export class PairCache {
  readonly #slots: (Pair | undefined)[] = Array(SLOTS).fill(undefined)

  /**
   * The label set that `writePairs` has written at an offset.
   * @param share the pair to give for one that is not in the cache
   * @throws FormatError where it is cut short
   */
  read(bytes: Uint8Array, offset: number, share: (pair: Pair) => Pair): Labels {
    const reader = new ByteReader(bytes, offset)
    const labels: Pair[] = []
    for (let left = reader.count(2); left > 0; left--) labels.push(this.#readPair(reader, share))
    return labels
  }

  #readPair(reader: ByteReader, share: (pair: Pair) => Pair): Pair {
    const from = reader.offset
    reader.skip(reader.varint())
    reader.skip(reader.varint())
    const slot = hashOf(reader.bytes, from, reader.offset) & (SLOTS - 1)
    const known = this.#slots[slot]
    if (known !== undefined && isPair(reader.bytes, from, reader.offset, known)) return known
    const again = new ByteReader(reader.bytes, from)
    const pair = share([again.text(), again.text()])
    this.#slots[slot] = pair
    return pair
  }
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i], 0x9e3779b1) ^ (hash >>> 15)
  return hash ^ (hash >>> 16)
}

/** Whether the bytes are those of a pair of short ASCII texts. */
function isPair(bytes: Uint8Array, from: number, to: number, [name, value]: Pair): boolean {
  const middle = from + 1 + name.length
  return middle + 1 + value.length === to && isText(bytes, from, name) && isText(bytes, middle, value)
}

/** Whether a text lies there, with its length before it. */
function isText(bytes: Uint8Array, at: number, text: string): boolean {
  const { length } = text
  if (length >= 0x80 || bytes[at] !== length) return false
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x80 || bytes[at + 1 + i] !== code) return false
  }
  return true
}
