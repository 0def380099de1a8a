import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LabelOrder } from './label-order.ts'
import { compareLabels, SeriesTable } from './vector.ts'

const step = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.string({ maxLength: 2 })), { maxLength: 12 })

test('step after step, the order is that of the labels, equal ones as they came', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const table = new SeriesTable()
      const order = new LabelOrder()
      for (const labels of steps) {
        const series = labels.map((pair) => table.of([pair]))
        const sorted = [...series.keys()].sort((a, b) => compareLabels(series[a].labels, series[b].labels))
        expect(order.of(series)).toEqual(sorted)
      }
    }),
  )
})
