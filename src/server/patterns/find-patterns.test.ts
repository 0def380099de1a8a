import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { openEmbeddedStore } from '#store/embedded/store.ts'
import { equal, makeBatch } from '#store/testing.ts'
import type { LogStore } from '#store/types.ts'
import { findPatterns, type PatternRequest } from './find-patterns.ts'

const HOUR_MS = 3_600_000
const fromMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 4 * HOUR_MS
const dir = mkdtempSync(join(tmpdir(), 'logboom-patterns-'))
let store: LogStore

beforeAll(async () => {
  store = await openEmbeddedStore({
    dir,
    logger: silentLogger,
    fsync: { intervalMs: 1000 },
    retentionMs: () => 0,
    outOfOrderWindowMs: 0,
    compactionIntervalMs: 600_000,
  })
  // Four hours; the third has three times as many lines.
  const counts = [9000, 9000, 27_000, 9000]
  for (const [hour, count] of counts.entries()) {
    const rows = Array.from({ length: count }, (_, i) => ({
      labels: { app: 'a' },
      ms: fromMs + hour * HOUR_MS + Math.floor((i * HOUR_MS) / count),
      ns: i % 1000,
      line: i % 3 === 0 ? `order ${i} was declined` : `GET /items/${i} ok`,
    }))
    await store.append('t', makeBatch(rows))
  }
})

afterAll(async () => {
  await store.close()
  rmSync(dir, { recursive: true, force: true })
})

async function hours(more: Partial<PatternRequest>): Promise<Record<string, number[]>> {
  const request: PatternRequest = {
    matchers: [equal('app', 'a')],
    fromMs,
    toMs: fromMs + 4 * HOUR_MS,
    stepMs: HOUR_MS,
    keys: [],
    maxLineBytes: 3000,
    maxPatterns: 300,
    evictionRatio: 0.25,
    maxRows: 1_000_000,
    maxMined: 1_000_000,
    ...more,
  }
  const found = await findPatterns(store, 't', request, new AbortController().signal)
  return Object.fromEntries(found.map(({ pattern, samples }) => [pattern, samples.map(([, lines]) => lines)]))
}

const EXACT = {
  'GET <_> ok': [6000, 6000, 18_000, 6000],
  'order <_> was declined': [3000, 3000, 9000, 3000],
}

for (const where of ['memory', 'columns']) {
  test(`counts every row in ${where} below the limits`, async () => {
    if (where === 'columns') await store.flush()
    expect(await hours({})).toEqual(EXACT)
  })

  test(`counts shares of parts in ${where} above them, and lays them where the lines were`, async () => {
    for (const limits of [{ maxRows: 5400 }, { maxMined: 5000 }, { maxRows: 10_000, maxMined: 4000 }]) {
      const found = await hours(limits)
      expect(Object.keys(found)).toEqual(Object.keys(EXACT))
      for (const [pattern, exact] of Object.entries(EXACT)) {
        for (const [hour, lines] of exact.entries()) {
          expect(Math.abs(found[pattern][hour] / lines - 1)).toBeLessThan(0.15)
        }
      }
    }
  })
}

test('ends when it is told to', async () => {
  const abort = AbortSignal.abort(new Error('enough'))
  const request = { matchers: [], fromMs, toMs: fromMs + 1, stepMs: 1000, keys: [], maxLineBytes: 1 }
  const limits = { maxPatterns: 1, evictionRatio: 1, maxRows: 1, maxMined: 1 }
  await expect(findPatterns(store, 't', { ...request, ...limits }, abort)).rejects.toThrow('enough')
})
