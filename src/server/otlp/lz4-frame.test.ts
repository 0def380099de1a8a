import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { xxHash32 } from '#base/xxhash32.ts'
import { Lz4Error, Lz4TooLarge, uncompressLz4Frame } from './lz4-frame.ts'

/** A sequence of a block: literals, then a match of so many bytes so far back; without one the block ends. */
type Sequence = readonly [literals: string, match?: readonly [offset: number, length: number]]

function lengthBytes(length: number): number[] {
  if (length < 15) return []
  const more: number[] = []
  let rest = length - 15
  for (; rest >= 255; rest -= 255) more.push(255)
  return [...more, rest]
}

function block(sequences: readonly Sequence[]): Buffer {
  return Buffer.concat(
    sequences.map(([literals, match]) => {
      const text = Buffer.from(literals)
      const matched = match === undefined ? 0 : match[1] - 4
      const token = (Math.min(15, text.length) << 4) | Math.min(15, matched)
      const head = Buffer.concat([Buffer.of(token, ...lengthBytes(text.length)), text])
      if (match === undefined) return head
      return Buffer.concat([head, Buffer.of(match[0] & 255, match[0] >> 8, ...lengthBytes(matched))])
    }),
  )
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value >>> 0)
  return bytes
}

function frame(
  blocks: readonly (Buffer | { readonly stored: Buffer })[],
  content?: Buffer,
  flags = 0x50,
): Buffer {
  const head = Buffer.of(flags | (content === undefined ? 0 : 4), 0x40)
  const parts = blocks.flatMap((one) => {
    const isStored = 'stored' in one
    const bytes = isStored ? one.stored : one
    return [uint32(isStored ? bytes.length + 0x80000000 : bytes.length), bytes, uint32(xxHash32(bytes))]
  })
  const end = content === undefined ? [] : [uint32(xxHash32(content))]
  const check = Buffer.of((xxHash32(head) >>> 8) & 255)
  return Buffer.concat([uint32(0x184d2204), head, check, ...parts, uint32(0), ...end])
}

describe('XXH32', () => {
  test.each([
    ['', 0x02cc5d05],
    ['a', 0x550d7456],
    ['abc', 0x32d153ff],
    ['Nobody inspects the spammish repetition', 0xe2293b2f],
  ])('of %j', (text, expected) => expect(xxHash32(Buffer.from(text))).toBe(expected))
})

describe('LZ4 frames', () => {
  test('as the lz4 program makes them', () => {
    const made = 'BCJNGGRApxAAAABvaGVsbG8gBgAEUCwgbHo0AAAAABJ/7bM='
    const text = uncompressLz4Frame(Buffer.from(made, 'base64'), 1000).toString()
    expect(text).toBe('hello hello hello hello hello, lz4')
  })

  test('with literals, matches that overlap, long lengths, stored blocks and earlier blocks', () => {
    const long = 'x'.repeat(300)
    const blocks = [
      block([['abcd', [4, 8]], ['-', [1, 400]], [long]]),
      { stored: Buffer.from('as it is') },
      block([['', [8, 8]], ['']]),
    ]
    const content = Buffer.from(`abcdabcdabcd-${'-'.repeat(400)}${long}as it isas it is`)
    expect(uncompressLz4Frame(frame(blocks, content), 10_000).toString()).toBe(content.toString())
    expect(() => uncompressLz4Frame(frame(blocks, content), content.length - 1)).toThrow(Lz4TooLarge)
    expect(() => uncompressLz4Frame(frame(blocks, Buffer.from('other')), 10_000)).toThrow('frame checksum')
  })

  test.each([
    ['nothing', Buffer.alloc(0), 'unexpected EOF'],
    ['something else', Buffer.from('{"a":"b"}'), 'bad magic number'],
    ['a match before the beginning', frame([block([['ab', [3, 4]], ['']])]), 'invalid source'],
    ['a dictionary', frame([], undefined, 0x51), 'dictionaries'],
    ['no end', frame([block([['abc']])]).subarray(0, -4), 'unexpected EOF'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => uncompressLz4Frame(bytes, 1000)).toThrow(message)
  })

  test('any bytes are content or an error, within the limit', () => {
    const damaged = fc
      .tuple(fc.string({ maxLength: 60 }), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }))
      .map(([text, changes]) => {
        const bytes = frame([block([[text, [1, 40]], [text]])], undefined, 0x40)
        for (const [place, byte] of changes) bytes[place % bytes.length] = byte
        return bytes
      })
    const any = fc.oneof(
      damaged,
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    )
    fc.assert(
      fc.property(any, (bytes) => {
        try {
          expect(uncompressLz4Frame(bytes, 1 << 16).length).toBeLessThanOrEqual(1 << 16)
        } catch (error) {
          if (!(error instanceof Lz4Error || error instanceof Lz4TooLarge)) throw error
        }
      }),
    )
  })
})
