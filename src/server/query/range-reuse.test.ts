import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { QueryResult, RangeQuery } from '#logql/engine/types.ts'
import { parseExpr } from '#logql/syntax/parser.ts'
import type { EntryBatch, LogStore } from '#store/types.ts'
import { NO_STATS } from '../json/stats.ts'
import { watchAppends } from './append-watch.ts'
import { isDivisible } from './divisible.ts'
import { gridOf, makeRangeReuse } from './range-reuse.ts'

const STEP = 10
const RANGE = 25

interface Row {
  readonly tsMs: number
  readonly stream: string
}

/** A store that keeps times only; a row becomes visible at some moment while `append` runs. */
function makeRows(): { store: LogStore; rows: Row[] } {
  const rows: Row[] = []
  const store = {
    async append(_tenant: string, batch: EntryBatch) {
      await Promise.resolve()
      rows.push(...batch.runs.map(({ key, from }) => ({ tsMs: batch.tsMs[from], stream: key })))
      await Promise.resolve()
      return { duplicates: 0, rejected: [] }
    },
  }
  return { store: store as unknown as LogStore, rows }
}

function batchOf({ tsMs, stream }: Row): EntryBatch {
  const run = { key: stream, labels: [['s', stream]], from: 0, to: 1 }
  return { runs: [run], rows: 1, tsMs: Float64Array.of(tsMs) } as unknown as EntryBatch
}

/** Counts of the last RANGE ms at every step, by stream, as the engine has them. */
function countAt(rows: readonly Row[], query: RangeQuery, offsetMs: number): QueryResult {
  const { firstMs, lastMs } = gridOf(query)
  const series = ['a', 'b', 'c'].flatMap((stream) => {
    const timesMs: number[] = []
    const values: number[] = []
    for (let t = firstMs; t <= lastMs; t += STEP) {
      const count = rows.filter(
        (row) => row.stream === stream && row.tsMs > t - offsetMs - RANGE && row.tsMs <= t - offsetMs,
      ).length
      if (count === 0) continue
      timesMs.push(t)
      values.push(count)
    }
    return timesMs.length === 0 ? [] : [{ labels: [['s', stream]] as const, timesMs, values }]
  })
  return { type: 'matrix', series, stats: NO_STATS, warnings: [] }
}

const query = (startMs: number, endMs: number): RangeQuery => ({
  query: 'q',
  startMs,
  startNs: 0,
  endMs,
  endNs: 0,
  stepMs: STEP,
  intervalMs: 0,
  limit: 100,
  direction: 'backward',
})

const step = fc.oneof(
  fc.record({
    kind: fc.constant('append' as const),
    tsMs: fc.nat(400),
    stream: fc.constantFrom('a', 'b', 'c'),
  }),
  fc.record({
    kind: fc.constant('query' as const),
    start: fc.nat(300),
    length: fc.nat(200),
    slow: fc.boolean(),
  }),
)

test('whatever is appended, asked and interleaved, what is known is what would be found', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.constantFrom(-15, 0, 20),
      async (steps, offsetMs) => {
        const { store, rows } = makeRows()
        const watch = watchAppends(store)
        const reuse = makeRangeReuse(watch, 1_000_000)
        const span = { leastMs: offsetMs, mostMs: RANGE + offsetMs }
        const ask = (asked: RangeQuery, slow: boolean): Promise<QueryResult> =>
          reuse.run('t', asked, span, 0, async (part) => {
            if (slow) await new Promise((resolve) => setImmediate(resolve))
            const found = countAt(rows, part, offsetMs)
            if (slow) await new Promise((resolve) => setImmediate(resolve))
            return found
          })
        const running: Promise<unknown>[] = []
        for (const one of steps) {
          if (one.kind === 'append') running.push(watch.store.append('t', batchOf(one)))
          else if (one.slow) running.push(ask(query(one.start, one.start + one.length), true))
          else {
            await Promise.all(running.splice(0))
            const asked = query(one.start, one.start + one.length)
            const { series } = (await ask(asked, false)) as Extract<QueryResult, { type: 'matrix' }>
            expect(series).toEqual((countAt(rows, asked, offsetMs) as { series: unknown }).series)
          }
        }
        await Promise.all(running)
      },
    ),
    { numRuns: 300 },
  )
})

test('a refresh computes the new points only, and what appended rows may have changed', async () => {
  const { store, rows } = makeRows()
  const watch = watchAppends(store)
  const reuse = makeRangeReuse(watch, 1_000_000)
  const parts: number[] = []
  const ask = (start: number, end: number): Promise<QueryResult> =>
    reuse.run('t', query(start, end), { leastMs: 0, mostMs: RANGE }, 0, async (part) => {
      parts.push(part.startMs)
      return countAt(rows, part, 0)
    })
  await watch.store.append('t', batchOf({ tsMs: 5, stream: 'a' }))
  await ask(0, 100)
  await ask(20, 120)
  await ask(20, 120)
  await watch.store.append('t', batchOf({ tsMs: 95, stream: 'a' }))
  await watch.store.append('other', batchOf({ tsMs: 1, stream: 'a' }))
  await ask(40, 140)
  expect(parts).toEqual([0, 110, 100])
  expect(reuse.stats).toMatchObject({ entries: 1, points: 44, pointsReused: 9 + 11 + 6 })
})

test('memory is bounded: what was used longest ago is forgotten', async () => {
  const { store } = makeRows()
  const reuse = makeRangeReuse(watchAppends(store), 20_000)
  const series = Array.from({ length: 10 }, (_, i) => ({
    labels: [['s', String(i)]] as const,
    timesMs: [0],
    values: [1],
  }))
  for (let i = 0; i < 50; i++) {
    const asked = { ...query(0, 0), query: `q${i}` }
    await reuse.run('t', asked, { leastMs: 0, mostMs: 1 }, 0, async () => ({
      type: 'matrix',
      series,
      stats: NO_STATS,
      warnings: [],
    }))
    expect(reuse.stats.bytes).toBeLessThanOrEqual(20_000)
  }
  expect(reuse.stats.entries).toBe(4)
})

describe('queries whose points do not depend on where a run begins', () => {
  test.each([
    'count_over_time({a="b"}[5m])',
    'sum by (level) (count_over_time({a="b"} | json [1m]))',
    'sum(rate({a="b"}[1m]))',
    'sum(rate({a="b"}[1m])) / sum(rate({a="c"}[1m] offset 1h))',
    'max(count_over_time({a="b"}[1m]))',
    'count(sum by (x) (bytes_over_time({a="b"}[1m]))) or vector(0)',
    'absent_over_time({a="b"}[5m])',
    'topk(3, sum by (x) (rate({a="b"}[1m])))',
    'quantile_over_time(0.9, {a="b"} | unwrap x [1m]) by (y)',
    'max(last_over_time({a="b"} | unwrap x [1m]))',
  ])('%s', (text) => {
    const expr = parseExpr(text)
    expect(expr.kind !== 'log' && isDivisible(expr)).toBe(true)
  })

  test.each([
    'sum_over_time({a="b"} | unwrap x [1m])',
    'avg(rate({a="b"}[1m]))',
    'sum without (x) (rate({a="b"}[1m]))',
    'sum(sum(rate({a="b"}[1m])) / 3)',
    'topk(3, sum_over_time({a="b"} | unwrap x [1m]))',
    'sum(quantile_over_time(0.9, {a="b"} | unwrap x [1m]))',
    'max(rate({a="b"}[1m]) / rate({a="c"}[1m]))',
  ])('not %s', (text) => {
    const expr = parseExpr(text)
    expect(expr.kind !== 'log' && isDivisible(expr)).toBe(false)
  })
})
