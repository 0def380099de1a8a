import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Logger } from '#base/logger.ts'
import { collectRows, makeBatch, request } from '../testing.ts'
import type { DiskBudget } from './disk-budget.ts'
import { nodeFileSystem } from './file-system.ts'
import { type EmbeddedStore, openEmbeddedStore } from './store.ts'

const DAY = 86_400_000
const T0 = 1_700_006_400_000
const dir = mkdtempSync(join(tmpdir(), 'logboom-budget-'))
const opened: EmbeddedStore[] = []
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  rmSync(dir, { recursive: true, force: true })
})

const disk = { bsize: 1000, blocks: 1000, bavail: 500 }
const warnings: string[] = []
const ignore = (): void => undefined
const warn = (_: object, message?: string): void => {
  warnings.push(message ?? '')
}
const logger: Logger = { debug: ignore, info: ignore, warn, error: warn, child: () => logger }

/** A store with a day's rows in a segment each, for two tenants in turn. */
async function open(diskBudget: DiskBudget): Promise<EmbeddedStore> {
  const store = await openEmbeddedStore({
    dir,
    logger,
    fsync: { intervalMs: 1000 },
    retentionMs: () => 0,
    outOfOrderWindowMs: 0,
    compactionIntervalMs: 600_000,
    diskBudget,
    fs: { ...nodeFileSystem, statfs: async () => disk },
  })
  opened.push(store)
  if (store.status().tenants.length === 0) {
    for (let day = 0; day < 6; day++) {
      await store.append(day % 2 === 0 ? 'a' : 'b', makeBatch([row(day)]))
      await store.flush()
    }
  }
  return store
}

const row = (day: number) => ({ labels: { app: 'x' }, ms: T0 + day * DAY, line: `day ${day}` })

async function daysIn(store: EmbeddedStore): Promise<number[]> {
  const found = await Promise.all(['a', 'b'].map((tenant) => collectRows(store.scan(tenant, request()))))
  return found
    .flat()
    .map(({ line }) => Number(line.split(' ')[1]))
    .sort()
}

test('the oldest of all tenants goes first, as far as it must, and the log and the numbers say so', async () => {
  const first = await open({ max: undefined, minFree: undefined })
  await first.checkDisk()
  expect(await daysIn(first)).toEqual([0, 1, 2, 3, 4, 5])
  const { sizeBytes } = first.status()
  await first.close()
  opened.length = 0

  const store = await open({ max: { bytes: Math.floor(sizeBytes / 2) }, minFree: undefined })
  await store.checkDisk()
  expect(await daysIn(store)).toEqual([3, 4, 5])
  expect(store.stats()).toMatchObject({ budgetDroppedRows: 3, budgetDroppedSegments: 3 })
  expect(store.status().disk).toMatchObject({ excessBytes: 0, totalBytes: 1_000_000 })
  expect(store.status().freed.budget).toBeGreaterThan(0)
  expect(warnings.filter((text) => text.includes('the disk budget is used up')).length).toBe(3)
})

test('a floor of free space is kept, too; what cannot be kept is told', async () => {
  const store = await open({ max: { share: 0.9 }, minFree: { share: 0.5 } })
  await store.checkDisk()
  expect((await daysIn(store)).length).toBe(6)
  warnings.length = 0
  disk.bavail = 0
  await store.checkDisk()
  disk.bavail = 500
  expect(await daysIn(store)).toEqual([])
  expect(warnings.at(-1)).toContain('the disk budget cannot be kept')
})
