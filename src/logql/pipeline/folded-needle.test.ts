import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeMemoryStore } from '../testing/memory-store.ts'
import { runLog } from '../testing/run.ts'
import { FoldedNeedle, foldableFragment } from './folded-needle.ts'

describe('texts in any case', () => {
  test('are found where a search through lower case finds them', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'B', 'A', 'b', '-', ' ', 'é', 'c'), maxLength: 40 })
    const needle = fc.string({ unit: fc.constantFrom('a', 'B', 'b', '-', ' '), minLength: 2, maxLength: 4 })
    fc.assert(
      fc.property(text, needle, fc.nat(5), (line, wanted, from) => {
        const bytes = Buffer.from(line)
        const lower = Buffer.from(bytes.toString('latin1').toLowerCase(), 'latin1')
        expect(new FoldedNeedle(wanted).indexIn(bytes, from, bytes.length)).toBe(
          lower.subarray(from).indexOf(wanted.toLowerCase()) === -1
            ? -1
            : lower.subarray(from).indexOf(wanted.toLowerCase()) + from,
        )
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['payment', 'payment'],
    ['declined bookings', 'declined boo'],
    ['ask', ''],
    ['abc\u00e9abcd', 'abcd'],
    ['x', ''],
  ])('of %j, %j is worth a search', (text, expected) => expect(foldableFragment(text)).toBe(expected))

  test.each([
    ['(?i)PAYMENT\\s+declined.*zzz', ['payment  Declined a zZz']],
    ['(?i)task', ['TASK', 'ta\u017f\u212a']],
    ['(?i)(payment|zzz)', ['payment  Declined a zZz', 'Payment', 'zzz']],
    ['(?i:pay)ment', ['payment  Declined a zZz', 'Payment']],
    ['(?i)(declined)?zzz', ['payment  Declined a zZz', 'zzz']],
    ['(?i)pay(x){0,2}ment', ['payment  Declined a zZz', 'Payment']],
  ])('%s finds the same with and without', async (pattern, expected) => {
    const store = makeMemoryStore({ batchRows: 3 })
    const lines = ['payment  Declined a zZz', 'Payment', 'TASK', 'ta\u017f\u212a', 'zzz', 'pay', 'declined']
    store.add(
      { t: 'x' },
      lines.map((line, i) => ({ tsMs: 1000 + i, line })),
    )
    const query = `{t="x"} |~ ${JSON.stringify(pattern)}`
    for (const direction of ['forward', 'backward'] as const) {
      for (const shortcuts of [true, false]) {
        const found = await runLog(store, query, { shortcuts, direction })
        expect(found.map(({ line }) => line)).toEqual(expected)
      }
    }
  })
})
