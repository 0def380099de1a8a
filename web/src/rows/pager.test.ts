import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeRow } from '../testing/make-row.ts'
import { type Direction, type NsRange, nextWindow, takePage } from './pager.ts'
import { compareNs, type LogRow } from './row.ts'

/** A server: half-open window, global limit, equal times in reverse for backward. */
function serve(
  all: readonly LogRow[],
  { startNs, endNs }: NsRange,
  limit: number,
  direction: Direction,
): LogRow[] {
  const inside = all.filter((row) => compareNs(row.tsNs, startNs) >= 0 && compareNs(row.tsNs, endNs) < 0)
  return (direction === 'forward' ? inside : inside.toReversed()).slice(0, limit).map((row) => ({ ...row }))
}

test('paging shows every row once, whatever share a timestamp', () => {
  const times = fc.array(fc.nat(6), { maxLength: 60 })
  fc.assert(
    fc.property(
      times,
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom<Direction>('backward', 'forward'),
      (ts, size, direction) => {
        const sorted = ts.toSorted((a, b) => a - b)
        // Some rows are equal in everything.
        const all = sorted.map((t, i) =>
          makeRow({ tsNs: String(1_700_000_000_000_000_000n + BigInt(t)), line: `l${i % 3}` }),
        )
        const range = { startNs: '1700000000000000000', endNs: '1700000000000000007' }
        const rows: LogRow[] = []
        for (let guard = 0, done = false, limit = size; !done && guard < 500; guard++) {
          const outcome = takePage(
            rows,
            serve(all, nextWindow(rows, direction, range), limit, direction),
            limit,
          )
          rows.push(...outcome.fresh)
          limit = outcome.stuck ? limit * 2 : size
          done = outcome.done
        }
        const key = (row: LogRow) => `${row.tsNs} ${row.line}`
        expect(rows.map(key).sort()).toEqual(all.map(key).sort())
        const order = rows.map((row) => row.tsNs)
        expect(order).toEqual(order.toSorted((a, b) => (direction === 'forward' ? 1 : -1) * compareNs(a, b)))
      },
    ),
  )
})
