import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addValue, joinValues, makeValues, quantile, quantileOfSlices } from './quantile.ts'

/** By sorting. */
function naive(q: number, values: readonly number[]): number {
  if (values.length === 0) return Number.NaN
  const nans = values.filter(Number.isNaN)
  const sorted = [...nans, ...values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b)]
  const rank = q * (sorted.length - 1)
  const lower = Math.floor(rank)
  const weight = rank - lower
  return sorted[lower] * (1 - weight) + sorted[Math.min(sorted.length - 1, lower + 1)] * weight
}

describe('quantile', () => {
  test('is what a sort gives, whatever the order and the repetitions', () => {
    const value = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double(), fc.constant(Number.NaN))
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, q) => {
          expect(quantile(q, Float64Array.from(values)) + 0).toBe(naive(q, values) + 0)
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('of slices is the same, asked again and again', () => {
    const value = fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: -9, max: 9 }) },
      fc.constant(Number.NaN),
    )
    fc.assert(
      fc.property(
        fc.array(fc.array(value, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 5 }),
        fc.array(
          fc.oneof(fc.constantFrom(0, 0.01, 0.5, 0.99, 1), fc.double({ min: 0, max: 1, noNaN: true })),
          {
            minLength: 1,
            maxLength: 3,
          },
        ),
        (parts, qs) => {
          const slices = parts.map((part) => {
            const slice = makeValues()
            for (const one of part) addValue(slice, one)
            return slice
          })
          for (const q of qs) expect(quantileOfSlices(q, slices) + 0).toBe(naive(q, parts.flat()) + 0)
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('stays fast on what is sorted, equal, or made of two runs', () => {
    const size = 100_000
    const shapes = [
      Float64Array.from({ length: size }, (_, i) => i),
      new Float64Array(size),
      Float64Array.from({ length: size }, (_, i) => (i < size / 2 ? i : size - i)),
    ]
    expect(shapes.map((values) => quantile(0.5, values))).toEqual([49_999.5, 0, 25_000])
  })

  test('values are joined in full', () => {
    const slices = [makeValues(), makeValues()]
    for (let i = 0; i < 20; i++) addValue(slices[i % 2], i)
    const { count, values } = joinValues(slices)
    expect(count).toBe(20)
    expect([...values].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })
})
