import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteReader, ByteWriter, FormatError, readPairs, writePairs } from './bytes.ts'

describe('varints and texts', () => {
  test.each([0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 49, Number.MAX_SAFE_INTEGER])(
    'varint %d comes back',
    (value) => {
      const writer = new ByteWriter(1)
      writer.varint(value)
      expect(new ByteReader(writer.view()).varint()).toBe(value)
    },
  )

  test('pairs of any text come back', () => {
    const text = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text)), (pairs) => {
        const writer = new ByteWriter(1)
        writePairs(writer, pairs)
        expect(readPairs(new ByteReader(writer.view()))).toEqual(pairs)
      }),
    )
  })

  test.each([
    '',
    'a',
    'x'.repeat(127),
    'x'.repeat(128),
    'x'.repeat(300),
    'näh',
    '\ud800',
    `${'x'.repeat(126)}é`,
  ])('text %j is its length and UTF-8', (value) => {
    const writer = new ByteWriter(1)
    writer.text(value)
    const utf8 = new TextEncoder().encode(value)
    const reader = new ByteReader(writer.view())
    expect(reader.varint()).toBe(utf8.length)
    expect(reader.raw(utf8.length)).toEqual(utf8)
    expect(reader.offset).toBe(writer.length)
  })

  test('arbitrary bytes give pairs or a FormatError, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          readPairs(new ByteReader(bytes))
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(FormatError)
        }
      }),
    )
  })
})
