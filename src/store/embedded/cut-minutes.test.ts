import fc from 'fast-check'
import { expect, test } from 'vitest'
import { minuteOf } from './counter-table.ts'
import { CutMinutes } from './cut-minutes.ts'

const MINUTE = 60_000
const ms = fc.oneof(
  fc.integer({ min: -2 * MINUTE, max: 4 * MINUTE }),
  fc.integer({ min: -2, max: 4 }).map((minute) => minute * MINUTE),
)
const moment = fc.record({ ms, ns: fc.constantFrom(0, 0, 1, 999_999) })

test('each row of a span is told by counters or is looked at, and no other is', () => {
  fc.assert(
    fc.property(moment, moment, fc.array(moment, { minLength: 1, maxLength: 6 }), (from, to, rows) => {
      const minutes = new CutMinutes({ fromMs: from.ms, fromNs: from.ns, toMs: to.ms, toNs: to.ns })
      const times = rows.map((row) => row.ms)
      const [minMs, maxMs] = [Math.min(...times), Math.max(...times)]
      const marks = minutes.marks(minMs, maxMs)
      const { first, end } = minutes.countable(marks)
      for (const row of rows) {
        const minute = minuteOf(row.ms, row.ns)
        const isBehind = row.ms > from.ms || (row.ms === from.ms && row.ns > from.ns)
        const isUpTo = row.ms < to.ms || (row.ms === to.ms && row.ns <= to.ns)
        const isInside = isBehind && isUpTo
        const isCounted = minute >= first && minute < end
        const isLookedAt = minutes.areAcross(marks) && minutes.isMissing(marks, row.ms, row.ns)
        expect([isCounted || isLookedAt, isCounted && isLookedAt]).toEqual([isInside, false])
        if (isInside) expect(minutes.mayHold(minMs, maxMs)).toBe(true)
      }
    }),
    { numRuns: 5000 },
  )
})

test('spans of whole minutes cut none', () => {
  const rows = { minMs: -10 * MINUTE, maxMs: 10 * MINUTE }
  const cuts = (fromMs: number, toMs: number): boolean => new CutMinutes({ fromMs, toMs }).isAcross(rows)
  expect([cuts(0, MINUTE), cuts(-MINUTE, 3 * MINUTE), cuts(5, 5)]).toEqual([false, false, false])
  expect([cuts(1, MINUTE), cuts(0, MINUTE + 1), cuts(0, MINUTE - 1)]).toEqual([true, true, true])
})
