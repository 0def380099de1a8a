import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { type LogBatch, makeDelivery } from '../../pipeline.ts'
import { DEFAULT_WAL, type WalArgs } from '../wal-args.ts'
import { openWal, type Wal, type WalEndpoint, type WalLimits } from './wal.ts'
import { makeWalMetrics } from './wal-metrics.ts'

let folder: string
let open: (() => Promise<void>)[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-wal-'))
  open = []
})
afterEach(async () => {
  for (const close of open) await close()
  rmSync(folder, { recursive: true, force: true })
})

const args: WalArgs = { ...DEFAULT_WAL, min_read_frequency: 5, max_read_frequency: 10 }
const small: WalLimits = { maxBytes: 100_000, segmentBytes: 200 }

interface TestEndpoint extends WalEndpoint {
  /** Lines that have been taken. */
  readonly lines: string[]
  readonly dropped: Record<string, number>
  /** Batches taken and not delivered yet. */
  readonly held: LogBatch[]
  /** What happens to a batch: it is delivered at once, it is held, or it waits until `release`. */
  mode: 'deliver' | 'hold' | 'block'
  isFailing: boolean
  release(isTaken: boolean): void
}

function endpoint(name: string, mode: TestEndpoint['mode'] = 'deliver'): TestEndpoint {
  let waiting: ((isTaken: boolean) => void)[] = []
  const self: TestEndpoint = {
    ...{ name, mode, isFailing: false, lines: [], dropped: {}, held: [] },
    release(isTaken) {
      for (const resolve of waiting.splice(0)) resolve(isTaken)
    },
    async push(batch) {
      if (self.mode === 'block') {
        if (!(await new Promise<boolean>((resolve) => waiting.push(resolve)))) return false
      }
      self.lines.push(...batch.entries.map(({ line }) => Buffer.from(line as string).toString()))
      if (self.mode === 'hold') {
        batch.delivery.holdCopy()
        self.held.push(batch)
      }
      return true
    },
    countDropped(_, reason, entries) {
      self.dropped[reason] = (self.dropped[reason] ?? 0) + entries
    },
  }
  waiting = []
  return self
}

interface OpenWal {
  readonly wal: Wal
  readonly metrics: Registry
  close(): Promise<void>
}

async function start(
  endpoints: TestEndpoint[],
  more: Partial<WalArgs> = {},
  limits = small,
): Promise<OpenWal> {
  const metrics = new Registry()
  const wal = await openWal({
    ...{ folder, args: { ...args, ...more }, limits, endpoints },
    ...{ metrics: makeWalMetrics(metrics), logger: silentLogger, problem: () => undefined },
  })
  let isClosed = false
  const close = async (): Promise<void> => {
    if (isClosed) return
    isClosed = true
    await wal.stopReading()
    for (const one of endpoints) one.release(false)
    await wal.close()
  }
  open.push(close)
  return { wal, metrics, close }
}

async function append(wal: Wal, lines: readonly string[], done: string[] = []): Promise<void> {
  for (const line of lines) {
    const delivery = makeDelivery(() => done.push(line))
    await wal.append({ labels: [['a', 'b']], entries: [{ tsMs: 1, tsNs: 0, line, metadata: [] }], delivery })
    delivery.done()
  }
}
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `line ${from + index}`)
const segments = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.wal'))

test('every endpoint gets everything in order, at its own pace; what all have is deleted', async () => {
  const [quick, slow] = [endpoint('quick'), endpoint('slow', 'block')]
  const { wal } = await start([quick, slow])
  const done: string[] = []
  await append(wal, numbers(0, 50), done)
  await vi.waitFor(() => expect(quick.lines).toEqual(numbers(0, 50)))
  // The source need not wait for the slow one.
  await vi.waitFor(() => expect(done).toHaveLength(50))
  expect(segments().length).toBeGreaterThan(5)
  slow.mode = 'deliver'
  slow.release(true)
  await vi.waitFor(() => expect(slow.lines).toEqual(numbers(0, 50)))
  await vi.waitFor(() => expect(segments().length).toBeLessThanOrEqual(1))
})

test('what has been handed over but not delivered is read again after a restart', async () => {
  const first = endpoint('e')
  const before = await start([first])
  await append(before.wal, numbers(0, 10))
  await vi.waitFor(() => expect(first.lines).toHaveLength(10))
  first.mode = 'hold'
  await append(before.wal, numbers(10, 15))
  await vi.waitFor(() => expect(first.lines).toHaveLength(15))
  await before.close()
  const again = endpoint('e')
  await start([again])
  await vi.waitFor(() => expect(again.lines).toEqual(numbers(10, 15)))
})

test('a new endpoint takes over from one that is gone; beside one that stays it begins with what is new', async () => {
  const [stays, goes] = [endpoint('stays'), endpoint('goes', 'block')]
  const before = await start([stays, goes])
  await append(before.wal, numbers(0, 10))
  await vi.waitFor(() => expect(stays.lines).toHaveLength(10))
  await before.close()
  const [stayed, heir] = [endpoint('stays'), endpoint('heir')]
  const during = await start([stayed, heir])
  await vi.waitFor(() => expect(heir.lines).toEqual(numbers(0, 10)))
  await append(during.wal, ['x'])
  await vi.waitFor(() => expect(stayed.lines).toEqual(['x']))
  await during.close()
  const [third, added] = [endpoint('stays'), endpoint('added')]
  const after = await start([third, endpoint('heir'), added])
  await append(after.wal, ['y'])
  await vi.waitFor(() => expect([third.lines, added.lines]).toEqual([['y'], ['y']]))
})

test('what is too old is dropped and counted, also in the segment that is being written', async () => {
  const dead = endpoint('dead', 'block')
  const { wal } = await start([dead], { max_segment_age: 200 })
  await append(wal, numbers(0, 20))
  await vi.waitFor(() => expect(segments()).toEqual([]), { timeout: 5000 })
  // One is in hand.
  expect(dead.dropped).toEqual({ wal_expired: 19 })
  dead.mode = 'deliver'
  dead.release(true)
  await append(wal, ['fresh'])
  await vi.waitFor(() => expect(dead.lines).toEqual(['line 0', 'fresh']))
})

test('a full buffer holds its source back while no endpoint gets on', async () => {
  const slow = endpoint('slow', 'block')
  const { wal } = await start([slow], {}, { maxBytes: 1000, segmentBytes: 200 })
  const written: string[] = []
  const source = (async () => {
    for (const line of numbers(0, 60)) {
      await append(wal, [line])
      written.push(line)
    }
  })()
  await vi.waitFor(() => expect(slow.lines.length + written.length).toBeGreaterThan(5))
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(written.length).toBeLessThan(30)
  slow.mode = 'deliver'
  slow.release(true)
  await source
  await vi.waitFor(() => expect(slow.lines).toEqual(numbers(0, 60)))
  expect(slow.dropped).toEqual({})
})

test('a full buffer that only a dead endpoint needs drops what is oldest for that one', async () => {
  const [alive, dead] = [endpoint('alive'), endpoint('dead', 'block')]
  const { wal } = await start([alive, dead], {}, { maxBytes: 1000, segmentBytes: 200 })
  await append(wal, numbers(0, 60))
  await vi.waitFor(() => expect(alive.lines).toEqual(numbers(0, 60)))
  dead.mode = 'deliver'
  dead.release(true)
  await vi.waitFor(() => expect(dead.lines.at(-1)).toBe('line 59'))
  expect(dead.lines.length + dead.dropped.wal_full).toBe(60)
  expect(alive.dropped).toEqual({})
})

test('broken places are skipped and counted', async () => {
  const first = endpoint('e', 'block')
  const before = await start([first], {}, { maxBytes: 100_000, segmentBytes: 50_000 })
  await append(before.wal, numbers(0, 10))
  await before.close()
  const file = join(folder, segments()[0])
  const bytes = readFileSync(file)
  bytes[bytes.indexOf('line 4')] ^= 1
  // The end of a write that did not get far.
  writeFileSync(file, Buffer.concat([bytes, bytes.subarray(0, 30)]))
  const again = endpoint('e')
  const { wal, metrics } = await start([again])
  await append(wal, ['more'])
  const expected = [...numbers(0, 10).filter((line) => line !== 'line 4'), 'more']
  await vi.waitFor(() => expect(again.lines).toEqual(expected))
  const text = await metrics.getSingleMetricAsString('loki_write_wal_watcher_record_decode_failures_total')
  expect(text).toContain('{id="e"} 2')
})

test('segments that have grown old while nobody looked are dropped at the start, counted exactly', async () => {
  const first = endpoint('e', 'block')
  const before = await start([first])
  await append(before.wal, numbers(0, 20))
  await before.close()
  for (const name of segments()) utimesSync(join(folder, name), 1, 1)
  const again = endpoint('e', 'block')
  await start([again])
  await vi.waitFor(() => expect(segments()).toEqual([]))
  again.mode = 'deliver'
  again.release(true)
  await vi.waitFor(() => expect(again.lines.length + (again.dropped.wal_expired ?? 0)).toBe(20))
})
