import { PushError } from './push-error.ts'

/** A place in a protobuf message, read field by field. Every read checks its bounds against `end`. */
export interface Cursor {
  readonly bytes: Buffer
  at: number
}

/**
 * An unsigned varint; exact up to 2^53, which every tag and length is far below.
 * @throws PushError 400 where it is cut off or too long
 */
export function readVarint(cursor: Cursor, end: number): number {
  const { bytes } = cursor
  let at = cursor.at
  if (at < end && bytes[at] < 0x80) {
    cursor.at = at + 1
    return bytes[at]
  }
  let value = 0
  let scale = 1
  for (let i = 0; i < 10; i++) {
    if (at >= end) throw new PushError(400, 'unexpected EOF')
    const byte = bytes[at++]
    value += (byte & 0x7f) * scale
    if (byte < 0x80) {
      cursor.at = at
      return value
    }
    scale *= 128
  }
  throw new PushError(400, 'proto: integer overflow')
}

/** A signed int64 or int32 as protobuf writes them: negative ones as ten bytes of two's complement. */
export function readSigned(cursor: Cursor, end: number): number {
  const start = cursor.at
  const value = readVarint(cursor, end)
  if (cursor.at - start < 10) return value
  let exact = 0n
  for (let i = 0; i < 10; i++) exact |= BigInt(cursor.bytes[start + i] & 0x7f) << BigInt(7 * i)
  return Number(BigInt.asIntN(64, exact))
}

/** Reads a length and returns where the field ends; the cursor then stands at its beginning. */
export function readLength(cursor: Cursor, end: number): number {
  const length = readVarint(cursor, end)
  const to = cursor.at + length
  if (to > end) throw new PushError(400, 'unexpected EOF')
  return to
}

/**
 * Moves over a field that is not known.
 * @throws PushError 400 for groups and for fields that leave the message
 */
export function skipField(cursor: Cursor, tag: number, end: number): void {
  switch (tag & 7) {
    case 0:
      readVarint(cursor, end)
      return
    case 1:
      cursor.at += 8
      break
    case 2:
      cursor.at = readLength(cursor, end)
      return
    case 5:
      cursor.at += 4
      break
    default:
      throw new PushError(400, `proto: illegal wireType ${tag & 7}`)
  }
  if (cursor.at > end) throw new PushError(400, 'unexpected EOF')
}
