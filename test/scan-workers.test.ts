import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { queryInstant, queryRange } from '#logql/engine/engine.ts'
import type { ScanParts } from '#logql/engine/parts.ts'
import type { QueryLimits } from '#logql/engine/types.ts'
import { LogqlError } from '#logql/error.ts'
import { compileDelete } from '#server/delete-selection.ts'
import { makeScanParts } from '#server/scan-workers/scan-parts.ts'
import { makeScanPool, type ScanPool } from '#server/scan-workers/scan-pool.ts'
import { type EmbeddedStore, openEmbeddedStore } from '#store/embedded/store.ts'
import { makeBatch, type PlainRow } from '#store/testing.ts'

// Queries of which other threads read parts must answer what one thread answers, to the last bit.

const T0 = 1_790_000_000_000
const LIMITS: QueryLimits = { max_query_series: 100_000, max_query_memory: 0, query_timeout: 600_000 }
const DAY_MS = 86_400_000

/** Lines of a few streams over three hours, so many that a scan is cut into windows. */
function makeRows(streams: number, perStream: number): PlainRow[] {
  const rows: PlainRow[] = []
  for (let stream = 0; stream < streams; stream++) {
    for (let i = 0; i < perStream; i++) {
      const took = ((i * 37 + stream * 11) % 997) / 7
      const level = i % 9 === 0 ? 'error' : i % 4 === 0 ? 'warn' : 'info'
      rows.push({
        labels: { app: 'shop', pod: `p${stream}` },
        ms: T0 + Math.floor((i * 10_800_000) / perStream) + stream,
        ns: (i * 7919) % 1_000_000,
        line: JSON.stringify({ level, took, user: `u_${i % 50}`, seq: i, note: 'x'.repeat(i % 60) }),
        metadata: i % 5 === 0 ? { trace: `t${i % 3}` } : {},
      })
    }
  }
  return rows
}

const SELECTOR = '{app="shop"}'
const QUERIES = [
  `${SELECTOR} |= "error"`,
  `${SELECTOR} |= "seq\\":77" | json | took > 50`,
  `${SELECTOR} |~ "u_(1|2)\\\\b" | json | line_format "{{.user}} {{.took}}"`,
  `${SELECTOR} | json | level="warn" | drop seq`,
  `sum by (level) (count_over_time(${SELECTOR} | json [5m]))`,
  `sum by (pod) (sum_over_time(${SELECTOR} | json | unwrap took [5m]))`,
  `sum(sum_over_time(${SELECTOR} | json | unwrap took [7m]))`,
  `avg_over_time(${SELECTOR} | json | unwrap took [11m]) by (level)`,
  `stddev_over_time(${SELECTOR} | json | unwrap took [5m]) by (pod)`,
  `quantile_over_time(0.99, ${SELECTOR} | json | unwrap took [10m]) by (pod)`,
  `max_over_time(${SELECTOR} | json | unwrap took [5m] offset 17s) by (level)`,
  `last_over_time(${SELECTOR} | json | unwrap took [5m]) by (level)`,
  `rate_counter(${SELECTOR} | json | unwrap seq [10m]) by (pod)`,
  `avg(rate(${SELECTOR} |= "error" [5m])) by (pod) / avg(rate(${SELECTOR} [5m])) by (pod)`,
  `topk(3, sum by (user) (rate(${SELECTOR} | json | unwrap took [5m])))`,
  `absent_over_time(${SELECTOR} |= "nowhere" [5m])`,
  `bytes_rate(${SELECTOR} |~ "warn|error" [4m])`,
  `sum without (pod) (rate(${SELECTOR} | json | keep level, took, pod | unwrap took [5m]))`,
]

async function waitFor(check: () => boolean): Promise<void> {
  await vi.waitFor(() => {
    if (!check()) throw new Error('not yet')
  })
}

interface Asked {
  readonly shortcuts?: boolean
  readonly direction?: 'forward' | 'backward'
  readonly limit?: number
  readonly signal?: AbortSignal
}

async function answer(
  store: EmbeddedStore,
  query: string,
  parts: ScanParts | undefined,
  { signal = new AbortController().signal, ...more }: Asked = {},
): Promise<{ data: unknown; elsewhere: number }> {
  const range = {
    query,
    startMs: T0 - 60_000,
    startNs: 17,
    endMs: T0 + 10_900_000,
    endNs: 5,
    stepMs: 60_000,
    intervalMs: 0,
    limit: 300,
    direction: 'backward',
    explain: true,
    ...more,
    ...(parts && { parts }),
  } as const
  try {
    const result = await queryRange(store, 't', range, LIMITS, signal)
    const elsewhere = (result.explain?.reads ?? []).reduce((sum, read) => sum + read.partsElsewhere, 0)
    const data =
      result.type === 'streams' ? result.streams : result.type === 'matrix' ? result.series : result
    return { data, elsewhere }
  } catch (thrown) {
    return { data: `error: ${String(thrown)}`, elsewhere: 0 }
  }
}

describe('scan workers', () => {
  let dir: string
  let store: EmbeddedStore
  const pools: ScanPool[] = []
  const poolOf = (threads: number): ScanPool => {
    const pool = makeScanPool({ threads, cacheBytes: 8 << 20, logger: silentLogger })
    pools.push(pool)
    return pool
  }

  const open = (): Promise<EmbeddedStore> =>
    openEmbeddedStore({
      dir,
      logger: silentLogger,
      fsync: { intervalMs: 1000 },
      retentionMs: () => 0,
      outOfOrderWindowMs: DAY_MS,
      compactionIntervalMs: DAY_MS,
      blockBytes: 64 << 10,
      compileDelete,
    })

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'logboom-scan-'))
    store = await open()
    const rows = makeRows(6, 6_000)
    for (let at = 0; at < rows.length; at += 6000) {
      await store.append('t', makeBatch(rows.slice(at, at + 6000)))
      if (at % 12_000 === 0) await store.flush()
    }
    await store.flush()
  }, 120_000)

  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.close()))
    await store.close()
    await rm(dir, { recursive: true })
  })

  test('answer as one thread does', async () => {
    const alone = makeScanParts(store.planScan, undefined)
    const two = makeScanParts(store.planScan, poolOf(2), 0)
    const shared = makeScanParts(store.planScan, poolOf(1), 0.001)
    let elsewhere = 0
    for (const query of QUERIES) {
      const expected = await answer(store, query, alone)
      for (const parts of [two, shared]) {
        const found = await answer(store, query, parts)
        expect(found.data, query).toEqual(expected.data)
        elsewhere += found.elsewhere
      }
    }
    expect(elsewhere).toBeGreaterThan(QUERIES.length)
  }, 120_000)

  test('answer the same in both directions, with any limit, and without shortcuts', async () => {
    const parts = makeScanParts(store.planScan, poolOf(1), 0)
    for (const query of QUERIES.slice(2, 5)) {
      for (const direction of ['forward', 'backward'] as const) {
        for (const limit of [1, 100_000]) {
          const expected = await answer(store, query, undefined, { direction, limit })
          expect((await answer(store, query, parts, { direction, limit })).data, query).toEqual(expected.data)
        }
      }
      const expected = await answer(store, query, undefined, { shortcuts: false })
      expect((await answer(store, query, parts, { shortcuts: false })).data, query).toEqual(expected.data)
    }
  }, 120_000)

  test('tell of what is wrong with the query as one thread does', async () => {
    const parts = makeScanParts(store.planScan, poolOf(1), 0)
    for (const query of [
      `sum(rate(${SELECTOR} | json | unwrap user [5m]))`,
      `sum by (seq) (count_over_time(${SELECTOR} | json | __error__="none" [5m]))`,
    ]) {
      const expected = await answer(store, query, undefined)
      const found = await answer(store, query, parts)
      expect(String(found.data).slice(0, 60)).toBe(String(expected.data).slice(0, 60))
    }
    await expect(
      queryInstant(
        store,
        't',
        {
          query: `sum(rate(${SELECTOR} | json | unwrap user [9h]))`,
          timeMs: T0 + 10_900_000,
          timeNs: 0,
          parts,
        },
        LIMITS,
        new AbortController().signal,
      ),
    ).rejects.toThrow(LogqlError)
  })

  test('hold the memory of a query down together', async () => {
    const parts = makeScanParts(store.planScan, poolOf(2), 0)
    const query = `count_over_time(${SELECTOR} | json [3h])`
    const run = queryInstant(
      store,
      't',
      { query, timeMs: T0 + 10_900_000, timeNs: 0, parts },
      { ...LIMITS, max_query_memory: 4 << 20 },
      new AbortController().signal,
    )
    await expect(run).rejects.toThrow(/max_query_memory/)
  })

  test('hide deleted rows, from the moment they are deleted', async () => {
    const parts = makeScanParts(store.planScan, poolOf(1), 0)
    const query = `sum by (level) (count_over_time(${SELECTOR} | json [5m]))`
    const before = await answer(store, query, parts)
    const request = await store.deletes?.add('t', {
      query: `${SELECTOR} | json | level="warn"`,
      ...{ fromMs: T0, fromNs: 0, toMs: T0 + 5_000_000, toNs: 0 },
    })
    const after = await answer(store, query, parts)
    expect(after.elsewhere).toBeGreaterThan(0)
    expect(after.data).toEqual((await answer(store, query, undefined)).data)
    expect(after.data).not.toEqual(before.data)
    await store.deletes?.cancel('t', request?.id ?? '', true)
    expect((await answer(store, query, parts)).data).toEqual(before.data)
  }, 60_000)

  test('read rows in memory and on disk together', async () => {
    const parts = makeScanParts(store.planScan, poolOf(1), 0)
    const late = makeRows(3, 200).map((row) => ({
      ...row,
      ms: row.ms + 10_810_000,
      line: `${row.line} late`,
    }))
    await store.append('t', makeBatch(late))
    for (const query of QUERIES.slice(0, 8)) {
      const expected = await answer(store, query, makeScanParts(store.planScan, undefined))
      expect((await answer(store, query, parts)).data, query).toEqual(expected.data)
    }
    await store.flush()
  }, 60_000)

  test('stop when the query is aborted, and go on with the next', async () => {
    const pool = poolOf(1)
    const parts = makeScanParts(store.planScan, pool, 0)
    const query = `sum(count_over_time(${SELECTOR} |~ "(x+x+)+y" | json [5m]))`
    const abort = new AbortController()
    const running = answer(store, query, parts, { signal: abort.signal })
    await waitFor(() => pool.running === 1)
    abort.abort(new Error('nobody waits any more'))
    expect((await running).data).toMatch(/nobody waits any more/)
    await waitFor(() => pool.room() === 2)
    const expected = await answer(store, QUERIES[0], undefined)
    expect((await answer(store, QUERIES[0], parts)).data).toEqual(expected.data)
  }, 60_000)

  test('fail their queries when they end, and are replaced', async () => {
    const flag = join(dir, 'crash')
    const entry = join(dir, 'worker.mjs')
    const program = pathToFileURL(join(import.meta.dirname, '../src/server/scan-workers/scan-worker.ts'))
    await writeFile(
      entry,
      `import { existsSync } from 'node:fs'
      import { parentPort } from 'node:worker_threads'
      if (existsSync(${JSON.stringify(flag)})) {
        parentPort.on('message', () => { throw new Error('out of luck') })
      } else await import(${JSON.stringify(program.href)})`,
    )
    await writeFile(flag, '')
    const pool = makeScanPool({ threads: 1, cacheBytes: 1 << 20, logger: silentLogger, entry })
    pools.push(pool)
    const parts = makeScanParts(store.planScan, pool, 0)
    const expected = await answer(store, QUERIES[4], undefined)
    expect((await answer(store, QUERIES[4], parts)).data).toMatch(/has ended: out of luck/)
    await rm(flag)
    expect((await answer(store, QUERIES[4], parts)).data).toEqual(expected.data)
  }, 60_000)

  test('fail what they work on when the server closes', async () => {
    const pool = poolOf(1)
    const running = answer(store, QUERIES[4], makeScanParts(store.planScan, pool, 0))
    await waitFor(() => pool.room() < 2)
    await pool.close()
    expect((await running).data).toMatch(/has ended: the server is closing/)
    expect(pool.running).toBe(0)
  })

  test('end by themselves when nobody needs them', async () => {
    const pool = makeScanPool({ threads: 1, cacheBytes: 1 << 20, logger: silentLogger, idleMs: 1 })
    const parts = makeScanParts(store.planScan, pool, 0)
    const expected = await answer(store, QUERIES[0], undefined)
    for (let i = 0; i < 3; i++) {
      expect((await answer(store, QUERIES[0], parts)).data).toEqual(expected.data)
      await waitFor(() => pool.running === 0)
    }
    await pool.close()
  }, 60_000)

  test('read what a store has after it was opened anew, and after merging', async () => {
    const parts = (): ScanParts => makeScanParts(store.planScan, poolOf(1), 0)
    const expected = (await answer(store, QUERIES[4], undefined)).data
    await store.close()
    store = await open()
    expect((await answer(store, QUERIES[4], parts())).data).toEqual(expected)
    await store.compact()
    expect((await answer(store, QUERIES[4], parts())).data).toEqual(expected)
  }, 60_000)
})
