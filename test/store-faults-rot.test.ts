import { expect, test, vi } from 'vitest'
import type { PlainRow } from '#store/testing.ts'
import { makeRandom } from './crash/writers.ts'
import { FaultyStore } from './store-faults/faulty-store.ts'

const T0 = 1_700_000_000_000
const SEEDS = 60

function rows(from: number, count: number): PlainRow[] {
  return Array.from({ length: count }, (_, i) => ({
    labels: { app: `a${(from + i) % 3}` },
    ms: T0 + (from + i) * 3_000_000,
    line: `n${from + i} ${'abcdef '.repeat((from + i) % 40)}`,
  }))
}

test('a flipped bit anywhere costs what it is in, is reported with file and offset, and counted', {
  timeout: 120_000,
}, async () => {
  const wrong: string[] = []
  const where = { '.seg': 0, '.wal': 0 }
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = makeRandom(seed)
    const faulty = new FaultyStore(random, { headBytes: 16 << 20, walFileBytes: 1 << 20 })
    try {
      await faulty.open()
      for (let i = 0; i < 3; i++) await faulty.push(rows(i * 20, 20))
      await faulty.store?.flush()
      for (let i = 3; i < 6; i++) await faulty.push(rows(i * 20, 20))
      faulty.kill()
      const files = faulty.disk.files().filter(({ path }) => /\.(seg|wal)$/.test(path))
      const { path, node } = files[Math.floor(random() * files.length)]
      const kind = path.endsWith('.seg') ? '.seg' : '.wal'
      where[kind]++
      faulty.disk.rot(path, Math.floor(random() * node.live.length))
      const store = await faulty.open()
      const deviations = await faulty.deviations()
      const lost = deviations.filter((each) => each.startsWith('lost:'))
      const others = deviations.filter((each) => !/^lost:|counted of/.test(each))
      for (const each of others) wrong.push(`seed ${seed}, ${path}: ${each}`)
      const stats = store.stats()
      const counted =
        stats.corruptBlocks + stats.corruptSegments + stats.walCorruptRecords + stats.walTornTails
      const named = faulty.reports.filter(({ fields }) => String(fields.file).endsWith(path))
      if (lost.length > 0 && counted === 0) wrong.push(`seed ${seed}, ${path}: lost and not counted`)
      if (lost.length > 0 && named.length === 0) wrong.push(`seed ${seed}, ${path}: lost without a report`)
      // One push, or the segment of a day.
      if (lost.length > 30) wrong.push(`seed ${seed}, ${path}: ${lost.length} lines lost by one bit`)
    } finally {
      await faulty.end()
    }
  }
  expect(wrong).toEqual([])
  expect(Math.min(where['.seg'], where['.wal'])).toBeGreaterThan(5)
})

test('reads that fail or lie leave out what they cannot trust, and say so', async () => {
  const faulty = new FaultyStore(makeRandom(1), { headBytes: 1 })
  try {
    await faulty.open()
    await faulty.push(rows(0, 20))
    await faulty.push(rows(20, 1))
    await vi.waitFor(() => expect(faulty.store?.stats().flushes).toBeGreaterThan(0))
    faulty.arm('read', { kind: 'error', code: 'EIO' })
    const found = await faulty.deviations()
    expect(found.filter((each) => each.startsWith('lost:')).length).toBeGreaterThan(0)
    expect(faulty.store?.stats().corruptBlocks).toBe(1)
    expect(faulty.reports).toMatchObject([
      { level: 'error', fields: { file: expect.stringContaining('.seg') } },
    ])
    faulty.kill()
    faulty.disarm()
    await faulty.open()
    expect(await faulty.deviations()).toEqual([])
  } finally {
    await faulty.end()
  }
})

test('rows whose fsync failed after they were acknowledged are made durable elsewhere', async () => {
  const faulty = new FaultyStore(makeRandom(1), { fsync: { intervalMs: 2 }, headBytes: 16 << 20 })
  try {
    const store = await faulty.open()
    faulty.arm('sync', { kind: 'error', code: 'EIO' })
    await faulty.push(rows(0, 5))
    await vi.waitFor(() => expect(store.stats().walFailures).toBe(1))
    await faulty.push(rows(5, 5))
    await vi.waitFor(() => expect(store.stats().flushes).toBe(1))
    await faulty.push(rows(10, 5))
    // By now the log of the first rows is gone, and what was lost of it with them.
    await vi.waitFor(() =>
      expect(faulty.disk.files().filter(({ path }) => path.endsWith('.wal')).length).toBe(1),
    )
    faulty.kill()
    faulty.disk.losePower()
    await faulty.open()
    const lost = (await faulty.deviations()).map((each) => Number(/n(\d+)/.exec(each)?.[1]))
    expect(lost.filter((row) => row < 5)).toEqual([])
  } finally {
    await faulty.end()
  }
})
