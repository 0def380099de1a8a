import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeLabels } from '#base/labels.ts'
import { parseExpr } from '../syntax/parser.ts'
import { makeBinary } from './binary.ts'
import { makeBlockAgg } from './block-agg.ts'
import { makeBlockBinary } from './block-binary.ts'
import { type StepBlock, vectorAt } from './step-block.ts'
import { SeriesTable, type StepValue } from './vector.ts'
import { makeVectorAgg } from './vector-agg.ts'

const FIRST = 3
const STEPS = 4
const table = new SeriesTable()
const SERIES = ['a', 'b'].flatMap((a) => ['1', '2', ''].map((b) => table.of(makeLabels({ a, b }))))

const value = fc.oneof(fc.integer({ min: -3, max: 5 }), fc.constantFrom(0.1, Number.NaN, Infinity, -Infinity))
const samples = fc.array(fc.option(value, { nil: undefined }), { minLength: STEPS, maxLength: STEPS })
const block: fc.Arbitrary<StepBlock> = fc
  .uniqueArray(fc.tuple(fc.nat(SERIES.length - 1), samples), { selector: ([series]) => series })
  .map((rows) => ({
    firstStep: FIRST,
    steps: STEPS,
    rows: rows.map(([series, values]) => ({
      series: SERIES[series],
      values: Float64Array.from(values, (one) => one ?? 99),
      has: Float64Array.from(values, (one) => (one === undefined ? 0 : 2)),
    })),
  }))

/** A step's values by series, or the fault. */
function outcome(evaluate: () => StepValue): unknown {
  try {
    const vector = evaluate()
    if (typeof vector === 'number') return vector
    return Object.fromEntries(vector.series.map(({ key }, i) => [key, vector.values[i]]))
  } catch (thrown) {
    return String(thrown)
  }
}

const steps = Array.from({ length: STEPS }, (_, k) => FIRST + k)

describe('a block of steps is evaluated as its steps are', () => {
  test.each(['sum', 'count', 'min', 'max', 'avg', 'stddev', 'stdvar'])('%s', (op) => {
    const groupings = ['', 'by (a)', 'by (b)', 'by (a, b)', 'by (c)', 'without (a)', 'without (b)']
    fc.assert(
      fc.property(block, fc.constantFrom(...groupings), (given, grouping) => {
        const expr = parseExpr(`${op} ${grouping} (rate({x="y"}[1m]))`)
        if (expr.kind !== 'vectorAgg') throw new Error('an aggregation')
        const made = makeBlockAgg(expr)?.(given)
        expect(made).toBeDefined()
        for (const step of steps) {
          expect(outcome(() => vectorAt(made as StepBlock, step))).toEqual(
            outcome(() => makeVectorAgg(expr)(vectorAt(given, step))),
          )
        }
      }),
      { numRuns: 100 },
    )
  })

  test.each(['+', '/', '^', '>', '== bool', '<='])('%s', (op) => {
    const sides = fc.record({ left: fc.oneof(block, fc.constant(2)), right: fc.oneof(block, fc.constant(1)) })
    const matchings = [
      ...['', 'on (a)', 'on (b)', 'on ()', 'ignoring (a)', 'ignoring (b)'],
      ...['on (a) group_left', 'on (b) group_right', 'ignoring (b) group_left (b)', 'on () group_left (a)'],
    ]
    fc.assert(
      fc.property(sides, fc.constantFrom(...matchings), ({ left, right }, matching) => {
        const side = (given: number | StepBlock): string =>
          typeof given === 'number' ? `${given}` : 'rate({x="y"}[1m])'
        const bothSeries = typeof left !== 'number' && typeof right !== 'number'
        if (typeof left === 'number' && typeof right === 'number') return
        const expr = parseExpr(`${side(left)} ${op} ${bothSeries ? matching : ''} ${side(right)}`)
        if (expr.kind !== 'binary') throw new Error('an operation')
        const made = makeBlockBinary(expr)?.(left, right)
        // Where series match ambiguously, steps are evaluated one by one.
        if (made === undefined) return
        const at = (given: number | StepBlock, step: number): StepValue =>
          typeof given === 'number' ? given : vectorAt(given, step)
        for (const step of steps) {
          expect(outcome(() => vectorAt(made, step))).toEqual(
            outcome(() => makeBinary(expr)(at(left, step), at(right, step))),
          )
        }
      }),
      { numRuns: 200 },
    )
  })

  test('what looks at the series of a step together is not', () => {
    const aggregation = parseExpr('topk(1, rate({x="y"}[1m]))')
    const operation = parseExpr('rate({x="y"}[1m]) or rate({x="z"}[1m])')
    expect(aggregation.kind === 'vectorAgg' && makeBlockAgg(aggregation)).toBeUndefined()
    expect(operation.kind === 'binary' && makeBlockBinary(operation)).toBeUndefined()
  })
})
