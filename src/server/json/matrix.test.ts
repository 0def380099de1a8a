import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matrixJson } from './matrix.ts'
import { sampleSeconds, sampleText } from './text.ts'

const value = fc.oneof(
  fc.double(),
  fc.integer({ min: -3, max: 300 }),
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 1e21, 1e-7, 1 / 3),
)
const series = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 30 }), value), {
    selector: ([step]) => step,
    maxLength: 20,
  })
  .map((samples) => samples.sort(([a], [b]) => a - b))
  .map((samples) => ({
    labels: [['app', 'a "quoted" one']] as const,
    timesMs: samples.map(([step]) => 1_700_000_000_000 + step * 1500),
    values: samples.map(([, one]) => one),
  }))

test('every sample has its own time and value, whatever the series before had', () => {
  fc.assert(
    fc.property(fc.array(series, { maxLength: 6 }), (given) => {
      const expected = given.map(({ timesMs, values }) => {
        const samples = values.map((one, i) => `[${sampleSeconds(timesMs[i])},"${sampleText(one)}"]`)
        return `{"metric":{"app":"a \\"quoted\\" one"},"values":[${samples.join(',')}]}`
      })
      expect([...matrixJson(given)].join('')).toBe(`[${expected.join(',')}]`)
    }),
    { numRuns: 300 },
  )
})

test('a long answer comes in pieces', () => {
  const timesMs = Array.from({ length: 20_000 }, (_, i) => i * 60_000)
  const pieces = [...matrixJson([{ labels: [], timesMs, values: timesMs.map((_, i) => i / 7) }])]
  expect(pieces.length).toBeGreaterThan(5)
  expect(JSON.parse(pieces.join(''))[0].values.length).toBe(20_000)
})
