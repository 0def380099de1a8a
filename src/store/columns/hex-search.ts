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
  const used = Array.from(masks.keys()).filter((i) => masks[i] !== 0)
  let isAny = false
  for (let value = 0, at = 0; value < hits.length; value++, at += width) {
    let u = 0
    while (u < used.length && (packed[at + used[u]] & masks[used[u]]) === wanted[used[u]]) u++
    if (u < used.length) continue
    hits[value] = 1
    isAny = true
  }
  return isAny
}

function hexDigit(byte: number): number {
  return byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x61 + 10
}
