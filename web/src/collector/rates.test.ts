import { expect, test } from 'vitest'
import type { FlowReport } from './api.ts'
import { edgeKey, flowRates } from './rates.ts'

function report(timeMs: number, entries: number, dropped: number): FlowReport {
  return {
    timeMs,
    edges: [
      { from: 's', to: 'p', entries, bytes: entries * 100 },
      { from: 'p', to: 'w', entries: entries / 2, bytes: entries * 50 },
    ],
    components: [
      { id: 's', role: 'source', dropped: [] },
      { id: 'p', role: 'transform', dropped: dropped > 0 ? [{ reason: 'old', entries: dropped }] : [] },
      { id: 'w', role: 'sink', sent: { entries: entries / 2, bytes: 10 }, dropped: [] },
    ],
  }
}

test('rates are what came between two reports', () => {
  const { edges, components } = flowRates(report(1000, 10, 0), report(3000, 30, 4))
  expect(edges.get(edgeKey('s', 'p'))).toEqual({ lines: 10, bytes: 1000 })
  expect(components.get('s')).toEqual({ taken: null, passed: { lines: 10, bytes: 1000 }, dropped: [] })
  expect(components.get('p')).toMatchObject({
    taken: { lines: 10 },
    passed: { lines: 5 },
    dropped: [{ reason: 'old', lines: 4, perSecond: 2 }],
  })
  expect(components.get('w')).toMatchObject({ taken: { lines: 5 }, passed: { lines: 5, bytes: 0 } })
})

test('a source takes what it reads, in lines alone where bytes are not counted', () => {
  const reading = (timeMs: number, entries: number, bytes?: number): FlowReport => ({
    ...{ timeMs, edges: [] },
    components: [{ id: 's', role: 'source', read: { entries, bytes }, dropped: [] }],
  })
  const takenOf = (before: FlowReport, now: FlowReport) => flowRates(before, now).components.get('s')?.taken
  expect(takenOf(reading(1000, 10), reading(2000, 40))).toEqual({ lines: 30, bytes: null })
  expect(takenOf(reading(1000, 10, 100), reading(2000, 40, 500))).toEqual({ lines: 30, bytes: 400 })
})

test('without an earlier report, and after a restart, no rate is made up', () => {
  for (const before of [null, report(1000, 100, 9)]) {
    const { edges, components } = flowRates(before, report(3000, 30, 4))
    expect([...edges]).toEqual([])
    expect(components.get('p')).toEqual({
      taken: null,
      passed: null,
      dropped: [{ reason: 'old', lines: 4, perSecond: 0 }],
    })
  }
})
