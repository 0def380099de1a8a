import { mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { type Logger, silentLogger } from '#base/logger.ts'
import { queryRange } from '#logql/engine/engine.ts'
import { compileDelete } from '#server/delete-selection.ts'
import { makeScanParts } from '#server/scan-workers/scan-parts.ts'
import { makeScanPool } from '#server/scan-workers/scan-pool.ts'
import { openEmbeddedStore } from '#store/embedded/store.ts'
import { makeBatch } from '#store/testing.ts'

const T0 = 1_790_000_000_000
const ROWS = 4000

test('a block that a thread cannot read is counted and reported once, and left out by all', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'logboom-damage-'))
  const reports: string[] = []
  const logger: Logger = {
    ...silentLogger,
    error: (_, message) => void reports.push(message),
    child: () => logger,
  }
  const store = await openEmbeddedStore({
    ...{ dir, logger, compileDelete, blockBytes: 16 << 10 },
    ...{ fsync: { intervalMs: 1000 }, retentionMs: () => 0 },
    ...{ outOfOrderWindowMs: 86_400_000, compactionIntervalMs: 86_400_000 },
  })
  const pool = makeScanPool({ threads: 1, cacheBytes: 8 << 20, logger, onCorrupt: store.noteCorrupt })
  try {
    const rows = Array.from({ length: ROWS }, (_, i) => ({
      labels: { app: 'shop' },
      ...{ ms: T0 + i * 1000, ns: 0, metadata: {} },
      line: JSON.stringify({ seq: i, note: `${(i * 7919).toString(36)} of many` }),
    }))
    await store.append('t', makeBatch(rows))
    await store.flush()
    // Past the header, into the parts of the first block.
    await damage(join(dir, 'segments'), 40)

    const parts = makeScanParts(store.planScan, pool, 0)
    const count = async (): Promise<number> => {
      const result = await queryRange(
        store,
        't',
        {
          query: 'sum(count_over_time({app="shop"} | json | seq >= 0 [1d]))',
          ...{ startMs: T0 + 86_400_000, startNs: 0, endMs: T0 + 86_400_000, endNs: 0 },
          ...{ stepMs: 1000, intervalMs: 0, limit: 10, direction: 'backward', parts },
        },
        { max_query_series: 100, max_query_memory: 0, query_timeout: 60_000 },
        new AbortController().signal,
      )
      if (result.type !== 'matrix') throw new Error('expected a matrix')
      return Number(result.series[0].values[0])
    }
    const counted = await count()
    expect(counted).toBeGreaterThan(0)
    expect(counted).toBeLessThan(ROWS)
    await vi.waitFor(() => expect(store.stats().corruptBlocks).toBe(1))
    expect(await count()).toBe(counted)
    expect(store.stats().corruptBlocks).toBe(1)
    expect(reports).toMatchObject([expect.stringContaining('a block cannot be read')])
  } finally {
    await pool.close()
    await store.close()
    await rm(dir, { recursive: true })
  }
})

/** Turns bits over at a place of the only segment below a folder. */
async function damage(folder: string, offset: number): Promise<void> {
  const names = await readdir(folder, { recursive: true })
  const [name] = names.filter((each) => each.endsWith('.seg'))
  const file = await open(join(folder, name), 'r+')
  try {
    const bytes = Buffer.alloc(16)
    await file.read(bytes, 0, 16, offset)
    await file.write(
      bytes.map((byte) => byte ^ 0xff),
      0,
      16,
      offset,
    )
  } finally {
    await file.close()
  }
}
