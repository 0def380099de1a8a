// The hash of a gram, docs/formats/segment.md.

/** A gram is this many neighbouring bytes. */
export const GRAM_BYTES = 6

/** The format's multipliers as signed integers: beyond 31 bits V8 would multiply in floating point. */
const MUL_Y = 0x9e3779b1 | 0
const MUL_X = 0x85ebca6b | 0

/**
 * The hash of the gram whose first four bytes are `x` and last two `y`, little-endian. It is used if its low
 * two bits are 0.
 */
export function gramHash(x: number, y: number): number {
  const h = Math.imul(x ^ Math.imul(y, MUL_Y), MUL_X) | 0
  return h ^ (h >>> 15)
}
