import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CountNumbers, CountRun } from '#store/types.ts'
import { Pace } from '../engine/pace.ts'
import { positionOf } from './counted-range.ts'
import { CountedSteps } from './counted-steps.ts'
import { vectorAt } from './step-block.ts'
import type { SeriesId } from './vector.ts'

const MINUTE = 60_000
const SERIES: readonly SeriesId[] = ['a', 'b', 'c'].map((key) => ({ labels: [['s', key]], key }))

interface Cell {
  readonly minute: number
  readonly lines: number
  readonly bytes: number
}

const cell: fc.Arbitrary<Cell> = fc.record({
  minute: fc.integer({ min: -5, max: 60 }),
  lines: fc.integer({ min: 1, max: 5 }),
  bytes: fc.nat(9),
})

/** A run of these cells, in columns that have others on both sides. */
function runOf(series: SeriesId, cells: readonly Cell[], narrow: boolean): CountRun {
  const sorted = cells.toSorted((a, b) => a.minute - b.minute)
  const padded = [{ minute: 7, lines: 99, bytes: 99 }, ...sorted, { minute: 7, lines: 99, bytes: 99 }]
  const numbers = (of: (cell: Cell) => number): CountNumbers =>
    narrow ? Uint16Array.from(padded, of) : Float64Array.from(padded, of)
  const columns = {
    minute: Int32Array.from(padded, ({ minute }) => minute),
    lines: numbers(({ lines }) => lines),
    bytes: numbers(({ bytes }) => bytes),
    metadataBytes: numbers(() => 0),
  }
  return { stream: series, level: '', metadata: 'level', columns, from: 1, to: 1 + cells.length }
}

test('windows from counters are what adding up their cells one by one gives, however blocks are cut', async () => {
  const runs = fc.array(
    fc.record({ of: fc.nat(2), cells: fc.array(cell, { maxLength: 30 }), narrow: fc.boolean() }),
    { maxLength: 6 },
  )
  const windows = fc.record({
    first: fc.integer({ min: 0, max: 20 }),
    step: fc.integer({ min: 1, max: 7 }),
    count: fc.integer({ min: 1, max: 30 }),
    range: fc.integer({ min: 1, max: 25 }),
    shift: fc.integer({ min: -3, max: 3 }),
    bytes: fc.boolean(),
    divisor: fc.constantFrom(1, 300),
    block: fc.integer({ min: 1, max: 31 }),
  })
  await fc.assert(
    fc.asyncProperty(
      runs,
      windows,
      async (given, { first, step, count, range, shift, bytes, divisor, block }) => {
        const grid = { firstMs: first * MINUTE, stepMs: step * MINUTE, count }
        const shape = { grid, rangeMs: range * MINUTE, shiftMs: shift * MINUTE, bytes, divisor }
        const counted = {
          ...{ endMs: undefined, cells: 0 },
          runs: given.map(({ of, cells, narrow }) => runOf(SERIES[of], cells, narrow)),
        }
        const steps = new CountedSteps(shape, counted, ({ stream }) => stream)
        const found: Record<string, number>[] = []
        const inWindows = new Set<Cell>()
        for (let at = 0; at < count; at += block) {
          const made = await steps.blockFrom(at, block, new Pace(new AbortController().signal))
          expect([made.firstStep, made.steps]).toEqual([at, Math.min(block, count - at)])
          for (let k = at; k < at + made.steps; k++) {
            const { series, values } = vectorAt(made, k)
            found.push(Object.fromEntries(series.map(({ key }, i) => [key, values[i]])))
          }
        }
        const expected = Array.from({ length: count }, (_, k) => {
          const end = first + k * step - shift
          const sums: Record<string, number> = {}
          for (const { of, cells } of given) {
            for (const one of cells) {
              if (one.minute < end - range || one.minute >= end) continue
              inWindows.add(one)
              const { key } = SERIES[of]
              sums[key] = (sums[key] ?? 0) + (bytes ? one.bytes : one.lines)
            }
          }
          return Object.fromEntries(Object.entries(sums).map(([key, sum]) => [key, sum / divisor]))
        })
        expect(found).toEqual(expected)
        expect(steps.lines).toBe([...inWindows].reduce((sum, { lines }) => sum + lines, 0))
      },
    ),
    { numRuns: 500 },
  )
})

test('the cells of a run are found by their minute', () => {
  const run = runOf(
    SERIES[0],
    [3, 4, 4, 9].map((minute) => ({ minute, lines: 1, bytes: 0 })),
    true,
  )
  expect([2, 3, 4, 5, 9, 10].map((minute) => positionOf(run, run.from, minute))).toEqual([1, 1, 2, 4, 4, 5])
})
