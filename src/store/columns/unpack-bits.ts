import type { Memory } from './memory.ts'

/** Numbers of 1 to 7 bits each, one after another from the lowest bit on, as a byte each. */
export function unpackBits(stream: Uint8Array, width: number, count: number, memory: Memory): Uint8Array {
  const bytes = memory.bytes(count)
  if (width === 4) return unpackHalves(stream, bytes)
  if (width === 2) return unpackQuarters(stream, bytes)
  if (width === 1 || width === 3) return unpackEighths(stream, width, bytes)
  const mask = (1 << width) - 1
  let held = 0
  let heldBits = 0
  let at = 0
  for (let i = 0; i < count; i++) {
    if (heldBits < width) {
      held |= stream[at++] << heldBits
      heldBits += 8
    }
    bytes[i] = held & mask
    held >>>= width
    heldBits -= width
  }
  return bytes
}

function unpackHalves(stream: Uint8Array, bytes: Uint8Array): Uint8Array {
  const pairs = bytes.length >>> 1
  for (let i = 0; i < pairs; i++) {
    const byte = stream[i]
    bytes[i * 2] = byte & 15
    bytes[i * 2 + 1] = byte >>> 4
  }
  if ((bytes.length & 1) === 1) bytes[pairs * 2] = stream[pairs] & 15
  return bytes
}

function unpackQuarters(stream: Uint8Array, bytes: Uint8Array): Uint8Array {
  const quads = bytes.length >>> 2
  for (let i = 0; i < quads; i++) {
    const byte = stream[i]
    const at = i * 4
    bytes[at] = byte & 3
    bytes[at + 1] = (byte >>> 2) & 3
    bytes[at + 2] = (byte >>> 4) & 3
    bytes[at + 3] = byte >>> 6
  }
  for (let i = quads * 4; i < bytes.length; i++) bytes[i] = (stream[i >>> 2] >>> ((i & 3) * 2)) & 3
  return bytes
}

/** Eight values to one byte, or to three. */
function unpackEighths(stream: Uint8Array, width: 1 | 3, bytes: Uint8Array): Uint8Array {
  const mask = (1 << width) - 1
  const groups = bytes.length >>> 3
  const wordAt = (group: number): number =>
    width === 1
      ? stream[group]
      : stream[group * 3] | (stream[group * 3 + 1] << 8) | (stream[group * 3 + 2] << 16)
  for (let group = 0; group < groups; group++) {
    const word = wordAt(group)
    const at = group * 8
    bytes[at] = word & mask
    bytes[at + 1] = (word >>> width) & mask
    bytes[at + 2] = (word >>> (width * 2)) & mask
    bytes[at + 3] = (word >>> (width * 3)) & mask
    bytes[at + 4] = (word >>> (width * 4)) & mask
    bytes[at + 5] = (word >>> (width * 5)) & mask
    bytes[at + 6] = (word >>> (width * 6)) & mask
    bytes[at + 7] = (word >>> (width * 7)) & mask
  }
  const last = wordAt(groups)
  for (let i = groups * 8; i < bytes.length; i++) bytes[i] = (last >>> ((i & 7) * width)) & mask
  return bytes
}
