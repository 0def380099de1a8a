import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeConfigBytes, lineText, makeSource, positionAt } from './source.ts'

describe('positions', () => {
  const source = makeSource('f', '\uFEFFa\r\nä = x\n')
  test.each([
    [0, 1, 1],
    [3, 2, 1],
    [7, 2, 6],
    [8, 2, 7],
    [9, 3, 1],
  ])('offset %d is %d:%d', (offset, line, column) => {
    expect(positionAt(source, offset)).toEqual({ line, column })
  })

  test('lines without their ends', () => {
    expect([0, 1, 2].map((line) => lineText(source, line))).toEqual(['a', 'ä = x', ''])
  })
})

describe('encodings', () => {
  test.each<[string, number[], string]>([
    ['UTF-16LE', [0xff, 0xfe, 0x61, 0], 'configuration is encoded with UTF-16LE but must be utf8'],
    ['UTF-16BE', [0xfe, 0xff, 0, 0x61], 'configuration is encoded with UTF-16BE but must be utf8'],
    ['UTF-32LE', [0xff, 0xfe, 0, 0], 'configuration is encoded with UTF-32LE but must be utf8'],
    ['UTF-32BE', [0, 0, 0xfe, 0xff], 'configuration is encoded with UTF-32BE but must be utf8'],
    ['no UTF-8', [0x61, 0xff], 'unknown encoding for config'],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => decodeConfigBytes(Uint8Array.from(bytes))).toThrow(message)
  })

  test('any text in UTF-8 comes back, without a byte order mark at the front', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('', '\uFEFF'), (text, mark) => {
        fc.pre(!text.startsWith('\uFEFF'))
        expect(decodeConfigBytes(Buffer.from(mark + text))).toBe(text)
      }),
    )
  })

  test('arbitrary bytes are text or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          decodeConfigBytes(bytes)
        } catch (thrown) {
          expect((thrown as Error).message).toMatch(/^(unknown encoding|configuration is encoded)/)
        }
      }),
    )
  })
})
