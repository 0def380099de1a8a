import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readDecimal } from './decimal-bytes.ts'

const read = (text: string): number | undefined => readDecimal(Buffer.from(text), 0, text.length)

describe('decimals in bytes', () => {
  test('are what Number makes of their text, or left to it', () => {
    const text = fc.oneof(
      fc.double({ noNaN: true }).map(String),
      fc.integer().map(String),
      fc.stringMatching(/^-?\d{1,9}(\.\d{0,9})?$/),
      fc.string({ unit: fc.constantFrom('0', '1', '9', '.', '-', '+', 'e', '_', ' '), maxLength: 6 }),
    )
    fc.assert(
      fc.property(text, (spelt) => {
        const value = read(spelt)
        if (value !== undefined) expect(value).toBe(Number(spelt))
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['12', 12],
    ['-0.5', -0.5],
    ['1783.4', 1783.4],
    ['123456789012345', 123456789012345],
    ['1234567890123456', undefined],
    ['', undefined],
    ['-', undefined],
    ['.5', undefined],
    ['5.', undefined],
    ['1e3', undefined],
  ])('%j', (text, expected) => expect(read(text)).toBe(expected))
})
