import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeKeywordScan } from './keyword-scan.ts'

test('finds what a plain search finds', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '_', '1'), minLength: 1, maxLength: 4 })
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'A', 'B', '_', '1', 'é', ' '), maxLength: 20 })
  fc.assert(
    fc.property(fc.array(fc.array(word, { maxLength: 3 }), { maxLength: 5 }), text, (words, line) => {
      const lower = line.toLowerCase()
      const expected = words.flatMap((list, i) =>
        list.length === 0 || list.some((one) => lower.includes(one)) ? [i] : [],
      )
      const scan = makeKeywordScan(words)
      expect(scan(line)).toEqual(expected)
      expect(scan(line)).toEqual(expected)
    }),
    { numRuns: 2000 },
  )
})
