import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeMemoryStore } from '../testing/memory-store.ts'
import { runInstant, runRange, storeOf } from '../testing/run.ts'

const S = '{t="x"}'
const at = (second: number, line: string) => ({ tsMs: second * 1000, line })

describe('range functions', () => {
  const counters = storeOf({ t: 'x' }, [at(10, 'v=10'), at(20, 'v=20'), at(30, 'v=5'), at(40, 'v=15')])
  test.each([
    ['count_over_time', 4],
    ['bytes_over_time', 15],
    ['bytes_rate', 0.25],
  ])('%s of lines', async (op, expected) => {
    expect(await runInstant(counters, `${op}(${S}[60s])`)).toEqual({ 't=x': expected })
  })

  test.each([
    ['rate', 50 / 60],
    ['sum_over_time', 50],
    ['avg_over_time', 12.5],
    ['min_over_time', 5],
    ['max_over_time', 20],
    ['first_over_time', 10],
    ['last_over_time', 15],
    ['stdvar_over_time', 31.25],
    ['stddev_over_time', 5.5901699437494745],
    ['rate_counter', 0.625],
    ['quantile_over_time(.25,', 8.75],
    ['quantile_over_time(.9,', 18.5],
  ])('%s of values', async (op, expected) => {
    const call = op.endsWith(',') ? op : `${op}(`
    const result = await runInstant(counters, `${call}${S} | logfmt | unwrap v [60s])`)
    expect(result['t=x']).toBeCloseTo(expected, 12)
  })

  test('windows take their end and leave out their start', async () => {
    const store = storeOf({ t: 'x' }, [at(0, 'a'), at(10, 'b'), at(20, 'c'), at(30, 'd')])
    expect(await runInstant(store, `count_over_time(${S}[10s])`, 10_000)).toEqual({ 't=x': 1 })
    expect(await runRange(store, `count_over_time(${S}[10s])`, 5000, 38_000, 10_000)).toEqual({
      't=x': '0:1 10:1 20:1 30:1',
    })
    expect(await runRange(store, `count_over_time(${S}[10s] offset 5s)`, 0, 40_000, 20_000)).toEqual({
      't=x': '20:1 40:1',
    })
    expect(await runRange(store, `count_over_time(${S}[3s])`, 0, 40_000, 10_000)).toEqual({
      't=x': '0:1 10:1 20:1 30:1',
    })
  })

  test('absent_over_time names what one equality matcher names', async () => {
    const store = makeMemoryStore()
    expect(await runInstant(store, 'absent_over_time({a="1",b=~"x.*",c="2",c="3"}[5m])')).toEqual({
      'a=1': 1,
    })
  })
})

describe('errors in lines', () => {
  const store = storeOf({ t: 'x' }, ['{"level":"info"}', 'bad'])
  test('fail what needs the labels', async () => {
    await expect(runInstant(store, `count_over_time(${S} | json [5m])`)).rejects.toThrow(
      "pipeline error: 'JSONParserErr' for series: '{__error__=\"JSONParserErr\"",
    )
    await expect(runInstant(store, `sum by (level) (count_over_time(${S} | json [5m]))`)).rejects.toThrow(
      'JSONParserErr',
    )
  })
  test('do not matter where nothing is extracted, or where they are asked for', async () => {
    expect(await runInstant(store, `sum(count_over_time(${S} | json [5m]))`)).toEqual({ '': 2 })
    expect(await runInstant(store, `sum by (__error__) (count_over_time(${S} | json [5m]))`)).toEqual({
      '': 1,
      '__error__=JSONParserErr': 1,
    })
  })
  test('of unwrap can be filtered away', async () => {
    const values = storeOf({ t: 'x' }, ['v=1', 'v=x', 'w=1', 'v='])
    const query = (filter: string) => `sum_over_time(${S} | logfmt | unwrap v ${filter} [5m])`
    expect(await runInstant(values, `sum(${query('| __error__=""')})`)).toEqual({ '': 1 })
    await expect(runInstant(values, query(''))).rejects.toThrow('SampleExtractionErr')
  })
})

describe('aggregations and operators', () => {
  const store = storeOf(
    { t: 'x' },
    [1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 5, 5].map((a, i) => ({ tsMs: 1000 + i, line: `a=${a}` })),
  )
  const v = `sum by (a) (count_over_time(${S} | logfmt [5m]))`
  test.each([
    [`topk(1, ${v})`, { 'a=5': 4 }],
    [`topk(2, ${v})`, { 'a=3': 3, 'a=5': 4 }],
    [`topk(3, ${v})`, { 'a=2': 3, 'a=3': 3, 'a=5': 4 }],
    [`bottomk(1, ${v})`, { 'a=1': 1 }],
    [`sum(${v})`, { '': 13 }],
    [`avg(${v})`, { '': 2.6 }],
    [`count(${v} > 2)`, { '': 3 }],
    [`${v} > bool 3`, { 'a=1': 0, 'a=2': 0, 'a=3': 0, 'a=4': 0, 'a=5': 1 }],
    [`max(${v}) / min(${v})`, { '': 4 }],
    [`${v} * on() group_left sum(${v}) > 40`, { 'a=5': 52 }],
    [`${v} unless ${v} < 4`, { 'a=5': 4 }],
    [`label_replace(${v} > 3, "b", "n$1", "a", "(.*)")`, { 'a=5,b=n5': 4 }],
    ['vector(1) + vector(1)', { '': 2 }],
    ['1 + 1', { scalar: 2 }],
    ['vector(1) / 0', { '': Number.NaN }],
    ['1 < vector(2)', { '': 2 }],
    ['vector(1) unless vector(2) or vector(3)', { '': 3 }],
  ])('%s', async (query, expected) => expect(await runInstant(store, query)).toEqual(expected))

  test('ambiguous matches are refused', async () => {
    await expect(runInstant(store, `${v} / on() ${v}`)).rejects.toThrow(
      'found duplicate series on the right hand-side;many-to-many matching not allowed',
    )
    await expect(runInstant(store, `${v} / on() sum(${v})`)).rejects.toThrow(
      'multiple matches for labels: many-to-one',
    )
    await expect(runInstant(store, `approx_topk(1, ${v})`)).rejects.toThrow('approx_topk is not enabled')
  })

  test('the series limit holds for what is handed on, not for what is counted', async () => {
    const many = storeOf(
      { t: 'x' },
      Array.from({ length: 501 }, (_, i) => `k=${i}`),
    )
    const inner = `count_over_time(${S} | logfmt [5m])`
    await expect(runInstant(many, inner)).rejects.toThrow('maximum number of series (500) reached')
    await expect(runInstant(many, `topk(1, ${inner})`)).rejects.toThrow(
      'maximum number of series (500) reached',
    )
    expect(await runInstant(many, `count(${inner})`)).toEqual({ '': 501 })
  })
})

describe('sliding windows', () => {
  test('are what each step counts for itself', async () => {
    const row = fc.record({ ms: fc.integer({ min: 0, max: 60_000 }), v: fc.integer({ min: -50, max: 50 }) })
    const op = fc.constantFrom('sum', 'min', 'max', 'avg', 'stdvar', 'first', 'last', 'quantile')
    const steps = fc.record({
      stepMs: fc.integer({ min: 500, max: 9000 }),
      rangeS: fc.integer({ min: 1, max: 40 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(row, { selector: ({ ms }) => ms, maxLength: 60 }),
        op,
        steps,
        async (rows, name, { stepMs, rangeS }) => {
          const store = makeMemoryStore({ windowMs: 7000, batchRows: 5 })
          store.add(
            { t: 'x' },
            rows.map(({ ms, v }) => ({ tsMs: ms, line: `v=${v}` })),
          )
          const param = name === 'quantile' ? '0.3, ' : ''
          const query = `${name}_over_time(${param}${S} | logfmt | unwrap v [${rangeS}s])`
          const points = (await runRange(store, query, 0, 60_000, stepMs))['t=x']?.split(' ') ?? []
          for (const point of points) {
            const [time, value] = point.split(':').map(Number)
            const single = await runInstant(store, query, time * 1000)
            expect(value).toBeCloseTo(single['t=x'], 8)
          }
        },
      ),
      { numRuns: 40 },
    )
  })
})
