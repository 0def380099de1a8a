import type { Needle } from '#kernels/needle.ts'

/** Whether the needle's bytes [from, to) stand at `at`, their case ignored where the needle says so. */
export function foldedEquals(
  bytes: Uint8Array,
  at: number,
  { bytes: wanted, folds }: Needle,
  from: number,
  to: number,
): boolean {
  for (let i = from; i < to; i++) if ((bytes[at + i - from] | folds[i]) !== wanted[i]) return false
  return true
}
