import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { queryRange } from '#logql/engine/engine.ts'
import type { ScanParts } from '#logql/engine/parts.ts'
import type { QueryLimits } from '#logql/engine/types.ts'
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

async function answer(
  store: EmbeddedStore,
  query: string,
  parts: ScanParts | undefined,
  more: { shortcuts?: boolean; direction?: 'forward' | 'backward'; limit?: number; stepMs?: number } = {},
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
    const result = await queryRange(store, 't', range, LIMITS, new AbortController().signal)
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
    const one = makeScanParts(store.planScan, poolOf(1), 0)
    const two = makeScanParts(store.planScan, poolOf(2), 0)
    const shared = makeScanParts(store.planScan, poolOf(1), 0.001)
    let elsewhere = 0
    for (const query of QUERIES) {
      const expected = await answer(store, query, alone)
      for (const parts of [one, two, shared]) {
        const found = await answer(store, query, parts)
        expect(found.data, query).toEqual(expected.data)
        elsewhere += found.elsewhere
      }
    }
    expect(elsewhere).toBeGreaterThan(QUERIES.length * 2)
  }, 120_000)
})
