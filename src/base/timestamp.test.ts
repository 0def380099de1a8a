import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareTimestamps, parseTimestamp, timestampFromNs, timestampText } from './timestamp.ts'

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

describe('timestamps', () => {
  test('every int64 survives text and back', () => {
    fc.assert(
      fc.property(int64, (value) => {
        const parsed = parseTimestamp(value.toString())
        expect(parsed).toEqual(timestampFromNs(value))
        expect(timestampText(parsed?.ms ?? Number.NaN, parsed?.ns ?? Number.NaN)).toBe(value.toString())
      }),
    )
  })

  test('order is the order of the nanoseconds', () => {
    fc.assert(
      fc.property(int64, int64, (a, b) => {
        const x = timestampFromNs(a)
        const y = timestampFromNs(b)
        expect(Math.sign(compareTimestamps(x.ms, x.ns, y.ms, y.ns))).toBe(a < b ? -1 : a > b ? 1 : 0)
      }),
    )
  })

  test.each(['', 'abc', '1.5', '1e9', '9223372036854775808', ' 1', '0x10'])('%j is refused', (text) => {
    expect(parseTimestamp(text)).toBeUndefined()
  })
})
