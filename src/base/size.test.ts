import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseSize, printIecSize, printSize } from './size.ts'

describe('parseSize', () => {
  test.each([
    ['0', 0],
    ['4096', 4096],
    ['256KB', 262_144],
    ['256 kb', 262_144],
    ['3M', 3 * 2 ** 20],
    ['1GB', 2 ** 30],
    ['12b', 12],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  test.each(['', '1.5MB', '1KiB', '-1', 'MB', '1  KB', '1 KB 2'])('refuses %j with Go’s text', (text) => {
    expect(() => parseSize(text)).toThrow(/^strconv\.UnmarshalText: parsing ".*": invalid syntax$/)
  })

  test('reads back what printSize writes', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 52), (bytes) => {
        expect(parseSize(printSize(bytes))).toBe(bytes)
      }),
    )
  })
})

test.each([
  [0, '0B'],
  [262_144, '256KB'],
  [1_572_864, '1536KB'],
  [150 * 2 ** 30, '150GB'],
  [1000, '1000B'],
])('printSize(%d) is %s', (bytes, text) => {
  expect(printSize(bytes)).toBe(text)
})

test.each([
  [5, '5 B'],
  [1024, '1.0 KiB'],
  [16_384, '16 KiB'],
  [150 * 2 ** 30, '150 GiB'],
])('printIecSize(%d) is %s', (bytes, text) => {
  expect(printIecSize(bytes)).toBe(text)
})
