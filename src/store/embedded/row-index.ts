import { hashBytes, viewOf } from '../columns/words.ts'
import type { Page } from './page.ts'

/**
 * Finds a row by its time and line among the rows of one stream, to tell exact duplicates. Open addressing
 * over 32-bit hashes; rows are named by page and position.
 */
export class RowIndex {
  #slots = new Int32Array(256).fill(-1)
  #hashes = new Int32Array(128)
  #positions = new Uint32Array(128)
  /** Per row: its page, by number. */
  #pageNumbers = new Uint32Array(128)
  readonly #pages: Page[] = []
  #size = 0

  /** Whether a row with this hash is accepted by `same`. */
  find(hash: number, same: (page: Page, position: number) => boolean): boolean {
    const mask = this.#slots.length - 1
    for (let slot = hash & mask; this.#slots[slot] >= 0; slot = (slot + 1) & mask) {
      const row = this.#slots[slot]
      if (this.#hashes[row] === hash && same(this.#pages[this.#pageNumbers[row]], this.#positions[row]))
        return true
    }
    return false
  }

  add(hash: number, page: Page, position: number): void {
    if (this.#size === this.#hashes.length) this.#grow()
    const row = this.#size++
    this.#hashes[row] = hash
    this.#positions[row] = position
    // Rows come page after page.
    if (this.#pages.at(-1) !== page) this.#pages.push(page)
    this.#pageNumbers[row] = this.#pages.length - 1
    this.#place(row)
  }

  #place(row: number): void {
    const mask = this.#slots.length - 1
    let slot = this.#hashes[row] & mask
    while (this.#slots[slot] >= 0) slot = (slot + 1) & mask
    this.#slots[slot] = row
  }

  #grow(): void {
    const hashes = new Int32Array(this.#size * 2)
    hashes.set(this.#hashes)
    this.#hashes = hashes
    const positions = new Uint32Array(this.#size * 2)
    positions.set(this.#positions)
    this.#positions = positions
    const pageNumbers = new Uint32Array(this.#size * 2)
    pageNumbers.set(this.#pageNumbers)
    this.#pageNumbers = pageNumbers
    this.#slots = new Int32Array(this.#size * 4).fill(-1)
    for (let row = 0; row < this.#size; row++) this.#place(row)
  }
}

/** The hash under which {@link RowIndex} files a row. */
export function rowHash(tsMs: number, tsNs: number, line: Uint8Array): number {
  return rowHashAt(tsMs, tsNs, viewOf(line), 0, line.length)
}

/** {@link rowHash} of a line that is `length` bytes of `view` from `from` on. */
export function rowHashAt(tsMs: number, tsNs: number, view: DataView, from: number, length: number): number {
  const line = hashBytes(view, from, length)
  let h = Math.imul(tsMs | 0, 0x9e3779b1) ^ Math.imul(tsNs, 0x85ebca6b) ^ line
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  return h ^ (h >>> 13)
}
