import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseDiskSize } from './disk-size.ts'

test.each([
  ['', undefined],
  ['20GB', { bytes: 20 * 2 ** 30 }],
  [' 512 mb', { bytes: 512 * 2 ** 20 }],
  ['4096', { bytes: 4096 }],
  ['80%', { share: 0.8 }],
  ['2.5 %', { share: 0.025 }],
])('%j', (text, size) => {
  expect(parseDiskSize(text)).toEqual(size)
})

test.each(['0', '0%', '100%', '-1', '1.5GB', '10 apples', '%'])('%j is refused', (text) => {
  expect(() => parseDiskSize(text)).toThrow(/size|share/)
})

test('any text is read or refused with a reason', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseDiskSize(text)
      } catch (error) {
        expect((error as Error).message).toMatch(/size|share/)
      }
    }),
  )
})
