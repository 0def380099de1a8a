import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { loadLokiConfig } from '#config/load.ts'
import { type EmbeddedStore, openEmbeddedStore } from '#store/embedded/store.ts'
import { collectRows, request } from '#store/testing.ts'
import { createServer, type LogServer } from './server.ts'
import { storeSettings } from './store-settings.ts'
import { makeTenantLimits } from './tenant-limits.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const root = mkdtempSync(join(tmpdir(), 'logboom-keeping-'))
const servers = new Set<LogServer>()
afterAll(async () => {
  for (const server of servers) await server.close()
  rmSync(root, { recursive: true, force: true })
})

interface Running {
  readonly url: string
  readonly store: EmbeddedStore
  /** Moves the store's clock. */
  later(ms: number): void
  close(): Promise<void>
}

const RETAINING =
  'compactor: {retention_enabled: true, delete_request_store: filesystem, retention_delete_delay: 0s}'

async function start(name: string, yaml: string, keeping = RETAINING): Promise<Running> {
  const dir = join(root, name)
  const { config } = loadLokiConfig({
    text: `
common: {path_prefix: ${dir}}
schema_config:
  configs:
    - {from: 2024-04-01, store: tsdb, object_store: filesystem, schema: v13, index: {prefix: i, period: 24h}}
ingester: {lifecycler: {min_ready_duration: 0s}, max_chunk_age: 2400h}
${keeping}
${yaml}`,
  })
  let aheadMs = 0
  const limits = await makeTenantLimits(config, silentLogger)
  const store = await openEmbeddedStore({
    ...storeSettings(config, limits),
    logger: silentLogger,
    fsync: { intervalMs: 1000 },
    clock: () => Date.now() + aheadMs,
  })
  const server = await createServer({
    config,
    store,
    limits,
    logger: silentLogger,
    host: '127.0.0.1',
    port: 0,
  })
  servers.add(server)
  const close = async (): Promise<void> => {
    servers.delete(server)
    await server.close()
  }
  const later = (ms: number): void => {
    aheadMs += ms
  }
  return { url: await server.listen(), store, later, close }
}

const LIMITS = 'auth_enabled: false\nlimits_config: {reject_old_samples: false, volume_enabled: true}'

async function push(url: string, stream: Record<string, string>, lines: [ms: number, line: string][]) {
  const values = lines.map(([ms, line]) => [`${ms}000000`, line])
  const response = await fetch(`${url}/loki/api/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ streams: [{ stream, values }] }),
  })
  expect(response.status).toBe(204)
}

async function get(url: string, path: string, parameters: Record<string, string>): Promise<unknown> {
  const response = await fetch(`${url}${path}?${new URLSearchParams(parameters)}`)
  const text = await response.text()
  expect([response.status, text]).toEqual([200, text])
  return JSON.parse(text)
}

type Answer = { data: { result: { values: [string, string][]; value: [number, string] }[] } }

async function linesOf(url: string, query: string): Promise<string[]> {
  const now = Date.now()
  const range = { start: `${now - 20 * DAY}000000`, end: `${now + HOUR}000000`, limit: '1000' }
  const { data } = (await get(url, '/loki/api/v1/query_range', { query, ...range })) as Answer
  return data.result.flatMap(({ values }) => values.map(([, line]) => line)).sort()
}

async function numberOf(url: string, query: string): Promise<number> {
  const time = String(Math.ceil(Date.now() / 60_000) * 60)
  const { data } = (await get(url, '/loki/api/v1/query', { query, time })) as Answer
  return Number(data.result[0]?.value[1] ?? 0)
}

function deleteCall(url: string, method: string, parameters: Record<string, string>): Promise<Response> {
  return fetch(`${url}/loki/api/v1/delete?${new URLSearchParams(parameters)}`, { method })
}

const seconds = (ms: number): string => String(Math.floor(ms / 1000))
const rfc = (ms: number): string => new Date(ms).toISOString()

describe('the delete API', () => {
  test.each<[name: string, parameters: Record<string, string>, answer: string]>([
    ['no query', { start: seconds(Date.now() - HOUR) }, 'query not set'],
    ['a metric query', { query: 'rate({a="b"}[5m])', start: '1700000000' }, 'invalid query expression'],
    ['nonsense', { query: '{a=', start: '1700000000' }, 'invalid query expression'],
    ['no start', { query: '{a="b"}' }, 'start time not set'],
    [
      'a start in milliseconds',
      { query: '{a="b"}', start: '1700000000000' },
      'invalid start time: require unix seconds or RFC3339 format',
    ],
    [
      'an end that is none',
      { query: '{a="b"}', start: '1700000000', end: 'now' },
      'invalid end time: require unix seconds or RFC3339 format',
    ],
    [
      'an end to come',
      { query: '{a="b"}', start: '1700000000', end: rfc(Date.now() + DAY) },
      'deletes in the future are not allowed',
    ],
    [
      'an end before the start',
      { query: '{a="b"}', start: '1700000001', end: '1700000001' },
      "start time can't be greater than or equal to end time",
    ],
    [
      'an interval that is none',
      { query: '{a="b"} |= "x"', start: '1700000000', max_interval: '1d' },
      "invalid max_interval: valid time units are 's', 'm', 'h'",
    ],
    [
      'an interval above the limit',
      { query: '{a="b"} |= "x"', start: '1700000000', max_interval: '25h' },
      "max_interval can't be greater than 24h0m0s",
    ],
    [
      'an interval above the length',
      { query: '{a="b"} |= "x"', start: '1700000000', end: '1700002900', max_interval: '1h' },
      "max_interval can't be greater than the interval to be deleted (48m20s)",
    ],
  ])('refuses %s', async (name, parameters, answer) => {
    const { url, close } = await start(`refuses ${name.replace(/\W/g, '')}`, LIMITS)
    const response = await deleteCall(url, 'POST', parameters)
    expect([response.status, await response.text()]).toEqual([400, `${answer}\n`])
    expect(await get(url, '/loki/api/v1/delete', {})).toEqual([])
    await close()
  })

  test('is there only with retention, and for tenants whose mode allows it', async () => {
    const off = await start('off', LIMITS, '')
    expect((await deleteCall(off.url, 'GET', {})).status).toBe(404)
    await off.close()
    const disabled = await start('disabled', `${LIMITS.slice(0, -1)}, deletion_mode: disabled}`)
    const response = await deleteCall(disabled.url, 'PUT', { query: '{}', start: '1700000000' })
    expect([response.status, await response.text()]).toEqual([
      403,
      'deletion is not available for this tenant\n',
    ])
    await disabled.close()
  })

  test('lists and takes back', async () => {
    const { url, store, later, close } = await start('lists', LIMITS)
    const from = Date.now() - HOUR
    await push(url, { app: 'a' }, [[from + 1000, 'one']])
    const made = await deleteCall(url, 'PUT', { query: '{app="a"}', start: rfc(from), end: rfc(from + 5000) })
    const id = made.headers.get('x-delete-request-id') ?? ''
    expect([made.status, id]).toEqual([204, expect.stringMatching(/^[0-9a-f]{8}$/)])
    expect(await get(url, '/loki/api/v1/delete', {})).toEqual([
      {
        request_id: id,
        start_time: Math.floor(from / 1000),
        end_time: Math.floor((from + 5000) / 1000),
        query: '{app="a"}',
        status: 'received',
        created_at: expect.any(Number),
        user_id: '',
      },
    ])
    const elsewhere = { start: seconds(from - DAY), end: seconds(from - HOUR) }
    expect(await get(url, '/loki/api/v1/delete', elsewhere)).toEqual([])
    expect(await linesOf(url, '{app="a"}')).toEqual([])
    const cancel = async (parameters: Record<string, string>): Promise<[number, string]> => {
      const response = await deleteCall(url, 'DELETE', parameters)
      return [response.status, await response.text()]
    }
    expect(await cancel({})).toEqual([400, 'request_id not set\n'])
    expect(await cancel({ request_id: 'ffffffff0' })).toEqual([
      404,
      'could not find delete request with given id\n',
    ])
    later(25 * HOUR)
    const [status, text] = await cancel({ request_id: id })
    expect(status).toBe(400)
    expect(text).toContain('past the deadline of 24h0m0s since its creation is not allowed. To force')
    expect(await cancel({ request_id: id, force: 'true' })).toEqual([204, ''])
    expect(await linesOf(url, '{app="a"}')).toEqual(['one'])
    const again = await deleteCall(url, 'POST', {
      query: '{app="a"}',
      start: rfc(from),
      end: rfc(from + 5000),
    })
    later(25 * HOUR)
    await store.runDeletes()
    const request_id = again.headers.get('x-delete-request-id') ?? ''
    expect(await cancel({ request_id, force: 'true' })).toEqual([
      400,
      'deletion of request which is in process or already processed is not allowed\n',
    ])
    expect(await get(url, '/loki/api/v1/delete', {})).toMatchObject([{ status: 'processed' }])
    await close()
  })
})

describe('deleted lines', () => {
  // A whole minute long ago, so that counters answer for whole minutes.
  const from = Math.floor((Date.now() - 3 * HOUR) / 60_000) * 60_000
  const lines = Array.from({ length: 300 }, (_, i): [number, string] => [
    from + i * 2000,
    JSON.stringify({
      n: i,
      user: i % 3 === 0 ? 'ada' : 'bob',
      note: i % 5 === 0 ? 'password hunter2' : 'ok',
    }),
  ])
  const isAda = (line: string): boolean => line.includes('ada')

  test.each<[name: string, query: string, isMeant: (line: string) => boolean]>([
    ['by selector', '{app="a"}', () => true],
    ['by text', '{app="a"} |= "hunter2"', (line) => line.includes('hunter2')],
    ['by field', '{app="a"} | json | user="ada"', isAda],
    ['by all of it', '{app=~"a|z"} |~ "hunter[0-9]" != "bob" | json | user="ada" | n < 100', isAdaBelow100],
  ])('%s are hidden at once, everywhere, and gone from disk a day later', async (name, query, isMeant) => {
    const { url, store, later, close } = await start(`deleted ${name}`, LIMITS)
    await push(url, { app: 'a' }, lines.slice(0, 200))
    await store.flush()
    await push(url, { app: 'a' }, lines.slice(200))
    await push(url, { app: 'b' }, lines)
    // Up to and with line 250; a day's time hides no more.
    const end = rfc(from + 250 * 2000)
    const response = await deleteCall(url, 'POST', { query, start: seconds(from), end })
    expect(response.status).toBe(204)
    const kept = lines.filter(([, line], i) => i > 250 || !isMeant(line)).map(([, line]) => line)

    const check = async (at: string): Promise<void> => {
      expect(await linesOf(at, '{app="a"}')).toEqual([...kept].sort())
      expect(await linesOf(at, '{app="a"} |= "password"')).toEqual(
        kept.filter((line) => line.includes('password')).sort(),
      )
      expect((await linesOf(at, '{app="b"}')).length).toBe(300)
      expect(await numberOf(at, 'sum(count_over_time({app="a"}[6h]))')).toBe(kept.length)
      expect(await numberOf(at, 'sum(bytes_over_time({app="a"}[6h]))')).toBe(kept.join('').length)
      expect(await numberOf(at, 'sum(count_over_time({app="a"} | json | user="ada" [6h]))')).toBe(
        kept.filter(isAda).length,
      )
      const volume = (await get(at, '/loki/api/v1/index/volume', {
        query: '{app="a"}',
        start: seconds(from - HOUR),
        end: seconds(from + HOUR),
      })) as Answer
      // Each line has the metadata detected_level="unknown", whose value counts.
      const size = kept.reduce((sum, line) => sum + line.length + 'unknown'.length, 0)
      expect(Number(volume.data.result[0]?.value[1] ?? 0)).toBe(size)
    }
    await check(url)
    const running = store
      .scan('fake', request({ limitHint: 1, direction: 'forward' }))
      [Symbol.asyncIterator]()
    await running.next()
    later(25 * HOUR)
    const run = await store.runDeletes()
    expect(run.rows).toBe(300 - kept.length)
    await check(url)
    await running.return?.()
    await store.runDeletes()
    expect(await get(url, '/loki/api/v1/delete', {})).toMatchObject([{ status: 'processed' }])
    await close()
    expect((await readAll(`deleted ${name}`)).sort()).toEqual([...kept, ...lines.map(([, l]) => l)].sort())
  })

  function isAdaBelow100(line: string): boolean {
    return line.includes('hunter2') && isAda(line) && Number(/"n":(\d+)/.exec(line)?.[1]) < 100
  }

  test('stay hidden after a restart, and in filter-only mode for ever', async () => {
    const filterOnly = `${LIMITS.slice(0, -1)}, deletion_mode: filter-only}`
    const first = await start('restart', filterOnly)
    await push(first.url, { app: 'a' }, lines)
    const parameters = { query: '{app="a"} |= "hunter2"', start: seconds(from), end: rfc(from + HOUR) }
    expect((await deleteCall(first.url, 'POST', parameters)).status).toBe(204)
    await first.close()
    const second = await start('restart', filterOnly)
    expect(await linesOf(second.url, '{app="a"} |= "hunter2"')).toEqual([])
    second.later(90 * DAY)
    expect((await second.store.runDeletes()).rows).toBe(0)
    expect(await linesOf(second.url, '{app="a"} |= "hunter2"')).toEqual([])
    await second.close()
    expect((await readAll('restart')).length).toBe(300)
  })

  /** Every line that is in a file, whatever was asked to be deleted: the requests are forgotten first. */
  async function readAll(name: string): Promise<string[]> {
    const dir = join(root, name, 'chunks')
    for (const file of readdirSync(join(dir, 'wal'))) {
      expect(readFileSync(join(dir, 'wal', file), 'latin1')).not.toContain('hunter2')
    }
    rmSync(join(dir, 'deletes.json'))
    const store = await openEmbeddedStore({
      dir,
      logger: silentLogger,
      fsync: 'always',
      retentionMs: () => 0,
      outOfOrderWindowMs: 0,
      compactionIntervalMs: HOUR,
    })
    const rows = await collectRows(store.scan('fake', request()))
    await store.close()
    return rows.map(({ line }) => line)
  }
})

describe('retention', () => {
  test('by stream: the highest priority, then the shortest, then the tenant’s own', async () => {
    const { url, store, close } = await start(
      'streams',
      `auth_enabled: false
limits_config:
  reject_old_samples: false
  retention_period: 240h
  retention_stream:
    - {selector: '{app=~"a.*"}', priority: 1, period: 24h}
    - {selector: '{app="ab"}', priority: 2, period: 144h}
    - {selector: '{app="ac"}', priority: 1, period: 96h}
    - {selector: '{env="dev"}', priority: 1, period: 24h}`,
    )
    const now = Date.now()
    const days = [0, 1, 2, 3, 5, 8, 12]
    const streams: Record<string, string>[] = [
      { app: 'a' },
      { app: 'ab' },
      { app: 'ac' },
      { app: 'b' },
      { app: 'b', env: 'dev' },
    ]
    for (const stream of streams) {
      const old = days.map((day): [number, string] => [now - day * DAY - HOUR, `${day}`])
      await push(url, stream, old)
    }
    await store.flush()
    const run = await store.runRetention()
    expect(run.rewritten).toBeGreaterThan(0)
    const kept = async (selector: string): Promise<number[]> =>
      (await linesOf(url, selector)).map(Number).sort((a, b) => a - b)
    // A day goes when all of it is past its retention: up to a day later.
    const within = (periodDays: number) => (found: number[]) => {
      expect(found).toEqual(expect.arrayContaining(days.filter((day) => day < periodDays)))
      expect(found.filter((day) => day > periodDays + 1)).toEqual([])
    }
    within(1)(await kept('{app="a"}'))
    within(6)(await kept('{app="ab"}'))
    within(1)(await kept('{app="ac"}'))
    within(10)(await kept('{app="b", env=""}'))
    within(1)(await kept('{app="b", env="dev"}'))
    const all = await kept('{app=~".+"}')
    expect(await numberOf(url, 'sum(count_over_time({app=~".+"}[20d]))')).toBe(all.length)
    const status = (await get(url, '/logboom/api/v1/status', {})) as ReturnType<EmbeddedStore['status']>
    expect(status.tenants[0].days.reduce((sum, { rows }) => sum + rows, 0)).toBe(all.length)
    expect(status.lastRetention?.rows).toBe(days.length * streams.length - all.length)
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toContain(`logboom_store_retention_rows ${status.lastRetention?.rows}`)
    const [{ day, sizeBytes }] = status.tenants[0].days
    expect(metrics).toContain(`logboom_store_day_bytes{tenant="fake",day="${day}"} ${sizeBytes}\n`)
    await close()
  })
})
