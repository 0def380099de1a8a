/**
 * Where a literal first begins in `bytes[at, to)`; −1 where it does not. Lines are short: a plain loop wins.
 */
export function findBytes(bytes: Uint8Array, at: number, to: number, literal: Uint8Array): number {
  const { length } = literal
  const first = literal[0]
  for (const last = to - length; at <= last; at++) {
    if (bytes[at] !== first) continue
    let same = 1
    while (same < length && bytes[at + same] === literal[same]) same++
    if (same === length) return at
  }
  return -1
}
