import { spawn } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { compilePlainDelete } from '../store-model.ts'
import { collectRows, makeBatch, plainCells, request } from '../testing.ts'
import { type FileSystem, nodeFileSystem, type StoreFile } from './file-system.ts'
import type { EmbeddedOptions } from './options.ts'
import { type EmbeddedStore, openEmbeddedStore } from './store.ts'

/** Rounds of `kill -9`, and three times as many deaths in each kind of work: LOGBOOM_CRASH_ROUNDS=60 for more. */
const ROUNDS = Number(process.env.LOGBOOM_CRASH_ROUNDS ?? 3)
const DAY = 86_400_000
const T0 = 1_700_006_400_000
const ROWS = 600

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'logboom-upkeep-crash-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

interface Settings extends Partial<EmbeddedOptions> {
  /** `deleteCancelPeriodMs` is 0 in the moment when requests are to be carried out. */
  readonly carryOut?: boolean
}

function open(dir: string, { carryOut = false, ...options }: Settings = {}): Promise<EmbeddedStore> {
  return openEmbeddedStore({
    dir,
    logger: silentLogger,
    fsync: 'always',
    retentionMs: () => 0,
    outOfOrderWindowMs: 0,
    compactionIntervalMs: 600_000,
    compileDelete: compilePlainDelete,
    deleteCancelPeriodMs: carryOut ? 0 : 100 * DAY,
    blockBytes: 1024,
    ...options,
  })
}

/** A disk of which a process can do so much and no more: as `kill -9` between any two calls, or within one. */
function mortalDisk(): FileSystem & { calls: number; dieAfter: number } {
  const life = { calls: 0, dieAfter: Infinity }
  const step = (): void => {
    if (life.calls++ >= life.dieAfter) throw new Error('killed')
  }
  const mortal = (file: StoreFile): StoreFile => ({
    read: (...args) => file.read(...args),
    write: async (bytes, offset, length, position) => {
      if (life.calls === life.dieAfter) await file.write(bytes, offset, length >> 1, position)
      step()
      return file.write(bytes, offset, length, position)
    },
    truncate: async (size) => {
      step()
      await file.truncate(size)
    },
    sync: async () => {
      step()
      await file.sync()
    },
    datasync: async () => {
      step()
      await file.datasync()
    },
    stat: () => file.stat(),
    close: () => file.close(),
  })
  const disk: FileSystem = {
    ...nodeFileSystem,
    open: async (path, flags) => {
      if (flags === 'w') step()
      return mortal(await nodeFileSystem.open(path, flags))
    },
    rename: async (from, to) => {
      step()
      await nodeFileSystem.rename(from, to)
    },
    unlink: async (path) => {
      step()
      await nodeFileSystem.unlink(path)
    },
    rmdir: async (path) => {
      step()
      await nodeFileSystem.rmdir(path)
    },
    mkdir: async (path) => {
      step()
      return nodeFileSystem.mkdir(path)
    },
  }
  return Object.assign(life, disk)
}

/** Eight segments of one day, of three streams whose rows alternate, so that every merge sorts. */
async function fill(dir: string): Promise<void> {
  const store = await open(dir)
  for (let part = 0; part < 8; part++) {
    const rows = Array.from({ length: ROWS / 8 }, (_, i) => i * 8 + part).map((n) => ({
      labels: { app: `a${n % 3}` },
      ms: T0 + n * 1000,
      line: `row ${n} ${n % 10 === 9 ? 'secret' : 'x'.repeat(n % 50)}`,
    }))
    await store.append('t', makeBatch(rows))
    await store.flush()
  }
  await store.close()
}

async function numbersIn(store: EmbeddedStore): Promise<number[]> {
  const rows = await collectRows(store.scan('t', request()))
  const cells = plainCells((await store.counts('t', [], { fromMs: 0, toMs: 8e12 })) ?? [])
  const numbers = rows.map(({ line }) => Number(line.split(' ')[1]))
  expect(cells.reduce((sum, { lines }) => sum + lines, 0)).toBe(numbers.length)
  expect(cells.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(
    rows.reduce((sum, { line }) => sum + line.length, 0),
  )
  return numbers.sort((a, b) => a - b)
}

const all = Array.from({ length: ROWS }, (_, n) => n)
const isSecret = (n: number): boolean => n % 10 === 9
const secrets = { query: JSON.stringify({ app: '.*', needle: 'secret' }), fromMs: T0, fromNs: 0 }

interface Work {
  readonly settings: Settings
  readonly prepare?: (store: EmbeddedStore) => Promise<unknown>
  readonly run: (store: EmbeddedStore) => Promise<unknown>
  /** What is found while it is under way, and once it is done. */
  readonly during: (n: number) => boolean | undefined
  readonly after: (n: number) => boolean
}

const WORKS: Record<string, Work> = {
  'a merge': { settings: {}, run: (store) => store.compact(), during: () => true, after: () => true },
  'a delete': {
    settings: { carryOut: true },
    prepare: (store) => store.deletes?.add('t', { ...secrets, toMs: T0 + DAY, toNs: 0 }) ?? Promise.reject(),
    run: (store) => store.runDeletes(),
    during: (n) => !isSecret(n),
    after: (n) => !isSecret(n),
  },
  'retention of one of three streams': {
    settings: {
      clock: () => T0 + 3 * DAY,
      retentionMs: (_tenant, labels) => (labels?.some(([, app]) => app === 'a1') ? DAY : 0),
    },
    run: (store) => store.runRetention(),
    during: (n) => (n % 3 === 1 ? undefined : true),
    after: (n) => n % 3 !== 1,
  },
}

describe.each(Object.entries(WORKS))('%s', (name, work) => {
  test(
    'is killed at any call to the disk: nothing is lost or doubled, and the next one completes it',
    async () => {
      const template = join(root, name)
      await fill(template)
      if (work.prepare !== undefined) {
        const store = await open(template, { clock: () => T0 })
        await work.prepare(store)
        await store.close()
      }
      // A store looks after itself as soon as it is open: then there is nothing to do yet.
      const attempt = async (dir: string, dieAfter: number): Promise<number> => {
        const disk = mortalDisk()
        const { clock, retentionMs = () => 0, ...settings } = work.settings
        let isLive = false
        const store = await open(dir, {
          ...settings,
          fs: disk,
          clock: () => (isLive ? (clock?.() ?? T0 + 3 * DAY) : T0),
          retentionMs: (...args) => (isLive ? retentionMs(...args) : 0),
          deletionMode: () => (isLive ? 'filter-and-delete' : 'filter-only'),
        })
        await store.runRetention()
        isLive = true
        const before = disk.calls
        disk.dieAfter = before + dieAfter
        await work.run(store).catch((error: unknown) => expect(String(error)).toContain('killed'))
        const calls = disk.calls - before
        await store.close()
        return calls
      }
      const calls = await attempt(await copyOf(template, 'count'), Infinity)
      expect(calls).toBeGreaterThan(10)
      const step = Math.max(1, Math.floor(calls / (3 * ROUNDS)))
      for (let dieAfter = 0; dieAfter < calls; dieAfter += step) {
        const dir = await copyOf(template, String(dieAfter))
        await attempt(dir, dieAfter)
        const idle = await open(dir)
        const found = await numbersIn(idle)
        expect(new Set(found).size).toBe(found.length)
        expect(found.filter((n) => work.during(n) !== undefined)).toEqual(
          all.filter((n) => work.during(n) === true),
        )
        await idle.close()
        const store = await open(dir, { clock: () => T0 + 3 * DAY, ...work.settings })
        await work.run(store)
        expect(await numbersIn(store)).toEqual(all.filter(work.after))
        await store.close()
        await rm(dir, { recursive: true })
      }
    },
    30_000 + ROUNDS * 10_000,
  )

  async function copyOf(template: string, to: string): Promise<string> {
    const dir = join(root, `${name} ${to}`)
    await cp(template, dir, { recursive: true })
    return dir
  }
})

test(
  'kill -9 of a process that merges and deletes loses nothing, doubles nothing, and shows nothing deleted',
  async () => {
    const dir = join(root, 'killed')
    const acknowledged = new Set<number>()
    let deletedTo = -1
    let next = 0
    for (let round = 0; round < ROUNDS; round++) {
      const { pushes, deletes } = await runAndKill(dir, next, 30 + ((round * 137) % 900))
      for (const from of pushes) for (let i = 0; i < 20; i++) acknowledged.add(from + i)
      deletedTo = Math.max(deletedTo, ...deletes)
      next = Math.max(next, ...pushes) + 40
      const store = await open(dir)
      const found = await numbersIn(store)
      const distinct = new Set(found)
      expect(found.length).toBe(distinct.size)
      const missing = [...acknowledged].filter((n) => !distinct.has(n))
      expect(missing.filter((n) => !isSecret(n))).toEqual([])
      expect(found.filter((n) => isSecret(n) && n <= deletedTo)).toEqual([])
      await store.close()
    }
    const store = await open(dir, { carryOut: true, clock: () => Date.now() + DAY })
    await store.runDeletes()
    await store.compact()
    await numbersIn(store)
    await store.close()
    expect(await leftovers(dir)).toEqual([])
  },
  30_000 + ROUNDS * 10_000,
)

async function runAndKill(
  dir: string,
  first: number,
  afterMs: number,
): Promise<{ pushes: number[]; deletes: number[] }> {
  const script = join(import.meta.dirname, 'upkeep-crash-child.ts')
  const child = spawn(process.execPath, [script, dir, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  let timer: NodeJS.Timeout | undefined
  // A child that never says a word is none either.
  const giveUp = setTimeout(() => child.kill('SIGKILL'), 20_000)
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs)
  })
  await new Promise((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  clearTimeout(giveUp)
  // A number whose newline is missing was cut off, and may be part of a longer one.
  const lines = output.split('\n').slice(0, -1)
  const of = (kind: string): number[] =>
    lines.filter((line) => line.startsWith(kind)).map((line) => Number(line.slice(2)))
  return { pushes: of('p'), deletes: of('d') }
}

/** Files that nobody will ever look at again. */
async function leftovers(dir: string): Promise<string[]> {
  const names = await readdir(dir, { recursive: true })
  const segments = names.filter((name) => name.endsWith('.seg'))
  const replaced = new Set<string>()
  for (const name of segments) {
    const text = (await readFile(join(dir, name))).toString('latin1')
    const list = /"replaces":\[([^\]]*)\]/.exec(text)?.[1] ?? ''
    for (const each of list.split(',')) replaced.add(each.replaceAll('"', ''))
  }
  return names.filter((name) => name.endsWith('.tmp') || replaced.has(name.split('/').at(-1) ?? ''))
}
