import { invariant } from '#base/invariant.ts'
import type { Needle } from './needle.ts'
import { findTwin } from './search-twin.ts'
import { type Loaded, loaded, type Wasm } from './wasm.ts'

/** Copying no more than this is not worth thinking about. */
const SMALL_BYTES = 4096

const OUT_OF_RANGE = 'a search beyond the haystack'

/**
 * Bytes to search, perhaps several times; they must not change meanwhile. They are copied to the kernels'
 * memory when a good part of them is to be searched, and again only if another haystack was there in between.
 */
export class Haystack {
  readonly bytes: Uint8Array
  readonly #buffer: Buffer
  readonly #wasm: Wasm | undefined
  /** How much the twin may still search before copying everything is cheaper. */
  #credit: number

  /** What does not fit into the memory of the kernels is left to the twin. */
  constructor(bytes: Uint8Array, kernels: Loaded = loaded) {
    this.bytes = bytes
    // Buffer's search is native; Uint8Array's looks for single bytes only.
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const { wasm } = kernels
    this.#wasm = wasm !== undefined && bytes.length <= wasm.input.length ? wasm : undefined
    this.#credit = bytes.length <= SMALL_BYTES ? 0 : bytes.length / 4
  }

  /** The first offset in [from, to) at which the needle begins and ends before `to`; -1 for none. */
  find(needle: Needle, from = 0, to = this.bytes.length): number {
    invariant(from >= 0 && to <= this.bytes.length, OUT_OF_RANGE)
    const wasm = this.#enter(needle, from, to)
    if (wasm === undefined) return findTwin(this.#buffer, needle, from, to)
    return wasm.find(from, to)
  }

  /**
   * Writes the offsets in [from, to) at which the needle lies, ascending and overlapping ones too, and gives
   * their number. Where that is `offsets.length`, there may be more: go on after the last one.
   */
  findAll(needle: Needle, offsets: Uint32Array, from = 0, to = this.bytes.length): number {
    invariant(from >= 0 && to <= this.bytes.length, OUT_OF_RANGE)
    const wasm = this.#enter(needle, from, to)
    if (wasm === undefined) return this.#findAllTwin(needle, offsets, from, to)
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

  /**
   * Puts haystack and needle where the kernels look for them; undefined for the twin to search these bytes.
   */
  #enter(needle: Needle, from: number, to: number): Wasm | undefined {
    const wasm = this.#wasm
    if (wasm === undefined || needle.bytes.length > wasm.needle.length) return undefined
    if (wasm.holder !== this && this.#credit > 0 && (this.#credit -= to - from) > 0) return undefined
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
    return wasm
  }
}
