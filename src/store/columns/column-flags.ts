import type { Values } from './values.ts'

// What some value of a column has, so that a reader knows what its text means to a parser:
// docs/formats/columns.md.

/** A byte below 0x20 or above 0x7e. */
export const HAS_OTHER = 1
/** `"` */
export const HAS_QUOTE = 2
/** `\` */
export const HAS_BACKSLASH = 4
/** `=` */
export const HAS_EQUALS = 8
/** A value of no bytes. */
export const HAS_EMPTY = 16
/** Of bare JSON values: something else than a number, `true`, `false` or `null`, which is no JSON. */
export const HAS_WORD = 32
/** Of bare JSON values: `null`. */
export const HAS_NULL = 64

const FLAGS = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) if (byte < 0x20 || byte > 0x7e) FLAGS[byte] = HAS_OTHER
FLAGS[0x22] = HAS_QUOTE
FLAGS[0x5c] = HAS_BACKSLASH
FLAGS[0x3d] = HAS_EQUALS

/** The flags that these bytes set, as one value. */
export function byteFlags(bytes: Uint8Array, from: number, to: number): number {
  let flags = from === to ? HAS_EMPTY : 0
  for (; from < to; from++) flags |= FLAGS[bytes[from]]
  return flags
}

/** The flags that bare JSON values set by what they are. */
export function bareFlags({ bytes, from, to, count }: Values): number {
  let flags = 0
  for (let i = 0; i < count; i++) {
    const first = bytes[from[i]]
    if ((first >= 0x30 && first <= 0x39) || first === 0x2d) continue
    const word = Buffer.from(bytes.subarray(from[i], Math.min(to[i], from[i] + 6))).toString('latin1')
    if (word === 'null') flags |= HAS_NULL
    else if (word !== 'true' && word !== 'false') flags |= HAS_WORD
  }
  return flags
}
