/** Shortest and longest text worth searching for, bytes. */
const MIN_BYTES = 2
const MAX_BYTES = 64

/**
 * A text of ASCII letters and signs that is looked for in any case, by Horspool's search: it looks at about
 * one byte in as many as the text is long.
 */
export class FoldedNeedle {
  readonly text: string
  readonly length: number
  readonly #lower: Uint8Array
  readonly #upper: Uint8Array
  /** How far a window may move on for its last byte; 0 where that byte is the text's last. */
  readonly #shifts: Uint8Array

  /** @param text ASCII; {@link foldableFragment} finds what is fit */
  constructor(text: string) {
    this.text = text.toLowerCase()
    this.length = text.length
    this.#lower = Buffer.from(this.text)
    this.#upper = Buffer.from(text.toUpperCase())
    this.#shifts = new Uint8Array(256).fill(this.length)
    for (let i = 0; i < this.length; i++) {
      this.#shifts[this.#lower[i]] = this.length - 1 - i
      this.#shifts[this.#upper[i]] = this.length - 1 - i
    }
  }

  /** Where the text first begins in `bytes[from, to)`; -1 where it does not. */
  indexIn(bytes: Uint8Array, from: number, to: number): number {
    const last = this.length - 1
    const shifts = this.#shifts
    for (let at = from + last; at < to; ) {
      const shift = shifts[bytes[at]]
      if (shift > 0) at += shift
      else if (this.#isAt(bytes, at - last)) return at - last
      else at++
    }
    return -1
  }

  #isAt(bytes: Uint8Array, at: number): boolean {
    for (let i = 0; i < this.length; i++) {
      const byte = bytes[at + i]
      if (byte !== this.#lower[i] && byte !== this.#upper[i]) return false
    }
    return true
  }
}

/**
 * The longest part of a text whose case folds within ASCII; `''` where none is worth a search. `k` and `s`
 * also fold to letters beyond it (K, ſ), and are left out.
 */
export function foldableFragment(text: string): string {
  const longest = text.split(/[kKsS]|[^\x20-\x7e]/).reduce((a, b) => (b.length > a.length ? b : a), '')
  return longest.length < MIN_BYTES ? '' : longest.slice(0, MAX_BYTES)
}
