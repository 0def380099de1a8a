import { silentLogger } from '#base/logger.ts'
import { makeBatch } from '../testing.ts'
import { openEmbeddedStore } from './store.ts'

// A process that appends numbered rows until it is killed, and says which are acknowledged. Run by
// crash.test.ts.

const [dir, first, clients] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
process.stdout.write('opening\n')
const store = await openEmbeddedStore({
  dir,
  logger: silentLogger,
  fsync: { intervalMs: 50 },
  retentionMs: () => 0,
  outOfOrderWindowMs: 0,
  compactionIntervalMs: 600_000,
  // So small that log files are rotated and heads flushed all the time, and any of it may be cut off.
  headBytes: 1,
  walFileBytes: 8192,
  blockBytes: 1024,
})
let next = first
async function client(): Promise<void> {
  for (;;) {
    const from = next
    next += 20
    const rows = Array.from({ length: 20 }, (_, i) => ({
      labels: { app: `a${(from + i) % 3}` },
      ms: 1_700_000_000_000 + (from + i) * 40_000,
      line: `row ${from + i} ${'x'.repeat((from + i) % 90)}`,
    }))
    await store.append('t', makeBatch(rows))
    process.stdout.write(`${from}\n`)
  }
}
await Promise.all(Array.from({ length: clients }, client))
