import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { queryRange } from '#logql/engine/engine.ts'
import { openEmbeddedStore } from '#store/embedded/store.ts'
import { makeBatch, type PlainRow } from '#store/testing.ts'
import type { LogStore } from '#store/types.ts'

const T0 = 1_790_000_000_000
const ROWS = 200
const ID = '7d9f2c51e0b84a36'

let dir = ''
let store: LogStore

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'logboom-needles-'))
  store = await openEmbeddedStore({
    dir,
    logger: silentLogger,
    fsync: { intervalMs: 1000 },
    retentionMs: () => 0,
    outOfOrderWindowMs: 3_600_000,
    compactionIntervalMs: 600_000,
  })
})

afterEach(async () => {
  await store.close()
  await rm(dir, { recursive: true })
})

/** Lines of a stream, one of them special. */
function rowsOf(app: string, special: Partial<PlainRow>, labels: Record<string, string> = {}): PlainRow[] {
  return Array.from({ length: ROWS }, (_, i) => ({
    labels: { app, ...labels },
    ms: T0 + i,
    ns: 0,
    line: `{"level":"info","n":${i},"request_id":"${(i * 7919).toString(16).padStart(16, 'a')}"}`,
    metadata: { detected_level: 'info' },
    ...(i === 77 ? special : {}),
  }))
}

async function ask(query: string, shortcuts = true) {
  const settings = {
    query,
    ...{ startMs: T0 - 1000, startNs: 0, endMs: T0 + 10_000, endNs: 0, stepMs: 1000, intervalMs: 0 },
    ...{ limit: 100, direction: 'forward' as const, shortcuts },
  }
  const limits = { max_query_series: 100, max_query_memory: 0, query_timeout: 60_000 }
  const result = await queryRange(store, 't', settings, limits, new AbortController().signal)
  if (result.type !== 'streams') throw new Error('expected streams')
  const lines = result.streams.flatMap(({ entries }) => entries.map(({ line }) => line))
  return { lines: lines.map(String), stats: result.stats }
}

describe('a value of a field', () => {
  test.each([
    ['json', `| json | request_id="${ID}"`],
    ['one of several', `| json | request_id=~"${ID}|0c41e9b2d7f3a865"`],
    ['logfmt', `| logfmt | request_id="${ID}"`],
    ['in a sub-object', `| json | request_id="${ID}"`],
  ])('is looked for in the blocks that may have it: %s', async (kind, stages) => {
    const line = {
      logfmt: `level=info request_id=${ID}`,
      'in a sub-object': `{"request":{"id":"${ID}"}}`,
    }[kind]
    const special = { line: line ?? `{"level":"info","request_id":"${ID}"}` }
    await store.append('t', makeBatch([...rowsOf('with', special), ...rowsOf('without', {})]))
    await store.flush()
    const { lines, stats } = await ask(`{app=~".+"} ${stages}`)
    expect(lines).toEqual([special.line])
    expect(stats).toMatchObject({ blocks: 2, blocksPruned: 1 })
  })

  test.each<[string, Partial<PlainRow>, Record<string, string>]>([
    ['spelled with an escape', { line: `{"request_id":"\\u0037${ID.slice(1)}"}` }, {}],
    ['in structured metadata', { metadata: { request_id: ID } }, {}],
    ['a label of the stream', {}, { request_id: ID }],
  ])('is found where no filter knows it: %s', async (_, special, labels) => {
    await store.append('t', makeBatch(rowsOf('only', special, labels)))
    await store.flush()
    const query = `{app="only"} | json | request_id="${ID}"`
    const { lines, stats } = await ask(query)
    expect(lines).toEqual((await ask(query, false)).lines)
    expect(lines.length).toBe('request_id' in labels ? 100 : 1)
    expect(stats).toMatchObject({ blocks: 1, blocksPruned: 0 })
  })
})
