import { expect, test } from 'vitest'
import { makeTailQueue, type TailEntry } from './tail-queue.ts'

const entry = (tsMs: number, line = 'x'): TailEntry => ({
  tsMs,
  tsNs: 0,
  line,
  labels: [['a', 'b']],
  streamLabels: [['a', 'b']],
  metadata: [],
  parsed: [],
})

const lines = (entries: readonly TailEntry[]): string[] => entries.map(({ line }) => line)

test('entries go by time, after the delay, and a slow one overtakes', () => {
  const queue = makeTailQueue(2000)
  queue.push(entry(10_000, 'b'), 10_100)
  queue.push(entry(9000, 'a'), 10_500)
  queue.push(entry(90_000, 'from the future'), 10_600)
  expect(lines(queue.takeReady(10_999))).toEqual([])
  expect(lines(queue.takeReady(12_000))).toEqual(['a', 'b'])
  expect(lines(queue.takeReady(12_600))).toEqual(['from the future'])
})

test('what does not fit is dropped, remembered up to a bound, and room comes back', () => {
  const queue = makeTailQueue(0, { entries: 2, chars: 1000, dropped: 2 })
  for (let i = 1; i <= 6; i++) queue.push(entry(i, String(i)), i)
  expect(queue.isSaturated).toBe(true)
  expect(queue.takeDropped().map(({ tsMs }) => tsMs)).toEqual([3, 4])
  expect(queue.isSaturated).toBe(false)
  const ready = queue.takeReady(10)
  expect(lines(ready)).toEqual(['1', '2'])
  queue.putBack(ready.slice(1), 10)
  expect(lines(queue.takeReady(10))).toEqual(['2'])
  const long = makeTailQueue(0, { entries: 100, chars: 10, dropped: 2 })
  long.push(entry(1, 'x'.repeat(20)), 1)
  long.push(entry(2, 'y'), 1)
  expect(long.takeDropped()).toHaveLength(1)
})

test('entries can be taken out again', () => {
  const queue = makeTailQueue(0)
  for (const line of ['a', 'b', 'a']) queue.push(entry(1, line), 1)
  queue.discard(({ line }) => line === 'a')
  expect(lines(queue.takeReady(1))).toEqual(['b'])
})
