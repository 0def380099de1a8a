import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { makeBatch } from '../testing.ts'
import { inspectSegment } from './inspect-segment.ts'
import { openEmbeddedStore } from './store.ts'

const T0 = 1_700_000_000_000
const dir = mkdtempSync(join(tmpdir(), 'logboom-inspect-'))
let segment: string
let whole: Buffer

beforeAll(async () => {
  const store = await openEmbeddedStore({
    dir,
    logger: silentLogger,
    fsync: { intervalMs: 1000 },
    retentionMs: () => 0,
    outOfOrderWindowMs: 0,
    compactionIntervalMs: 600_000,
    blockBytes: 16_000,
  })
  const rows = Array.from({ length: 900 }, (_, i) => ({
    labels: { app: i % 3 === 0 ? 'web' : 'jobs' },
    ms: T0 + i,
    metadata: { detected_level: i % 2 === 0 ? 'info' : 'warn' },
    line:
      i % 3 === 0
        ? JSON.stringify({ level: 30, http: { path: `/api/${i % 7}`, ms: i / 4 }, id: i * 7919 })
        : `job=${i} took ${i * 3}ms state=done`,
  }))
  await store.append('t', makeBatch(rows))
  await store.append('t', makeBatch([{ labels: { app: 'few' }, ms: T0, line: 'plain' }]))
  await store.close()
  const name = readdirSync(dir, { recursive: true, encoding: 'utf8' }).find((each) => each.endsWith('.seg'))
  segment = join(dir, String(name))
  whole = readFileSync(segment)
})

afterAll(() => rmSync(dir, { recursive: true, force: true }))

test('a whole segment is described', async () => {
  const report = await inspectSegment(segment)
  expect(report).toMatchObject({
    sizeBytes: whole.length,
    properties: { tenant: 't', rows: 901 },
    counters: { lines: 901, linesByLevel: { '': 1, info: 450, warn: 450 } },
    problems: [],
  })
  expect(report.streams.map(({ labels, rows }) => [labels, rows])).toEqual([
    ['{app="few"}', 1],
    ['{app="jobs"}', 600],
    ['{app="web"}', 300],
  ])
  expect(report.blocks.map(({ codec }) => codec)).toContain('plain')
  expect(report.blocks.reduce((sum, { shapes }) => sum + (shapes ?? 0), 0)).toBeGreaterThan(0)
  const path = report.columns.find(({ key }) => key === 'http.path')
  // The last rows of the stream are too few for columns.
  expect(path).toMatchObject({ origin: 'json', values: 266, textBytes: 266 * 6 })
  expect(Object.keys(path?.encodings ?? {}).length).toBeGreaterThan(0)
})

describe('damage', () => {
  async function damaged(change: (path: string, bytes: Buffer) => void) {
    const path = join(dir, 'damaged.seg')
    writeFileSync(path, whole)
    change(path, Buffer.from(whole))
    return inspectSegment(path)
  }
  const flip = (offset: number) => (path: string, bytes: Buffer) => {
    bytes[offset] ^= 0x10
    writeFileSync(path, bytes)
  }

  test('in any byte is found, and nothing throws', async () => {
    for (let offset = 0; offset < whole.length; offset += 97) {
      const { problems } = await damaged(flip(offset))
      expect([offset, problems.length > 0]).toEqual([offset, true])
    }
  })

  test('in a block names its place; the rest is still described', async () => {
    const { blocks } = await inspectSegment(segment)
    const at = blocks[1].offset + blocks[1].storedBytes - 10
    const report = await damaged(flip(at))
    expect(report.problems.length).toBe(1)
    expect(report.problems[0].offset).toBeGreaterThanOrEqual(blocks[1].offset)
    expect(report.problems[0].offset).toBeLessThanOrEqual(at)
    expect(report.blocks.length).toBe(blocks.length)
  })

  test('of the end leaves nothing but the message', async () => {
    const report = await damaged((path) => truncateSync(path, whole.length - 5))
    expect(report).toMatchObject({ properties: undefined, blocks: [], streams: [] })
    expect(report.problems).toEqual([
      { offset: whole.length - 5 - 96, problem: 'the file does not end as a segment does' },
    ])
  })

  test('of a file that is none, or is not there', async () => {
    const path = join(dir, 'none.seg')
    writeFileSync(path, 'not a segment')
    expect((await inspectSegment(path)).problems.length).toBe(2)
    await expect(inspectSegment(join(dir, 'missing.seg'))).rejects.toMatchObject({ code: 'segment_io' })
  })
})
