import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { queryInstant } from '../engine/engine.ts'
import { makeMemoryStore, type TestRow } from '../testing/memory-store.ts'
import { runInstant, runRange, TEST_LIMITS } from '../testing/run.ts'

const MINUTE = 60_000
const metadata = fc.constantFrom<[string, string][]>(
  [],
  [['detected_level', 'info']],
  [['detected_level', 'error']],
  [
    ['detected_level', 'info'],
    ['trace', '1'],
  ],
  [['app', 'other']],
)
const row: fc.Arbitrary<TestRow> = fc.record({
  tsMs: fc.oneof(
    fc.integer({ min: 0, max: 10 * MINUTE }),
    fc.integer({ max: 10, min: 0 }).map((n) => n * MINUTE),
  ),
  tsNs: fc.constantFrom(0, 0, 1, 999_999),
  line: fc.constantFrom('', 'a', 'level=warn'),
  metadata,
})
const rows = fc.array(row, { maxLength: 30 })
const plainRows = fc.array(
  row.map((one) => ({ ...one, metadata: one.metadata?.filter(([name]) => name === 'detected_level') })),
  { maxLength: 30 },
)
const op = fc.constantFrom('count_over_time', 'rate', 'bytes_over_time', 'bytes_rate', 'absent_over_time')
const around = fc.constantFrom(
  (inner: string) => `sum by (app) (${inner})`,
  (inner: string) => `sum by (detected_level) (${inner})`,
  (inner: string) => `sum by (app, trace) (${inner})`,
  (inner: string) => `sum(${inner})`,
  (inner: string) => `topk(2, ${inner})`,
  (inner: string) => `max without (app) (${inner}) * 2`,
  (inner: string) => `sum by (app) (${inner}) / on (app) ${inner}`,
  (inner: string) => inner,
)
const query = fc
  .record({
    op,
    around,
    range: fc.constantFrom('1m', '2m', '5m', '90s', '10m', '0m'),
    offset: fc.constantFrom('', ' offset 1m', ' offset 30s', ' offset -2m'),
    stages: fc.constantFrom('', ' | json', ' |= "a"', ' | line_format "x"'),
  })
  .map((parts) => parts.around(`${parts.op}({app=~".+"}${parts.stages}[${parts.range}]${parts.offset})`))

function storeWith(first: readonly TestRow[], second: readonly TestRow[]) {
  const store = makeMemoryStore({ keepsCounts: true, batchRows: 3 })
  store.add({ app: 'a' }, first)
  store.add({ app: 'b', detected_level: 'own' }, second)
  return store
}

/** Answers or the error, which must be the same too. */
async function outcome(run: Promise<Record<string, unknown>>): Promise<unknown> {
  return await run.then(
    (result) => result,
    (thrown: Error) => thrown.message,
  )
}

describe('counters', () => {
  test('answer ranges as rows do', async () => {
    const times = fc.record({
      start: fc.integer({ min: 0, max: 12 }).map((n) => n * 30_000),
      steps: fc.integer({ min: 0, max: 8 }),
      stepMs: fc.constantFrom(MINUTE, 2 * MINUTE, 7 * MINUTE, 20_000),
    })
    await fc.assert(
      fc.asyncProperty(fc.oneof(rows, plainRows), plainRows, query, times, async (a, b, text, time) => {
        const store = storeWith(a, b)
        const end = time.start + time.steps * time.stepMs
        const on = await outcome(runRange(store, text, time.start, end, time.stepMs))
        expect(on).toEqual(
          await outcome(runRange(store, text, time.start, end, time.stepMs, { shortcuts: false })),
        )
      }),
      { numRuns: 300 },
    )
  })

  test('answer moments as rows do, wherever the ends cut minutes', async () => {
    const moment = fc.oneof(fc.integer({ min: 0, max: 11 * MINUTE }), fc.constantFrom(5 * MINUTE, 8 * MINUTE))
    const nanos = fc.constantFrom(0, 1, 500_000)
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(rows, plainRows),
        plainRows,
        query,
        moment,
        nanos,
        async (a, b, text, ms, ns) => {
          const store = storeWith(a, b)
          const answer = async (shortcuts: boolean) => {
            const asked = { query: text, timeMs: ms, timeNs: ns, shortcuts }
            const { stats: _, ...rest } = await queryInstant(
              store,
              't',
              asked,
              TEST_LIMITS,
              new AbortController().signal,
            )
            return rest
          }
          expect(await outcome(answer(true))).toEqual(await outcome(answer(false)))
        },
      ),
      { numRuns: 300 },
    )
  })

  test.each([
    ['sum by (app) (rate({app="a"}[5m]))', 0, 5],
    // Of the minutes at both ends, only what lies inside is counted.
    ['sum by (app) (count_over_time({app="a"}[5m] offset 30s))', 0, 5],
    ['sum by (other) (rate({app="a"}[5m]))', 0, 5],
    ['rate({app="a"} |= "x"[5m])', 1, 0],
  ])('%s: %d scans, %d cells', async (text, scans, cells) => {
    const store = storeWith(
      Array.from({ length: 10 }, (_, i) => ({ tsMs: i * MINUTE + 1, line: 'x' })),
      [],
    )
    const asked = { query: text, timeMs: 8 * MINUTE, timeNs: 0, explain: true }
    const { explain } = await queryInstant(store, 't', asked, TEST_LIMITS, new AbortController().signal)
    expect(explain?.reads.map((read) => [read.scans.length, read.countedCells])).toEqual([[scans, cells]])
  })

  test('a cell whose rows may have the label is not believed', async () => {
    const store = storeWith([{ tsMs: 90_000, line: 'x', metadata: [['trace', '1']] }], [])
    expect(await runInstant(store, 'sum by (trace) (count_over_time({app="a"}[5m]))', 5 * MINUTE)).toEqual({
      'trace=1': 1,
    })
  })
})
