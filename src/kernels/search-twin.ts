import type { Needle } from './needle.ts'

/** `Haystack.find` in plain TypeScript. */
export function findTwin(bytes: Buffer, needle: Needle, from: number, to: number): number {
  if (!needle.ignoreCase) {
    // Node takes a start beyond the end of an empty buffer for one at its end.
    return from >= to ? -1 : bytes.subarray(0, to).indexOf(needle.bytes, from)
  }
  const last = to - needle.bytes.length
  for (let at = from; at <= last; at++) if (isAt(bytes, needle, at)) return at
  return -1
}

function isAt(bytes: Uint8Array, { bytes: wanted, folds }: Needle, at: number): boolean {
  for (let i = 0; i < wanted.length; i++) if ((bytes[at + i] | folds[i]) !== wanted[i]) return false
  return true
}
