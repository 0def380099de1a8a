/** Longest text that is worth remembering, bytes. */
const MAX_CACHED_BYTES = 24
const SLOTS = 4096

/**
 * Makes strings from slices of a buffer, and hands out the same string for bytes seen before: field values
 * repeat, and a comparison of bytes is cheaper than a decode. A direct-mapped cache of fixed size.
 */
export class ByteStrings {
  readonly #slots: (string | undefined)[] = new Array<string | undefined>(SLOTS).fill(undefined)

  /** The text of `bytes[from, to)`, as UTF-8; what is not UTF-8 becomes U+FFFD. */
  decode(bytes: Buffer, from: number, to: number): string {
    const length = to - from
    if (length === 0) return ''
    if (length > MAX_CACHED_BYTES) return bytes.toString('utf8', from, to)
    let hash = length
    for (let i = from; i < to; i++) {
      const byte = bytes[i]
      if (byte >= 0x80) return bytes.toString('utf8', from, to)
      hash = Math.imul(hash ^ byte, 0x01000193)
    }
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
    const known = this.#slots[slot]
    if (known !== undefined && known.length === length && sameAscii(known, bytes, from)) return known
    const text = bytes.toString('latin1', from, to)
    this.#slots[slot] = text
    return text
  }
}

function sameAscii(text: string, bytes: Buffer, from: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[from + i]) return false
  return true
}
