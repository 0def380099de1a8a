import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { compressSync } from 'snappy'
import { describe, expect, test } from 'vitest'
import { type BodyLimits, decodeContent, mediaType, uncompressSnappy } from './body.ts'
import { PushError } from './push-error.ts'
import { makeScratch } from './scratch.ts'

const LIMITS: BodyLimits = { receivedBytes: 1 << 20, decompressedBytes: 1 << 20 }

function uncompress(block: Buffer, limits = LIMITS): Buffer {
  return uncompressSnappy(block, limits, makeScratch(2 ** 30)).body
}

describe('snappy blocks', () => {
  test('come out as they went in', () => {
    const repetitive = fc
      .array(fc.constantFrom('level=info ', 'msg="x" ', 'a', '日本'))
      .map((parts) => parts.join(''))
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 5000 }),
      repetitive.map((text) => Buffer.from(text.repeat(9))),
    )
    fc.assert(
      fc.property(content, (bytes) => {
        expect(Buffer.compare(uncompress(compressSync(bytes)), bytes)).toBe(0)
      }),
    )
    const large = Buffer.from('0123456789abcdef'.repeat(50_000))
    expect(uncompress(compressSync(large)).equals(large)).toBe(true)
  })

  test('that are corrupt are refused, whatever their bytes', () => {
    const damaged = fc.tuple(fc.nat(60), fc.nat(255)).map(([at, byte]) => {
      const block = compressSync(Buffer.from('abcabcabcabc 0123456789 abcabcabc'.repeat(4)))
      block[at % block.length] = byte
      return block
    })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array().map((array) => Buffer.from(array)),
          damaged,
        ),
        (block) => {
          try {
            uncompress(block)
          } catch (error) {
            expect(error).toBeInstanceOf(PushError)
          }
        },
      ),
      { numRuns: 1000 },
    )
    expect(() => uncompress(Buffer.from('not snappy'))).toThrow('snappy: corrupt input')
    expect(() => uncompress(Buffer.alloc(0))).toThrow('snappy: corrupt input')
  })

  test('that announce more than the limit are refused unread', () => {
    const block = compressSync(Buffer.alloc(5000))
    expect(() => uncompress(block, { receivedBytes: 1, decompressedBytes: 4999 })).toThrow(
      'request body too large: decompressed message size too large than max (5000 vs 4999)',
    )
  })
})

describe('content encodings', () => {
  test('a bomb is given up early', async () => {
    const bomb = gzipSync(Buffer.alloc(100 << 20))
    const limits = { receivedBytes: 1 << 30, decompressedBytes: 5 << 30 }
    await expect(decodeContent(bomb, 'gzip', limits)).rejects.toThrow('request body too large')
  })

  test.each([
    ['gzip', Buffer.from('plain'), 'gzip: invalid header'],
    ['gzip', gzipSync('cut short').subarray(0, 20), 'unexpected EOF'],
    ['br', Buffer.from('x'), 'Content-Encoding "br" not supported'],
  ])('%s', async (encoding, body, message) => {
    await expect(decodeContent(body, encoding, LIMITS)).rejects.toThrow(message)
  })

  test.each([
    ['application/json; charset=utf-8', 'application/json'],
    ['Application/JSON', 'application/json'],
    ['text', 'text'],
  ])('the type of %s', (header, type) => {
    expect(mediaType(header)).toBe(type)
  })

  test.each([
    [undefined, 'mime: no media type'],
    ['nonsense/', 'mime: expected token after slash'],
    ['a b', 'mime: expected slash after first token'],
    ['a/b c', 'mime: unexpected content after media subtype'],
  ])('%s is no type', (header, message) => {
    expect(() => mediaType(header)).toThrow(message)
  })
})
