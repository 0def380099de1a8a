import {
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { collectRows, makeBatch, type PlainRow, request } from '../testing.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'
import { type EmbeddedStore, openEmbeddedStore } from './store.ts'

const root = mkdtempSync(join(tmpdir(), 'logboom-index-'))
const open = new Set<EmbeddedStore>()
afterEach(async () => {
  for (const store of open) await store.close()
  open.clear()
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const T0 = Date.parse('2026-03-01T12:00:00Z')
const DAY_MS = 86_400_000
const DAYS = 6
const FOREVER = { fromMs: 0, toMs: 8e12 }

/** Opens a store whose reads of segment files are counted. */
async function openAt(dir: string, options: { readonly directoryBytes?: number } = {}) {
  const reads = { segments: 0 }
  const fs: FileSystem = {
    ...nodeFileSystem,
    open: async (path, flags) => {
      if (path.endsWith('.seg') && flags === 'r') reads.segments++
      return nodeFileSystem.open(path, flags)
    },
  }
  const store = await openEmbeddedStore({
    ...{ dir, fs, logger: silentLogger, fsync: 'always', retentionMs: () => 0 },
    ...{ outOfOrderWindowMs: 60_000, compactionIntervalMs: 3_600_000, maxOpenFiles: 1 },
    ...options,
  })
  open.add(store)
  const opened = reads.segments
  return { store, reads, opened }
}

async function shut(store: EmbeddedStore): Promise<void> {
  open.delete(store)
  await store.close()
}

function row(line: string, ms: number, app = 'a'): PlainRow {
  return { labels: { app }, ms, line }
}

/** A store with a segment for each of some days, closed. */
async function makeDays(name: string): Promise<string> {
  const dir = join(root, name)
  const { store } = await openAt(dir)
  for (let day = 0; day < DAYS; day++) {
    const at = T0 + day * DAY_MS
    await store.append('t', makeBatch([row(`line ${day}`, at), row(`own ${day}`, at, `app ${day}`)]))
  }
  await store.flush()
  await shut(store)
  return dir
}

async function linesOf(store: EmbeddedStore, fromMs = 0, toMs = 8e12): Promise<string[]> {
  const scan = store.scan('t', request({ fromMs, toMs }))
  return (await collectRows(scan)).map(({ line }) => line).sort()
}

const ALL_LINES = Array.from({ length: DAYS }, (_, day) => [`line ${day}`, `own ${day}`])
  .flat()
  .sort()

test('a start reads no segment that the index has, and a query those of its time', async () => {
  const dir = await makeDays('lazy')
  const { store, reads, opened } = await openAt(dir)
  expect(opened).toBe(0)
  expect((await store.labelValues('t', 'app', [], FOREVER)).length).toBe(DAYS + 1)
  expect(store.status().tenants[0].days.length).toBe(DAYS)
  expect(store.stats().streams).toBe(DAYS + 1)
  expect(reads.segments).toBe(0)
  expect(await linesOf(store, T0, T0 + 1)).toEqual(['line 0', 'own 0'])
  expect(reads.segments).toBeGreaterThan(0)
  expect(await linesOf(store)).toEqual(ALL_LINES)
  const cut = { fromMs: T0 + 1, toMs: T0 + DAY_MS + 1 }
  expect(await store.labelValues('t', 'app', [], cut)).toEqual(['a', 'app 1'])
})

test('late and repeated rows are told as before the restart', async () => {
  const dir = await makeDays('times')
  const { store } = await openAt(dir)
  const newest = T0 + (DAYS - 1) * DAY_MS
  const batch = makeBatch([row(`line ${DAYS - 1}`, newest), row('late', newest - 60_001), row('new', newest)])
  const { rejected } = await store.append('t', batch)
  expect(rejected.length).toBe(1)
  expect(await linesOf(store)).toEqual([...ALL_LINES, 'new'].sort())
})

test.each([
  ['missing', (path: string) => rmSync(path)],
  ['empty', (path: string) => writeFileSync(path, '')],
  ['damaged', (path: string) => writeFileSync(path, readFileSync(path).fill(1, 40))],
])('with the index %s every segment is read, and it is made anew', async (name, harm) => {
  const dir = await makeDays(name)
  const path = join(dir, 'segments.idx')
  harm(path)
  const { store, opened } = await openAt(dir)
  expect(opened).toBe(DAYS)
  expect(await linesOf(store)).toEqual(ALL_LINES)
  await shut(store)
  expect((await openAt(dir)).opened).toBe(0)
})

test('a segment that is gone, another one or new is noticed', async () => {
  const dir = await makeDays('changed')
  const [gone, other] = globSync(join(dir, 'segments/t/*/*.seg')).sort()
  rmSync(gone)
  utimesSync(other, new Date(1000), new Date(1000))
  const elsewhere = await openAt(join(root, 'elsewhere'))
  await elsewhere.store.append('t', makeBatch([row('moved here', T0 + 20 * DAY_MS, 'moved')]))
  await elsewhere.store.flush()
  await shut(elsewhere.store)
  cpSync(join(root, 'elsewhere/segments'), join(dir, 'segments'), { recursive: true })
  const { store, opened } = await openAt(dir)
  expect(opened).toBe(2)
  const left = ALL_LINES.filter((line) => !line.endsWith(' 0'))
  expect(await linesOf(store)).toEqual([...left, 'moved here'].sort())
})

test('a segment whose directory is damaged is set aside when it is asked for; the rest answers', async () => {
  const dir = await makeDays('rot')
  const [, path] = globSync(join(dir, 'segments/t/*/*.seg')).sort()
  utimesSync(path, 1000, 1000)
  await shut((await openAt(dir)).store)
  const bytes = readFileSync(path)
  // The trailer's own checksum.
  bytes[bytes.length - 14] ^= 1
  writeFileSync(path, bytes)
  utimesSync(path, 1000, 1000)
  const { store } = await openAt(dir)
  const left = ALL_LINES.filter((line) => !line.endsWith(' 1'))
  expect(await linesOf(store)).toEqual(left)
  expect(store.stats().corruptSegments).toBe(1)
  expect(existsSync(`${path}.corrupt`)).toBe(true)
  expect(await linesOf(store)).toEqual(left)
})

test('without room for directories every question still gets its answer', async () => {
  const dir = await makeDays('small')
  const { store } = await openAt(dir, { directoryBytes: 0 })
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => i % DAYS).map((day) =>
      linesOf(store, T0 + day * DAY_MS, T0 + day * DAY_MS + 1),
    ),
  )
  for (const [i, lines] of answers.entries()) expect(lines).toEqual([`line ${i % DAYS}`, `own ${i % DAYS}`])
  expect(await linesOf(store)).toEqual(ALL_LINES)
  await store.compact()
  await store.runRetention()
  expect(await linesOf(store)).toEqual(ALL_LINES)
})
