import type { Needle } from '#kernels/needle.ts'
import type { HexPattern } from './hex-pattern.ts'

/**
 * Per value: 1 where the needle stands at this place of it, seen in its packed digits. The place must be one
 * at which it could.
 */
export function hexValuesWith(
  needle: Needle,
  place: number,
  { varying }: HexPattern,
  packed: Uint8Array,
  hits: Uint8Array,
): boolean {
  const width = Math.ceil(varying.length / 2)
  const masks = new Uint8Array(width)
  const wanted = new Uint8Array(width)
  varying.forEach((position, digit) => {
    const i = position - place
    if (i < 0 || i >= needle.bytes.length) return
    const shift = (digit & 1) === 0 ? 4 : 0
    masks[digit >>> 1] |= 15 << shift
    wanted[digit >>> 1] |= hexDigit(needle.bytes[i]) << shift
  })
  const find = valuesWith(packed, masks, wanted, hits.length)
  let isAny = false
  for (let value = find(0); value !== -1; value = find(value + 1)) {
    hits[value] = 1
    isAny = true
  }
  return isAny
}

/** Digits that are all known are found fastest by who looks at many bytes at once. */
const SEARCHED_BYTES = 3

/** Tells the first value from one on whose digits are as wanted, -1 for none. */
function valuesWith(
  packed: Uint8Array,
  masks: Uint8Array,
  wanted: Uint8Array,
  count: number,
): (from: number) => number {
  const width = masks.length
  const used = Array.from(masks.keys()).filter((i) => masks[i] !== 0)
  const fits = (value: number): boolean => {
    const at = value * width
    let u = 0
    while (u < used.length && (packed[at + used[u]] & masks[used[u]]) === wanted[used[u]]) u++
    return u === used.length
  }
  const whole = masks.findIndex((mask) => mask !== 255)
  const searched = wanted.subarray(0, whole === -1 ? width : whole)
  if (searched.length < SEARCHED_BYTES) {
    return (from) => {
      for (let value = from; value < count; value++) if (fits(value)) return value
      return -1
    }
  }
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, count * width)
  return (from) => {
    let at = bytes.indexOf(searched, from * width)
    while (at !== -1 && (at % width !== 0 || !fits(at / width))) at = bytes.indexOf(searched, at + 1)
    return at === -1 ? -1 : at / width
  }
}

function hexDigit(byte: number): number {
  return byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x61 + 10
}
