import type { Memory } from './memory.ts'
import type { Values } from './values.ts'

const POINT = 0x2e
const ZERO = 0x30
/** Longest text of {@link writeIpv4}. */
export const IPV4_TEXT_BYTES = 15

/**
 * The addresses as numbers, the first byte highest; undefined where not every text is one in its only form.
 */
export function parseIpv4s({ bytes, from, to, count }: Values, memory: Memory): Float64Array | undefined {
  // Few columns are of addresses, and the first text mostly tells.
  if (parseIpv4(bytes, from[0], to[0]) < 0) return undefined
  const addresses = memory.float64(count)
  for (let i = 0; i < count; i++) {
    const address = parseIpv4(bytes, from[i], to[i])
    if (address < 0) return undefined
    addresses[i] = address
  }
  return addresses
}

function parseIpv4(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 7 || end - at > IPV4_TEXT_BYTES) return -1
  let address = 0
  for (let part = 0; part < 4; part++) {
    if (part > 0 && bytes[at++] !== POINT) return -1
    const from = at
    let value = 0
    for (; at < end && at < from + 3; at++) {
      const digit = bytes[at] - ZERO
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    if (at === from || value > 255 || (bytes[from] === ZERO && at > from + 1)) return -1
    address = address * 256 + value
  }
  return at === end ? address : -1
}

/** Writes an address at `at`; returns where it ends. */
export function writeIpv4(to: Uint8Array, at: number, address: number): number {
  for (let shift = 24; shift >= 0; shift -= 8) {
    const part = (address >>> shift) & 255
    if (part >= 100) to[at++] = ZERO + Math.floor(part / 100)
    if (part >= 10) to[at++] = ZERO + (Math.floor(part / 10) % 10)
    to[at++] = ZERO + (part % 10)
    if (shift > 0) to[at++] = POINT
  }
  return at
}
