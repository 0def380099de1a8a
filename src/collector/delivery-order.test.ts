import fc from 'fast-check'
import { expect, test } from 'vitest'
import { orderDeliveries } from './delivery-order.ts'

test('property: the place only moves over deliveries that are all done', () => {
  fc.assert(
    fc.property(fc.nat(8), fc.infiniteStream(fc.nat()), (count, picks) => {
      let committed = -1
      const order = orderDeliveries<number>((place) => {
        expect(place).toBeGreaterThan(committed)
        committed = place
      })
      const waiting = Array.from({ length: count }, (_, place) => ({ place, delivery: order.track(place) }))
      const done = new Set<number>()
      while (waiting.length > 0) {
        const [{ place, delivery }] = waiting.splice(picks.next().value % waiting.length, 1)
        done.add(place)
        delivery.done()
        let expected = -1
        while (done.has(expected + 1)) expected++
        expect(committed).toBe(expected)
      }
      expect(order.pending).toBe(0)
    }),
  )
})

test('settled resolves when everything is done, and abandoned deliveries move nothing', async () => {
  const places: string[] = []
  const order = orderDeliveries<string>((place) => places.push(place))
  const first = order.track('first')
  const settled = order.settled(60_000)
  first.done()
  await settled
  const second = order.track('second')
  order.abandon()
  second.done()
  expect(places).toEqual(['first'])
})
