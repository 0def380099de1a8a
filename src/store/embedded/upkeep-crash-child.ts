import { setImmediate } from 'node:timers/promises'
import { silentLogger } from '#base/logger.ts'
import { compilePlainDelete } from '../store-model.ts'
import { makeBatch } from '../testing.ts'
import { openEmbeddedStore } from './store.ts'

// A process that appends numbered rows, has some of them deleted, and merges and rewrites segments all the
// time, until it is killed. Says what is acknowledged. Run by upkeep-crash.test.ts.

const [dir, first] = [process.argv[2], Number(process.argv[3])]
const T0 = 1_700_000_000_000
const store = await openEmbeddedStore({
  dir,
  logger: silentLogger,
  fsync: { intervalMs: 50 },
  retentionMs: () => 0,
  outOfOrderWindowMs: 0,
  compactionIntervalMs: 600_000,
  compileDelete: compilePlainDelete,
  deleteCancelPeriodMs: 0,
  walFileBytes: 8192,
  blockBytes: 1024,
})

async function append(): Promise<void> {
  for (let from = first, pushes = 1; ; from += 20, pushes++) {
    const rows = Array.from({ length: 20 }, (_, i) => ({
      labels: { app: `a${(from + i) % 3}` },
      ms: T0 + (from + i) * 4000,
      line: `row ${from + i} ${(from + i) % 10 === 9 ? 'secret' : 'x'.repeat((from + i) % 90)}`,
    }))
    await store.append('t', makeBatch(rows))
    process.stdout.write(`p ${from}\n`)
    if (pushes % 4 === 0) await store.flush()
    if (pushes % 12 === 0) {
      const last = from + 19
      const query = JSON.stringify({ app: '.*', needle: 'secret' })
      await store.deletes?.add('t', { query, fromMs: T0, fromNs: 0, toMs: T0 + last * 4000, toNs: 0 })
      process.stdout.write(`d ${last}\n`)
    }
  }
}

async function upkeep(): Promise<void> {
  for (;;) {
    await store.compact()
    await store.runDeletes()
    await setImmediate()
  }
}

await Promise.all([append(), upkeep()])
