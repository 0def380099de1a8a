import { setImmediate as turn } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { OperatorError } from '#base/errors.ts'
import type { PlainRow } from '#store/testing.ts'
import { makeRandom } from './crash/writers.ts'
import { FaultyStore } from './store-faults/faulty-store.ts'
import type { DiskCall, Fault } from './store-faults/simulated-disk.ts'

const SEEDS = Number(process.env.FAULT_SEEDS ?? 80)
const FIRST_SEED = Number(process.env.FAULT_SEED ?? 1)
const T0 = 1_700_000_000_000
const WAIT = { timeout: 10_000, interval: 2 }
const DAY_MS = 86_400_000

type Random = () => number

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]
}

const CALLS: readonly DiskCall[] = [
  'open',
  'write',
  'write',
  'write',
  'sync',
  'sync',
  'sync',
  'truncate',
  'rename',
  'unlink',
  'close',
  'mkdir',
]

function randomFault(random: Random, call: DiskCall): Fault {
  const code = pick(random, ['EIO', 'ENOSPC', 'EIO', 'EDQUOT'])
  const way = random()
  if (call === 'write' && way < 0.4) return { kind: 'partial', share: random(), code }
  if (call === 'write' && way < 0.6) return { kind: 'partial', share: 0.1 + random() * 0.8 }
  if (way > 0.85) return { kind: 'done', code }
  return { kind: 'error', code }
}

/** Rows of a few streams and days, no two alike. */
function makeRows(random: Random, counter: { next: number }): PlainRow[] {
  return Array.from({ length: 1 + Math.floor(random() * 12) }, () => {
    const number = counter.next++
    return {
      labels: { app: pick(random, ['a', 'b', 'c']) },
      ms: T0 + number * 1000 - (random() < 0.1 ? Math.floor(random() * 2 * DAY_MS) : 0),
      line: `n${number} ${'x'.repeat(Math.floor(random() * 120))}`,
    }
  })
}

/** One life of a store with its faults; every deviation found on the way. */
async function live(seed: number): Promise<{ deviations: string[]; injected: number }> {
  const random = makeRandom(seed)
  const isAlways = random() < 0.7
  const faulty = new FaultyStore(random, {
    fsync: isAlways ? 'always' : { intervalMs: 3 },
    headBytes: pick(random, [1, 16 << 20]),
  })
  const deviations: string[] = []
  const counter = { next: 0 }
  /** Pushes that were refused or never answered, which their client sends again. */
  let owed: PlainRow[][] = []
  const push = async (rows: PlainRow[]): Promise<void> => {
    if (!(await faulty.push(rows))) owed.push(rows)
  }
  const reopen = async (): Promise<void> => {
    try {
      await faulty.open()
    } catch (thrown) {
      if (!(thrown instanceof OperatorError)) throw thrown
      faulty.disarm()
      await faulty.open()
    }
  }
  const check = async (): Promise<void> => {
    faulty.disarm()
    for (const each of await faulty.deviations()) deviations.push(`seed ${seed}: ${each}`)
  }
  const crash = async (): Promise<void> => {
    const racing = [push(makeRows(random, counter)), push(makeRows(random, counter))]
    for (let turns = Math.floor(random() * 12); turns > 0; turns--) await turn()
    const losesPower = random() < 0.5
    faulty.kill()
    await Promise.all(racing)
    if (losesPower) faulty.disk.losePower()
    await reopen()
    if (losesPower && !isAlways) await faulty.acceptLoss()
    await check()
  }
  try {
    await faulty.open()
    for (let step = 0; step < 40; step++) {
      const way = random()
      if (way < 0.5) await push(makeRows(random, counter))
      else if (way < 0.6)
        await Promise.all([push(makeRows(random, counter)), push(makeRows(random, counter))])
      else if (way < 0.68) await faulty.store?.flush().catch(expectOperatorError)
      else if (way < 0.88) {
        const call = pick(random, CALLS)
        const times = random() < 0.2 ? 4 : 1
        faulty.arm(call, randomFault(random, call), Math.floor(random() * 5), times)
      } else if (way < 0.91) faulty.disk.capacityBytes = faulty.disk.usedBytes + Math.floor(random() * 3000)
      else if (way < 0.96) await crash()
      else {
        faulty.disarm()
        const again = owed
        owed = []
        for (const rows of again) await push(rows)
      }
    }
    faulty.disarm()
    for (const rows of owed) await vi.waitFor(async () => expect(await faulty.push(rows)).toBe(true), WAIT)
    await crash()
    await faulty.store?.close()
    await reopen()
    await check()
    return { deviations, injected: faulty.injected }
  } finally {
    await faulty.end()
  }
}

function expectOperatorError(thrown: unknown): void {
  if (!(thrown instanceof OperatorError)) throw thrown
}

test('a store survives what a disk can do to it', { timeout: 60_000 + SEEDS * 2000 }, async () => {
  let injected = 0
  const deviations: string[] = []
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const life = await live(seed).catch((thrown: unknown) => {
      throw new Error(`seed ${seed}: ${thrown instanceof Error ? thrown.stack : String(thrown)}`)
    })
    injected += life.injected
    deviations.push(...life.deviations)
  }
  expect(deviations.slice(0, 20)).toEqual([])
  if (SEEDS >= 80) expect(injected).toBeGreaterThanOrEqual(200)
})
