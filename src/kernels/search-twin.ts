import type { Needle } from './needle.ts'

/** `Haystack.find` in plain TypeScript. */
export function findTwin(bytes: Buffer, needle: Needle, from: number, to: number): number {
  if (!needle.ignoreCase) {
    // A start beyond the end would count from elsewhere.
    if (from >= to) return -1
    const region = to === bytes.length ? bytes : bytes.subarray(0, to)
    return region.indexOf(needle.bytes, from)
  }
  const last = to - needle.bytes.length
  for (let at = from; at <= last; at++) if (isAt(bytes, needle, at)) return at
  return -1
}

function isAt(bytes: Uint8Array, { bytes: wanted, folds }: Needle, at: number): boolean {
  for (let i = 0; i < wanted.length; i++) if ((bytes[at + i] | folds[i]) !== wanted[i]) return false
  return true
}
