import type { Labels } from '#base/labels.ts'
import { ByteWriter, writePairs } from './bytes.ts'
import type { Stream } from './stream.ts'

const FIRST_SLOTS = 256

/**
 * Streams by the bytes that segments have for their label sets: the streams of one segment are mostly those
 * of the others, and are not decoded again. A hash table of ids, so that it takes some bytes a stream.
 */
export class KnownLabelSets {
  /** Twice as many as there are ids, at least; −1 where a slot is free. */
  #slots = new Int32Array(FIRST_SLOTS).fill(-1)
  /** In the order of ids added: hash and id. */
  #hashes = new Int32Array(FIRST_SLOTS / 2)
  #ids = new Int32Array(FIRST_SLOTS / 2)
  #size = 0

  /** The stream whose label set is `bytes[from, to)`; undefined where it is not known by its bytes. */
  find(bytes: Uint8Array, from: number, to: number, byId: (id: number) => Stream): Stream | undefined {
    const mask = this.#slots.length - 1
    const hash = hashOf(bytes, from, to)
    for (let slot = hash & mask; this.#slots[slot] >= 0; slot = (slot + 1) & mask) {
      const place = this.#slots[slot]
      if (this.#hashes[place] !== hash) continue
      const stream = byId(this.#ids[place])
      if (isLabelSet(bytes, from, to, stream)) return stream
    }
    return undefined
  }

  /** Notes that a stream's label set is `bytes[from, to)`, which is not known yet. */
  add(bytes: Uint8Array, from: number, to: number, { id }: Stream): void {
    if (this.#size === this.#ids.length) this.#grow()
    this.#hashes[this.#size] = hashOf(bytes, from, to)
    this.#ids[this.#size] = id
    this.#enter(this.#size++)
  }

  /** Forgets all of them. */
  clear(): void {
    this.#slots = new Int32Array(FIRST_SLOTS).fill(-1)
    this.#hashes = new Int32Array(FIRST_SLOTS / 2)
    this.#ids = new Int32Array(FIRST_SLOTS / 2)
    this.#size = 0
  }

  #enter(place: number): void {
    const mask = this.#slots.length - 1
    let slot = this.#hashes[place] & mask
    while (this.#slots[slot] >= 0) slot = (slot + 1) & mask
    this.#slots[slot] = place
  }

  #grow(): void {
    const hashes = new Int32Array(this.#size * 2)
    const ids = new Int32Array(this.#size * 2)
    hashes.set(this.#hashes)
    ids.set(this.#ids)
    this.#hashes = hashes
    this.#ids = ids
    this.#slots = new Int32Array(this.#size * 4).fill(-1)
    for (let place = 0; place < this.#size; place++) this.#enter(place)
  }
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i], 0x9e3779b1) ^ (hash >>> 15)
  return hash ^ (hash >>> 16)
}

/** Whether the bytes are what `writePairs` makes of a stream's labels. */
function isLabelSet(bytes: Uint8Array, from: number, to: number, { labels }: Stream): boolean {
  if (isAsciiSet(bytes, from, to, labels)) return true
  // Another set of the same hash, or texts that are long or not ASCII.
  const writer = new ByteWriter()
  writePairs(writer, labels)
  return Buffer.compare(writer.view(), bytes.subarray(from, to)) === 0
}

/** {@link isLabelSet} for sets of short ASCII texts; says no of any other. */
function isAsciiSet(bytes: Uint8Array, from: number, to: number, labels: Labels): boolean {
  if (bytes[from] !== labels.length || labels.length >= 0x80) return false
  let at = from + 1
  for (const label of labels) {
    for (const text of label) {
      const { length } = text
      if (length >= 0x80 || bytes[at] !== length) return false
      at++
      for (let i = 0; i < length; i++) {
        const code = text.charCodeAt(i)
        if (code >= 0x80 || bytes[at + i] !== code) return false
      }
      at += length
    }
  }
  return at === to
}
