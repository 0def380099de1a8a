import fc from 'fast-check'
import { expect, test } from 'vitest'
import { timeOrder } from './time-order.ts'

test('rows come in the order of their times, ties as they were', () => {
  const time = fc.tuple(fc.nat(5), fc.nat(3))
  fc.assert(
    fc.property(fc.array(time, { maxLength: 60 }), (times) => {
      const rows = times.map((_, row) => row)
      const wanted = rows.toSorted((a, b) => times[a][0] - times[b][0] || times[a][1] - times[b][1] || a - b)
      const tsMs = Float64Array.from(times, ([ms]) => ms)
      const order = timeOrder(
        tsMs,
        Uint32Array.from(times, ([, ns]) => ns),
      )
      expect([...(order ?? rows)]).toEqual(wanted)
    }),
  )
})
