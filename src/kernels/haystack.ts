import { invariant } from '#base/invariant.ts'
import type { Needle } from './needle.ts'
import { findTwin } from './search-twin.ts'
import { type Loaded, loaded, type Wasm } from './wasm.ts'

/**
 * Bytes to search, perhaps several times: they are copied to the kernels' memory when they are first
 * searched, and again only if another haystack was there in between. They must not change as long as they are
 * searched.
 */
export class Haystack {
  readonly bytes: Uint8Array
  readonly #buffer: Buffer
  readonly #wasm: Wasm | undefined

  /** What does not fit into the memory of the kernels is left to the twin. */
  constructor(bytes: Uint8Array, kernels: Loaded = loaded) {
    this.bytes = bytes
    // Buffer's search is native; Uint8Array's looks for single bytes only.
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const { wasm } = kernels
    this.#wasm = wasm !== undefined && bytes.length <= wasm.input.length ? wasm : undefined
  }

  /** The first offset in [from, to) at which the needle begins and ends before `to`; -1 for none. */
  find(needle: Needle, from = 0, to = this.bytes.length): number {
    invariant(from >= 0 && to <= this.bytes.length, `[${from}, ${to}) is not within the haystack`)
    const wasm = this.#wasm
    if (wasm === undefined || needle.bytes.length > wasm.needle.length) {
      return findTwin(this.#buffer, needle, from, to)
    }
    this.#enter(wasm, needle)
    return wasm.find(from, to)
  }

  /**
   * Writes the offsets in [from, to) at which the needle lies, ascending and overlapping ones too, and gives
   * their number. Where that is `offsets.length`, there may be more: go on after the last one.
   */
  findAll(needle: Needle, offsets: Uint32Array, from = 0, to = this.bytes.length): number {
    invariant(from >= 0 && to <= this.bytes.length, `[${from}, ${to}) is not within the haystack`)
    const wasm = this.#wasm
    if (wasm === undefined || needle.bytes.length > wasm.needle.length) {
      return this.#findAllTwin(needle, offsets, from, to)
    }
    this.#enter(wasm, needle)
    let count = 0
    while (count < offsets.length) {
      const wanted = Math.min(offsets.length - count, wasm.offsets.length)
      const added = wasm.findAll(from, to, wanted)
      offsets.set(wasm.offsets.subarray(0, added), count)
      count += added
      if (added < wanted) break
      from = offsets[count - 1] + 1
    }
    return count
  }

  #findAllTwin(needle: Needle, offsets: Uint32Array, from: number, to: number): number {
    let count = 0
    while (count < offsets.length) {
      const at = findTwin(this.#buffer, needle, from, to)
      if (at < 0) break
      offsets[count++] = at
      from = at + 1
    }
    return count
  }

  /** Puts haystack and needle where the kernels look for them. */
  #enter(wasm: Wasm, needle: Needle): void {
    if (wasm.holder !== this) {
      wasm.input.set(this.bytes)
      wasm.holder = this
    }
    if (wasm.heldNeedle !== needle) {
      wasm.needle.set(needle.bytes)
      wasm.needleFolds.set(needle.folds)
      wasm.setNeedle(needle.bytes.length, needle.rareA, needle.rareB)
      wasm.heldNeedle = needle
    }
  }
}
