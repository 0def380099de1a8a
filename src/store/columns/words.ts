// Bytes four at a time: in plain JavaScript several times as fast as one at a time.

const QUOTE = 0x22
const QUOTES = 0x22222222
const BACKSLASHES = 0x5c5c5c5c
const ONES = 0x01010101
const HIGH_BITS = 0x80808080

/** A view of bytes that reads words at any offset. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** Whether `length` bytes of two views are the same. */
export function sameBytes(a: DataView, aFrom: number, b: DataView, bFrom: number, length: number): boolean {
  let i = 0
  for (; i + 4 <= length; i += 4) {
    if (a.getInt32(aFrom + i, true) !== b.getInt32(bFrom + i, true)) return false
  }
  for (; i < length; i++) if (a.getUint8(aFrom + i) !== b.getUint8(bFrom + i)) return false
  return true
}

/** A hash of `length` bytes, well spread in its low bits. */
export function hashBytes(view: DataView, from: number, length: number): number {
  let h = length
  let i = 0
  for (; i + 4 <= length; i += 4) {
    h = Math.imul(h ^ view.getInt32(from + i, true), 0x9e3779b1)
    h ^= h >>> 15
  }
  for (; i < length; i++) h = Math.imul(h ^ view.getUint8(from + i), 0x85ebca6b)
  return h ^ (h >>> 13) ^ (h >>> 22)
}

/**
 * The index of the quote that ends the string whose inside begins at `at`, or −1; `\` takes away the meaning
 * of what follows.
 */
export function findStringEnd(view: DataView, at: number, end: number): number {
  while (at + 4 <= end) {
    const word = view.getInt32(at, true)
    const quotes = word ^ QUOTES
    const slashes = word ^ BACKSLASHES
    // The lowest byte that is zero has its high bit set; bytes above it may have theirs by mistake.
    const hits = (((quotes - ONES) & ~quotes) | ((slashes - ONES) & ~slashes)) & HIGH_BITS
    if (hits === 0) {
      at += 4
      continue
    }
    at += (31 - Math.clz32(hits & -hits)) >>> 3
    if (view.getUint8(at) === QUOTE) return at
    at += 2
  }
  for (; at < end; at++) {
    const byte = view.getUint8(at)
    if (byte === QUOTE) return at
    if (byte === 0x5c) at++
  }
  return -1
}
