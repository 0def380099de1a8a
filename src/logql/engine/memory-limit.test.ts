import { expect, test } from 'vitest'
import { makeMemoryStore } from '../testing/memory-store.ts'
import { TEST_LIMITS } from '../testing/run.ts'
import { queryInstant, queryRange } from './engine.ts'

const limits = { ...TEST_LIMITS, max_query_memory: 100_000 }
const signal = new AbortController().signal

function storeWith(rows: number, line: (i: number) => string) {
  const store = makeMemoryStore({ batchRows: 1000 })
  store.add(
    { t: 'x' },
    Array.from({ length: rows }, (_, i) => ({ tsMs: 1000, tsNs: i, line: line(i) })),
  )
  return store
}

test.each([
  ['sum by (n) (count_over_time({t="x"} | logfmt [1m]))', 500, 'series'],
  ['quantile_over_time(0.5, {t="x"} | logfmt | unwrap n [1m]) by (t)', 20_000, '1 series'],
])(
  '%s ends with the name of the limit',
  async (query, rows, held) => {
    const run = queryInstant(
      storeWith(rows, (i) => `n=${i}`),
      't',
      { query, timeMs: 60_000, timeNs: 0 },
      limits,
      signal,
    )
    await expect(run).rejects.toThrow('needs more than 100000 bytes of memory (max_query_memory)')
    await expect(run).rejects.toThrow(held)
    await expect(run).rejects.toMatchObject({ status: 400 })
  },
  20_000,
)

test('lines that are returned count, too', async () => {
  const asked = { query: '{t="x"}', startMs: 0, startNs: 0, endMs: 9000, endNs: 0, stepMs: 1, intervalMs: 0 }
  const store = storeWith(100, () => 'x'.repeat(1000))
  const run = (limit: number) =>
    queryRange(store, 't', { ...asked, limit, direction: 'forward' }, limits, signal)
  await expect(run(100)).rejects.toThrow('(max_query_memory), 47 lines so far')
  expect(await run(40)).toMatchObject({ type: 'streams' })
})
