import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { makeBatch } from '../testing.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'
import { openEmbeddedStore } from './store.ts'

const T0 = 1_790_000_000_000

/** Holds up who comes by first after it is shut. */
class Gate {
  #opened = Promise.withResolvers<void>()
  #reached = Promise.withResolvers<void>()
  #isShut = false

  shut(): void {
    this.#opened = Promise.withResolvers()
    this.#reached = Promise.withResolvers()
    this.#isShut = true
  }

  async pass(): Promise<void> {
    if (!this.#isShut) return
    this.#isShut = false
    this.#reached.resolve()
    await this.#opened.promise
  }

  get reached(): Promise<void> {
    return this.#reached.promise
  }

  open(): void {
    this.#isShut = false
    this.#opened.resolve()
  }
}

/** A disk on which segments are read, and get their names, when the gates are open. */
function gatedDisk(reads: Gate, renames: Gate): FileSystem {
  return {
    ...nodeFileSystem,
    rename: async (from, to) => {
      if (to.endsWith('.seg')) await renames.pass()
      await nodeFileSystem.rename(from, to)
    },
    open: async (path, flags) => {
      const file = await nodeFileSystem.open(path, flags)
      if (flags !== 'r' || !path.endsWith('.seg')) return file
      return {
        read: async (...place) => {
          await reads.pass()
          return await file.read(...place)
        },
        write: (...place) => file.write(...place),
        truncate: (sizeBytes) => file.truncate(sizeBytes),
        sync: () => file.sync(),
        datasync: () => file.datasync(),
        stat: () => file.stat(),
        close: () => file.close(),
      }
    },
  }
}

const rows = (from: number, to: number) =>
  makeBatch(
    Array.from({ length: to - from }, (_, i) => ({
      labels: { app: 'a' },
      ...{ ms: T0 + from + i, ns: 0, line: `line ${from + i}`, metadata: {} },
    })),
  )

test('rows that come again while those of memory become a segment are known all the same', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'logboom-stored-'))
  const [reads, renames] = [new Gate(), new Gate()]
  const store = await openEmbeddedStore({
    dir,
    logger: silentLogger,
    fs: gatedDisk(reads, renames),
    fsync: { intervalMs: 1000 },
    retentionMs: () => 0,
    outOfOrderWindowMs: 3_600_000,
    compactionIntervalMs: 600_000,
  })
  try {
    await store.append('t', rows(0, 10))
    await store.flush()
    await store.append('t', rows(10, 20))
    renames.shut()
    const flushed = store.flush()
    await renames.reached
    reads.shut()
    const again = store.append('t', rows(0, 20))
    await reads.reached
    renames.open()
    await flushed
    reads.open()
    expect(await again).toMatchObject({ duplicates: 20 })
  } finally {
    reads.open()
    renames.open()
    await store.close()
    await rm(dir, { recursive: true })
  }
})
