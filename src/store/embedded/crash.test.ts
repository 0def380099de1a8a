import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { collectRows, plainCells, request } from '../testing.ts'
import { openEmbeddedStore } from './store.ts'

// `npm run crash -- --rounds 200` runs more of them.
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 8)
const dir = mkdtempSync(join(tmpdir(), 'logboom-crash-'))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/**
 * Appends from row `first` on, is killed after about `afterMs`, counted from its first acknowledged push or,
 * to hit the replay, from where it begins to open the store; returns the first row of each acknowledged push.
 */
async function appendAndKill(first: number, afterMs: number, isAtStart: boolean): Promise<number[]> {
  const script = join(import.meta.dirname, 'crash-child.ts')
  const child = spawn(process.execPath, [script, dir, String(first), '3'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  let timer: NodeJS.Timeout | undefined
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    if (output === 'opening\n' && !isAtStart) return
    timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs)
  })
  await new Promise((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  // A number whose newline is missing was cut off, and may be part of a longer one.
  return output.split('\n').slice(1, -1).map(Number)
}

test(
  'kill -9 at any moment loses no acknowledged row and doubles none',
  async () => {
    const acknowledged = new Set<number>()
    let next = 0
    for (let round = 0; round < ROUNDS; round++) {
      const pushes = await appendAndKill(next, 20 + (round % 20) * 37, round % 4 === 3)
      if (pushes.length === 0) continue
      for (const push of pushes) for (let i = 0; i < 20; i++) acknowledged.add(push + i)
      // Pushes that were under way may be there or not.
      next = Math.max(...pushes) + 20 * 10
      const store = await openEmbeddedStore({
        dir,
        logger: silentLogger,
        fsync: 'always',
        retentionMs: () => 0,
        outOfOrderWindowMs: 0,
        compactionIntervalMs: 600_000,
      })
      const rows = await collectRows(store.scan('t', request()))
      const numbers = rows.map(({ line }) => Number(line.split(' ')[1]))
      const distinct = new Set(numbers)
      expect(numbers.length).toBe(distinct.size)
      expect([...acknowledged].filter((number) => !distinct.has(number))).toEqual([])
      const cells = plainCells((await store.counts('t', [], { fromMs: 0, toMs: 8e12 })) ?? [])
      expect(cells.reduce((sum, { lines }) => sum + lines, 0)).toBe(numbers.length)
      for (const { ms, line } of rows) {
        expect(ms).toBe(1_700_000_000_000 + Number(line.split(' ')[1]) * 40_000)
      }
      // Every other time the next process finds what this one left in memory in the log.
      if (round % 2 === 0) await store.flush()
      await store.close()
    }
  },
  30_000 + ROUNDS * 30_000,
)
