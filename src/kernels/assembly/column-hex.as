import { beginOf, COLUMN_BYTES } from './columns'

// Columns of texts of one length that differ in hex digits; the twin is src/store/columns/hex-pattern.ts.

const MAX_LENGTH: usize = 72
/** Where the values differ. */
export const HEX_POSITIONS: usize = memory.data(80, 16)
const differences: usize = memory.data(80, 16)

const LOWER: u8 = 0x20
const UPPER: u8 = 0x40
const OTHER: u8 = 0x80
/** Per byte: the value of the hex digit, and what kind of one it is. */
const digits: usize = memory.data(256, 64)
memory.fill(digits, OTHER, 256)
for (let i: u8 = 0; i < 10; i++) store<u8>(digits + 0x30 + i, i)
for (let i: u8 = 10; i < 16; i++) {
  store<u8>(digits + 0x57 + i, LOWER | i)
  store<u8>(digits + 0x37 + i, UPPER | i)
}

let seen: u8 = 0

/** Whether a digit of the values packed last is an upper-case letter. */
export function hexIsUpper(): bool {
  return (seen & UPPER) != 0
}

@inline
function digitAt(base: usize, position: usize): u8 {
  return load<u8>(digits + load<u8>(base + load<u8>(HEX_POSITIONS + position)))
}

/** Packs the digits at which the values differ; gives their number, -1 where the values are no such column. */
export function packHex(from: usize, to: usize, count: i32): i32 {
  const first = beginOf(from, 0)
  const length = beginOf(to, 0) - first
  if (length == 0 || length > MAX_LENGTH || !findDifferences(from, to, count, first, length)) return -1
  let varying: usize = 0
  for (let p: usize = 0; p < length; p++) {
    if (load<u8>(differences + p) != 0) store<u8>(HEX_POSITIONS + varying++, p)
  }
  seen = 0
  let at = COLUMN_BYTES
  for (let i = 0; i < count; i++) {
    const base = beginOf(from, i)
    let p: usize = 0
    for (; p + 1 < varying; p += 2) {
      const high = digitAt(base, p)
      const low = digitAt(base, p + 1)
      seen |= high | low
      store<u8>(at++, (high << 4) | (low & 15))
    }
    if (p < varying) {
      const high = digitAt(base, p)
      seen |= high
      store<u8>(at++, high << 4)
    }
    if ((seen & OTHER) != 0) return -1
  }
  return (seen & (LOWER | UPPER)) == (LOWER | UPPER) ? -1 : <i32>varying
}

/** Marks the bytes in which values differ from the first; false where their lengths do. */
function findDifferences(from: usize, to: usize, count: i32, first: usize, length: usize): bool {
  memory.fill(differences, 0, 80)
  for (let i = 1; i < count; i++) {
    const at = beginOf(from, i)
    if (beginOf(to, i) - at != length) return false
    for (let p: usize = 0; p < length; p += 16) {
      const differs = v128.xor(v128.load(first + p), v128.load(at + p))
      v128.store(differences + p, v128.or(v128.load(differences + p), differs))
    }
  }
  return true
}
