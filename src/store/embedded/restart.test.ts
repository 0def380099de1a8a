import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Logger, silentLogger } from '#base/logger.ts'
import { collectRows, makeBatch, type PlainRow, plainCells, request } from '../testing.ts'
import type { EmbeddedOptions } from './options.ts'
import { type EmbeddedStore, openEmbeddedStore } from './store.ts'

const T0 = 1_700_000_000_000
const row = (line: string, ms = T0, labels: Record<string, string> = { app: 'a' }): PlainRow => ({
  labels,
  ms,
  line,
})

let root: string
let stores: EmbeddedStore[] = []

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'logboom-restart-'))
})
afterEach(async () => {
  vi.restoreAllMocks()
  for (const store of stores) await store.close()
  stores = []
  rmSync(root, { recursive: true, force: true })
})

async function openAt(dir: string, options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedStore> {
  const store = await openEmbeddedStore({
    dir,
    logger: silentLogger,
    fsync: { intervalMs: 1000 },
    retentionMs: () => 0,
    outOfOrderWindowMs: 0,
    compactionIntervalMs: 600_000,
    blockBytes: 256,
    flushRetryMs: 20,
    ...options,
  })
  stores.push(store)
  return store
}

async function linesOf(store: EmbeddedStore, tenant = 't'): Promise<string[]> {
  return (await collectRows(store.scan(tenant, request()))).map(({ line }) => line)
}

/** A copy of a store's directory at this moment: what `kill -9` would leave. */
function crashCopy(dir: string, name: string): string {
  const to = join(root, name)
  cpSync(dir, to, { recursive: true })
  return to
}

function filesBelow(dir: string, ending: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(dir, name))
}

function recordingLogger(): {
  logger: Logger
  entries: { fields: Record<string, unknown>; message: string }[]
} {
  const entries: { fields: Record<string, unknown>; message: string }[] = []
  const note = (fields: Record<string, unknown>, message: string): void =>
    void entries.push({ fields, message })
  const logger: Logger = { debug: note, info: () => undefined, warn: note, error: note, child: () => logger }
  return { logger, entries }
}

describe('after a crash', () => {
  test('a log cut at any byte of its last record gives every record before it', async () => {
    const dir = join(root, 'live')
    const store = await openAt(dir)
    await store.append('t', makeBatch([row('one'), row('two', T0 + 1)]))
    const [wal] = filesBelow(dir, '.wal')
    const whole = statSync(wal).size
    await store.append(
      't',
      makeBatch([row('three', T0 + 2), { ...row('four', T0 + 3), metadata: { k: 'v' } }]),
    )
    const copy = crashCopy(dir, 'cut')
    const [cutWal] = filesBelow(copy, '.wal')
    const full = readFileSync(cutWal)
    for (let size = whole; size <= full.length; size++) {
      writeFileSync(cutWal, full)
      truncateSync(cutWal, size)
      const recovered = await openAt(copy)
      expect(await linesOf(recovered)).toEqual(
        size === full.length ? ['one', 'two', 'three', 'four'] : ['one', 'two'],
      )
      expect(recovered.stats().walTornTails).toBe(size === whole || size === full.length ? 0 : 1)
      await recovered.close()
      stores.pop()
      rmSync(join(copy, 'segments'), { recursive: true })
    }
  })

  test('a log cut inside its header is an empty log', async () => {
    const dir = join(root, 'live')
    const store = await openAt(dir)
    await store.append('t', makeBatch([row('one')]))
    const copy = crashCopy(dir, 'cut')
    truncateSync(filesBelow(copy, '.wal')[0], 9)
    const recovered = await openAt(copy)
    expect(await linesOf(recovered)).toEqual([])
    await recovered.append('t', makeBatch([row('two')]))
    expect(await linesOf(recovered)).toEqual(['two'])
  })

  test('rows in segments are not taken from the log again, for each tenant and day', async () => {
    const dir = join(root, 'live')
    const store = await openAt(dir)
    const days = [row('a'), row('b', T0 + 86_400_000), row('c', T0 + 2 * 86_400_000)]
    await store.append('t', makeBatch(days))
    await store.append('u', makeBatch(days))
    const [wal] = filesBelow(dir, '.wal')
    copyFileSync(wal, join(root, 'kept.wal'))
    await store.flush()
    expect(existsSync(wal)).toBe(false)
    // As if the crash had come between renaming the last segment and removing the log, and then earlier.
    const segments = filesBelow(dir, '.seg')
    expect(segments.length).toBe(6)
    for (let present = segments.length; present >= 0; present -= 2) {
      const copy = crashCopy(dir, `crash-${present}`)
      for (const path of filesBelow(copy, '.seg').slice(present)) rmSync(path)
      copyFileSync(join(root, 'kept.wal'), wal.replace(dir, copy))
      writeFileSync(`${filesBelow(dir, '.seg')[0].replace(dir, copy)}.tmp`, 'unfinished')
      const recovered = await openAt(copy)
      for (const tenant of ['t', 'u']) {
        expect(await linesOf(recovered, tenant)).toEqual(['a', 'b', 'c'])
        const runs = (await recovered.counts(tenant, [], { fromMs: 0, toMs: 8e12 })) ?? []
        expect(plainCells(runs).map(({ lines }) => lines)).toEqual([1, 1, 1])
      }
      expect(filesBelow(copy, '.seg.tmp')).toEqual([])
      expect(recovered.stats().replayedRows).toBe(6 - present)
    }
  })

  test('damage in the middle of the log costs the rest of that file alone, and is reported', async () => {
    const dir = join(root, 'live')
    const store = await openAt(dir, { walFileBytes: 400 })
    for (let i = 0; i < 6; i++)
      await store.append('t', makeBatch([row(`line ${i}${'x'.repeat(150)}`, T0 + i)]))
    const copy = crashCopy(dir, 'damaged')
    const wals = filesBelow(copy, '.wal')
    expect(wals.length).toBe(6)
    const bytes = readFileSync(wals[2])
    bytes[bytes.length - 20] ^= 1
    writeFileSync(wals[2], bytes)
    const { logger, entries } = recordingLogger()
    const recovered = await openAt(copy, { logger })
    expect((await linesOf(recovered)).map((line) => line.slice(0, 6))).toEqual(
      [0, 1, 3, 4, 5].map((i) => `line ${i}`),
    )
    expect(entries).toMatchObject([{ fields: { file: wals[2], offset: 16 } }])
    expect(recovered.stats().walCorruptRecords).toBe(1)
    await recovered.flush()
    expect(existsSync(`${wals[2]}.corrupt`)).toBe(true)
    expect(filesBelow(copy, '.wal')).toEqual([])
  })
})

describe('a second process', () => {
  test('is refused, naming the first, until that one is gone', async () => {
    const dir = join(root, 'one')
    const store = await openAt(dir)
    await expect(openAt(dir)).rejects.toMatchObject({
      code: 'store_locked',
      message: expect.stringContaining(`process ${process.pid}`),
    })
    await store.close()
    await openAt(dir)
  })
})

describe('retention', () => {
  test('deletes the files of days that are older throughout, and forgets their streams', async () => {
    const dir = join(root, 'kept')
    const day = 86_400_000
    // Midnight itself belongs to the day before.
    const start = Math.floor(T0 / day) * day + 1
    let now = start + 2 * day
    const store = await openAt(dir, { clock: () => now, retentionMs: (tenant) => (tenant === 't' ? day : 0) })
    const old = Array.from({ length: 40 }, (_, i) => row('old', start + i * 25, { app: 'gone' }))
    await store.append('t', makeBatch([...old, row('newest old', start + 1000), row('new', start + day + 5)]))
    await store.append('ever', makeBatch([row('old', start + 1000)]))
    await store.flush()
    now = start + day + 1000
    expect((await store.runRetention()).partitions).toBe(0)
    now++
    // A scan that has begun keeps what it began with.
    const scan = store.scan('t', request({ limitHint: 1 }))
    const { stats } = scan
    const running = scan[Symbol.asyncIterator]()
    const first = await running.next()
    const run = await store.runRetention()
    expect(run).toMatchObject({ partitions: 1, rows: 41 })
    expect(run.freedBytes).toBeGreaterThan(0)
    const rest = await collectRows({ stats, [Symbol.asyncIterator]: () => running })
    expect(first.done === false && first.value.batches[0].rows.length + rest.length).toBe(42)
    expect(await linesOf(store)).toEqual(['new'])
    expect(await linesOf(store, 'ever')).toEqual(['old'])
    await vi.waitFor(() => expect(readdirSync(join(dir, 'segments', 't')).length).toBe(1))
    expect(await store.labelValues('t', 'app', [], { fromMs: 0, toMs: 8e12 })).toEqual(['a'])
    expect(store.stats().streams).toBe(2)
    const { tenants, lastRetention, oldestMs } = store.status()
    expect(oldestMs).toBe(start + 1000)
    expect(lastRetention).toEqual(run)
    expect(tenants).toMatchObject([
      { tenant: 'ever', retentionMs: 0, days: [{ rows: 1, expiresMs: undefined }] },
      { tenant: 't', retentionMs: day, oldestMs: start + day + 5, days: [{ rows: 1 }] },
    ])
  })
})

test('retention runs when the store is opened, whatever its interval', async () => {
  const dir = join(root, 'opened')
  const day = 86_400_000
  const store = await openAt(dir)
  await store.append('t', makeBatch([row('old', T0)]))
  await store.close()
  const later = await openAt(dir, {
    clock: () => T0 + 3 * day,
    retentionMs: () => day,
    compactionIntervalMs: 1e12,
  })
  await vi.waitFor(() => expect(filesBelow(dir, '.seg')).toEqual([]))
  expect(await linesOf(later)).toEqual([])
  const none = await openAt(join(root, 'zero'), { compactionIntervalMs: 0 })
  await vi.waitFor(() => expect(none.status().lastRetention).toBeDefined())
})

describe('damage on disk', () => {
  test('costs the block it is in; it is reported with file and offset', async () => {
    const dir = join(root, 'damaged')
    const store = await openAt(dir)
    const rows = Array.from({ length: 40 }, (_, i) => row(`${i} `.padEnd(60, String(i)), T0 + i))
    await store.append('t', makeBatch(rows))
    await store.close()
    const [path] = filesBelow(dir, '.seg')
    const bytes = readFileSync(path)
    // The first block begins after the header of 16 bytes; its lines come last of its parts.
    bytes[16 + 150] ^= 0xff
    writeFileSync(path, bytes)
    const { logger, entries } = recordingLogger()
    const damaged = await openAt(dir, { logger })
    const found = await linesOf(damaged)
    expect(found.length).toBeGreaterThan(20)
    expect(found.length).toBeLessThan(40)
    // One run of neighbours is missing.
    const all = rows.map(({ line }) => String(line))
    const gap = all.findIndex((line) => !found.includes(line))
    expect(found).toEqual([...all.slice(0, gap), ...all.slice(gap + 40 - found.length)])
    await linesOf(damaged)
    expect(entries).toMatchObject([{ fields: { file: path, stream: '{app="a"}' } }])
    expect(entries[0].fields.offset).toBeGreaterThanOrEqual(16)
    expect(damaged.stats().corruptBlocks).toBe(1)
  })

  test('in a footer sets the file aside and never deletes it', async () => {
    const dir = join(root, 'damaged')
    const store = await openAt(dir)
    await store.append('t', makeBatch([row('a'), row('b', T0 + 86_400_000)]))
    await store.close()
    const [path] = filesBelow(dir, '.seg')
    truncateSync(path, statSync(path).size - 1)
    const { logger, entries } = recordingLogger()
    const damaged = await openAt(dir, { logger })
    expect(await linesOf(damaged)).toEqual(['b'])
    expect(existsSync(`${path}.corrupt`)).toBe(true)
    expect(entries).toMatchObject([{ fields: { file: path, keptAs: `${path}.corrupt` } }])
  })
})

test('a segment of another version is left as it is, and said to be missing', async () => {
  const dir = join(root, 'version')
  const store = await openAt(dir)
  await store.append('t', makeBatch([row('a'), row('b', T0 + 86_400_000)]))
  await store.close()
  const [path] = filesBelow(dir, '.seg')
  const bytes = readFileSync(path)
  bytes.writeUInt32LE(99, bytes.length - 12)
  writeFileSync(path, bytes)
  const { logger, entries } = recordingLogger()
  const newer = await openAt(dir, { logger })
  expect(await linesOf(newer)).toEqual(['b'])
  expect(readFileSync(path).equals(bytes)).toBe(true)
  expect(entries).toMatchObject([{ fields: { file: path, error: expect.stringContaining('version 99') } }])
})

describe('a disk that refuses writes', () => {
  /** Makes the next `times` calls of a file method write half of what they should, then fail. */
  async function failing(method: 'write' | 'datasync' | 'sync', code: string, times: number): Promise<void> {
    const handle = await open(join(root, 'probe'), 'w')
    const prototype = Object.getPrototypeOf(handle) as FileHandle
    await handle.close()
    const real = prototype[method] as (...args: unknown[]) => Promise<unknown>
    let left = times
    vi.spyOn(prototype, method).mockImplementation(async function (this: FileHandle, ...args: unknown[]) {
      if (left-- <= 0) return real.apply(this, args) as never
      if (method === 'write') await real.call(this, args[0], args[1], Number(args[2]) >> 1, args[3])
      throw Object.assign(new Error(`${code}: simulated`), { code })
    })
  }

  test.each([
    ['write', 'ENOSPC', 'store_full'],
    ['write', 'EIO', 'store_io'],
    ['datasync', 'EIO', 'store_io'],
  ] as const)(
    '%s failing with %s refuses the push whole, and the next one succeeds',
    async (method, code, expected) => {
      const dir = join(root, 'full')
      const store = await openAt(dir, { fsync: 'always', outOfOrderWindowMs: 1000 })
      await store.append('t', makeBatch([row('before')]))
      await failing(method, code, 1)
      await expect(store.append('t', makeBatch([row('refused', T0 + 9000)]))).rejects.toMatchObject({
        code: expected,
      })
      expect(await linesOf(store)).toEqual(['before'])
      expect((await store.append('t', makeBatch([row('after', T0 + 1)]))).rejected).toEqual([])
      const recovered = await openAt(crashCopy(dir, 'copy'))
      expect(await linesOf(recovered)).toEqual(['before', 'after'])
      expect(recovered.stats().walTornTails).toBe(0)
    },
  )

  test('while flushing keeps the rows in memory and tries again', async () => {
    const store = await openAt(join(root, 'full'))
    await store.append('t', makeBatch([row('kept')]))
    await failing('sync', 'ENOSPC', 2)
    await expect(store.flush()).rejects.toMatchObject({ code: 'store_full' })
    expect(await linesOf(store)).toEqual(['kept'])
    await store.append('t', makeBatch([row('more', T0 + 1)]))
    await vi.waitFor(() => expect(store.stats().flushes).toBe(1))
    await store.flush()
    expect(await linesOf(store)).toEqual(['kept', 'more'])
    expect(filesBelow(join(root, 'full'), '.wal')).toEqual([])
  })
})

describe('memory that is full while the disk is', () => {
  test('refuses pushes until a flush succeeds', async () => {
    const dir = join(root, 'full')
    const store = await openAt(dir, { headBytes: 1, flushRetryMs: 50 })
    await store.append('t', makeBatch([row('first')]))
    const partition = join(dir, 'segments', 't')
    writeFileSync(partition, 'a file where a directory must be')
    await store.append('t', makeBatch([row('second', T0 + 1)]))
    await expect(store.append('t', makeBatch([row('third', T0 + 2)]))).rejects.toMatchObject({
      code: 'store_io',
    })
    expect(await linesOf(store)).toEqual(['first', 'second'])
    rmSync(partition)
    await vi.waitFor(() => expect(store.stats().flushes).toBeGreaterThan(0))
    await store.append('t', makeBatch([row('third', T0 + 2)]))
    expect(await linesOf(store)).toEqual(['first', 'second', 'third'])
  })
})
