import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { compressSync } from 'snappy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { loadLokiConfig } from '#config/load.ts'
import { openEmbeddedStore } from '#store/embedded/store.ts'
import { createServer, type LogServer } from './server.ts'
import { storeSettings } from './store-settings.ts'
import { makeTenantLimits } from './tenant-limits.ts'

const dir = mkdtempSync(join(tmpdir(), 'logboom-server-'))
const servers: LogServer[] = []

async function start(name: string, yaml: string): Promise<string> {
  const { config } = loadLokiConfig({
    text: `
common: {path_prefix: ${join(dir, name)}}
schema_config:
  configs:
    - {from: 2024-04-01, store: tsdb, object_store: filesystem, schema: v13, index: {prefix: i, period: 24h}}
ingester: {lifecycler: {min_ready_duration: 0s}}
${yaml}`,
  })
  const limits = await makeTenantLimits(config, silentLogger)
  const settings = storeSettings(config, limits)
  const store = await openEmbeddedStore({ ...settings, logger: silentLogger, fsync: { intervalMs: 1000 } })
  const server = await createServer({
    config,
    store,
    limits,
    logger: silentLogger,
    host: '127.0.0.1',
    port: 0,
  })
  servers.push(server)
  return await server.listen()
}

const nowNs = (): string => `${Date.now()}000000`

function push(base: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${base}/loki/api/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

const one = (stream: Record<string, string>, line: string): unknown => ({
  streams: [{ stream, values: [[nowNs(), line]] }],
})

async function lines(base: string, query: string, headers: Record<string, string> = {}): Promise<string[]> {
  const response = await fetch(`${base}/loki/api/v1/query_range?query=${encodeURIComponent(query)}`, {
    headers,
  })
  const body = (await response.json()) as { data: { result: { values: [string, string][] }[] } }
  return body.data.result.flatMap(({ values }) => values.map(([, line]) => line)).sort()
}

let base: string

beforeAll(async () => {
  base = await start('main', 'auth_enabled: false')
})

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()))
  rmSync(dir, { recursive: true, force: true })
})

describe('push', () => {
  test('JSON, gzip and snappy protobuf arrive alike', async () => {
    expect((await push(base, one({ app: 'formats' }, 'json'))).status).toBe(204)
    const zipped = await fetch(`${base}/loki/api/v1/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync(JSON.stringify(one({ app: 'formats' }, 'gzip'))),
    })
    expect(zipped.status).toBe(204)
    const field = (tag: number, content: Buffer): Buffer =>
      Buffer.concat([Buffer.from([tag, content.length]), content])
    const seconds = Math.floor(Date.now() / 1000)
    const varint = Buffer.from(
      [0, 7, 14, 21, 28].map((shift, i) => ((seconds / 2 ** shift) & 0x7f) | (i < 4 ? 0x80 : 0)),
    )
    const entry = Buffer.concat([
      field(10, Buffer.concat([Buffer.from([8]), varint])),
      field(18, Buffer.from('proto')),
    ])
    const stream = Buffer.concat([field(10, Buffer.from('{app="formats"}')), field(18, entry)])
    const proto = await fetch(`${base}/loki/api/v1/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: compressSync(field(10, stream)),
    })
    expect([proto.status, await proto.text()]).toEqual([204, ''])
    const legacy = await fetch(`${base}/api/prom/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"streams":[{"labels":"{app=\\"formats\\"}","entries":[{"ts":"${new Date().toISOString()}","line":"legacy"}]}]}`,
    })
    expect(legacy.status).toBe(204)
    expect(await lines(base, '{app="formats"}')).toEqual(['gzip', 'json', 'legacy', 'proto'])
  })

  test('what is valid of a push is stored, the rest is told', async () => {
    const late = `${Date.now() - 30 * 86_400_000}000000`
    const values = [
      [nowNs(), 'fine'],
      [late, 'old one'],
      [late, 'old two'],
    ]
    const response = await push(base, { streams: [{ stream: { app: 'partial' }, values }] })
    expect(response.status).toBe(400)
    expect(await response.text()).toMatch(
      /^2 errors like: entry for stream '\{app="partial", service_name="partial"\}' has timestamp too old: /,
    )
    expect(await lines(base, '{app="partial"}')).toEqual(['fine'])
  })

  test('an answer to a truncated body is an error of the client', async () => {
    const status = await new Promise<number>((resolve) => {
      const request = httpRequest(
        `${base}/loki/api/v1/push`,
        { method: 'POST', headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' } },
        (response) => resolve(response.statusCode ?? 0),
      )
      request.end('{"streams":[{"stream":{"a":"b"},"values":[["')
    })
    expect(status).toBe(400)
  })
})

describe('tenants', () => {
  test('see only their own lines, and need a name', async () => {
    const url = await start('tenants', 'auth_enabled: true')
    const a = { 'x-scope-orgid': 'a' }
    expect((await push(url, one({ app: 'x' }, 'of a'), a)).status).toBe(204)
    expect(await lines(url, '{app="x"}', a)).toEqual(['of a'])
    expect(await lines(url, '{app="x"}', { 'x-scope-orgid': 'b' })).toEqual([])
    const cases: [string | undefined, number, string][] = [
      [undefined, 401, 'no org id\n'],
      ['a b', 400, "tenant ID 'a b' contains unsupported character ' '\n"],
      ['..', 400, "tenant ID is '.' or '..'\n"],
      ['a|b', 400, 'multiple org IDs present'],
    ]
    for (const [tenant, status, text] of cases) {
      const headers: Record<string, string> = tenant === undefined ? {} : { 'x-scope-orgid': tenant }
      const response = await fetch(`${url}/loki/api/v1/labels`, { headers })
      expect([response.status, await response.text()]).toEqual([status, text])
    }
  })

  test('can be queried together where that is switched on', async () => {
    const url = await start('together', 'auth_enabled: true\nquerier: {multi_tenant_queries_enabled: true}')
    for (const tenant of ['a', 'b', 'c']) {
      await push(url, one({ app: 'x' }, `of ${tenant}`), { 'x-scope-orgid': tenant })
    }
    const headers = { 'x-scope-orgid': 'a|b' }
    expect(await lines(url, '{app="x"}', headers)).toEqual(['of a', 'of b'])
    expect(await lines(url, '{app="x", __tenant_id__="b"}', headers)).toEqual(['of b'])
    const get = async (path: string): Promise<unknown> =>
      ((await (await fetch(`${url}/loki/api/v1/${path}`, { headers })).json()) as { data: unknown }).data
    expect(await get('labels')).toEqual(['__tenant_id__', 'app', 'service_name'])
    expect(await get('label/__tenant_id__/values')).toEqual(['a', 'b'])
    const query = encodeURIComponent('sum by (__tenant_id__) (count_over_time({app="x"}[1h]))')
    expect(await get(`query?query=${query}`)).toMatchObject({
      result: [{ metric: { __tenant_id__: 'a' } }, { metric: { __tenant_id__: 'b' } }],
    })
    expect((await push(url, one({ app: 'x' }, 'of two'), headers)).status).toBe(400)
  })

  test('have limits of their own that are read again while the server runs', async () => {
    const file = join(dir, 'overrides.yaml')
    writeFileSync(file, 'overrides: {a: {max_line_size: 5}}')
    const yaml = `auth_enabled: true\nruntime_config: {file: ${file}, period: 100ms}`
    const url = await start('overrides', yaml)
    const a = { 'x-scope-orgid': 'a' }
    expect((await push(url, one({ app: 'x' }, 'too long'), a)).status).toBe(400)
    expect((await push(url, one({ app: 'x' }, 'too long'), { 'x-scope-orgid': 'b' })).status).toBe(204)
    writeFileSync(file, 'overrides: {a: {max_line_size: 50}}')
    await expect.poll(async () => (await push(url, one({ app: 'x' }, 'too long'), a)).status).toBe(204)
    writeFileSync(file, 'overrides: {a: {max_line_size: nonsense}}')
    const metric = async (): Promise<string> => await (await fetch(`${url}/metrics`)).text()
    await expect.poll(metric).toContain('loki_runtime_config_last_reload_successful 0')
    expect((await push(url, one({ app: 'x' }, 'too long'), a)).status).toBe(204)
  })
})

describe('rates', () => {
  test('of a tenant and of a stream are held to', async () => {
    const limits = 'ingestion_rate_mb: 0.001, ingestion_burst_size_mb: 0.01, per_stream_rate_limit: 1KB'
    const yaml = `auth_enabled: false\nlimits_config: {${limits}, per_stream_rate_limit_burst: 1KB, max_global_streams_per_user: 1}`
    const url = await start('rates', yaml)
    const big = await push(url, one({ app: 'x' }, 'x'.repeat(20_000)))
    expect([big.status, await big.text()]).toEqual([
      429,
      "ingestion rate limit exceeded for user fake (limit: 1049 bytes/sec) while attempting to ingest '1' lines totaling " +
        "'20000' bytes, reduce log volume or contact your Loki administrator to see if the limit can be increased\n",
    ])
    const stream = await push(url, one({ app: 'x' }, 'x'.repeat(2000)))
    expect(stream.status).toBe(429)
    expect(await stream.text()).toContain(
      'Per stream rate limit exceeded (limit: 1KB/sec) while attempting to ingest',
    )
    const another = await push(url, one({ app: 'y' }, 'short'))
    expect([another.status, (await another.text()).slice(0, 51)]).toEqual([
      429,
      'maximum active stream limit exceeded when trying to',
    ])
  })
})

describe('limits', () => {
  test('labels that must be there, and bytes that a query may read', async () => {
    const yaml =
      'auth_enabled: false\nlimits_config: {enforced_labels: [env, team], max_query_bytes_read: 1KB}'
    const url = await start('enforced', yaml)
    const refused = await push(url, one({ app: 'x', env: 'lab' }, 'line'))
    expect([refused.status, await refused.text()]).toEqual([
      400,
      "missing required labels 'team' for user 'fake' for stream " +
        `'{app="x", env="lab", service_name="x"}' (policy: '')\n`,
    ])
    const stream = { app: 'x', env: 'lab', team: 'a' }
    expect((await push(url, one(stream, 'x'.repeat(4000)))).status).toBe(204)
    await fetch(`${url}/flush`, { method: 'POST' })
    const read = async (query: string): Promise<[number, string]> => {
      const response = await fetch(`${url}/loki/api/v1/query_range?query=${encodeURIComponent(query)}`)
      return [response.status, (await response.text()).slice(0, 43)]
    }
    expect(await read('{app="x"} |= "x"')).toEqual([400, 'the query would read too many bytes (query:'])
    expect(await read('rate({app="x"}[1m])')).toEqual([400, 'the query would read too many bytes (query:'])
    expect((await read('{app="x"}'))[0]).toBe(200)
  })

  test('what a querier may read, and limits that come with the request', async () => {
    const url = await start(
      'querier',
      'auth_enabled: false\nquerier: {per_request_limits_enabled: true}\nlimits_config: {max_querier_bytes_read: 3KB}',
    )
    expect((await push(url, one({ app: 'x' }, 'x'.repeat(2000)))).status).toBe(204)
    await fetch(`${url}/flush`, { method: 'POST' })
    const read = async (limits?: unknown): Promise<[number, string]> => {
      const headers = { 'x-loki-query-limits': JSON.stringify(limits ?? {}) }
      const response = await fetch(`${url}/loki/api/v1/query_range?query={app="x"}|="x"&limit=20`, {
        headers,
      })
      return [response.status, (await response.text()).slice(0, 46)]
    }
    expect((await read())[0]).toBe(200)
    expect(await read({ maxEntriesLimitPerQuery: 10 })).toEqual([
      400,
      'max entries limit per query exceeded, limit > ',
    ])
    expect(await read({ maxQueryBytesRead: '1KB' })).toEqual([
      400,
      'the query would read too many bytes (query: 2.',
    ])
    expect((await push(url, one({ app: 'x' }, 'y'.repeat(2000)))).status).toBe(204)
    await fetch(`${url}/flush`, { method: 'POST' })
    expect(await read()).toEqual([400, 'query too large to execute on a single querier'])
  })

  test('ingestion policies: labels that a policy enforces, and policies that are blocked', async () => {
    const url = await start(
      'policies',
      `auth_enabled: false
limits_config:
  policy_stream_mapping:
    finance: [{selector: '{namespace="fin"}', priority: 2}]
    web: [{selector: '{namespace=~"f.*|web"}', priority: 1}]
  policy_enforced_labels: {finance: [cost_center], '*': [team]}
  block_ingestion_policy_until: {web: 2099-01-01T00:00:00Z}`,
    )
    const answer = async (stream: Record<string, string>): Promise<[number, string]> => {
      const response = await push(url, one(stream, 'x'))
      return [response.status, await response.text()]
    }
    expect((await answer({ app: 'x' }))[0]).toBe(204)
    expect(await answer({ app: 'x', namespace: 'fin' })).toEqual([
      400,
      "missing required labels 'team,cost_center' for user 'fake' for stream " +
        `'{app="x", namespace="fin", service_name="x"}' (policy: 'finance')\n`,
    ])
    expect((await answer({ app: 'x', namespace: 'fin', team: 'a', cost_center: '1' }))[0]).toBe(204)
    expect(await answer({ app: 'x', namespace: 'web', team: 'a' })).toEqual([
      260,
      "ingestion blocked for user 'fake' (policy: 'web') until '2099-01-01T00:00:00Z' with status code '260'\n",
    ])
  })

  test('memory that pushes may hold', async () => {
    const url = await start('inflight', 'auth_enabled: false\ndistributor: {max_inflight_bytes: 200000}')
    const alone = await push(url, one({ app: 'x' }, 'x'.repeat(150_000)))
    expect([alone.status, (await alone.text()).slice(0, 22)]).toEqual([413, 'request body too large'])
    // A push that is never finished holds its memory until the client is gone.
    const slow = httpRequest(`${url}/loki/api/v1/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 100_000 },
    })
    slow.on('error', () => undefined)
    slow.write('{"streams":[')
    await expect.poll(async () => (await push(url, one({ app: 'x' }, 'x'.repeat(70_000)))).status).toBe(503)
    slow.destroy()
    await expect.poll(async () => (await push(url, one({ app: 'x' }, 'x'.repeat(70_000)))).status).toBe(204)
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('logboom_store_rows 1\n')
  })
})

test('the older query path answers in the older form', async () => {
  await push(base, one({ app: 'older' }, 'keep this'))
  await push(base, one({ app: 'older' }, 'not that'))
  const get = async (query: string): Promise<[number, string]> => {
    const response = await fetch(`${base}/api/prom/query?query=${encodeURIComponent(query)}&regexp=ke..`)
    return [response.status, await response.text()]
  }
  const [status, body] = await get('{app="older"}')
  expect(status).toBe(200)
  expect(JSON.parse(body)).toMatchObject({
    streams: [
      {
        labels: '{app="older", detected_level="unknown", service_name="older"}',
        entries: [{ ts: expect.stringMatching(/^\d{4}-.*Z$/), line: 'keep this' }],
      },
    ],
    stats: { summary: {} },
  })
  expect(await get('rate({app="older"}[1m])')).toEqual([
    400,
    'legacy endpoints only support streams result type',
  ])
})

describe('answers', () => {
  test('that are large are compressed for who takes it over a network', async () => {
    const values = Array.from({ length: 100 }, (_, i) => [
      `${Date.now()}00000${i % 10}`,
      `line ${i} ${'x'.repeat(30)}`,
    ])
    await push(base, { streams: [{ stream: { app: 'large' }, values }] })
    // As through a proxy: a client on the same machine gets its answers as they are.
    const get = (encoding: string, from: Record<string, string> = { via: '1.1 proxy' }): Promise<Response> =>
      fetch(`${base}/loki/api/v1/query_range?query={app="large"}`, {
        headers: { 'accept-encoding': encoding, ...from },
      })
    expect((await get('gzip', {})).headers.get('content-encoding')).toBeNull()
    expect((await get('gzip, deflate')).headers.get('content-encoding')).toBe('gzip')
    expect((await get('identity')).headers.get('content-encoding')).toBeNull()
    expect((await get('gzip;q=0')).headers.get('content-encoding')).toBeNull()
    const found = async (encoding: string): Promise<unknown> => {
      const body = (await (await get(encoding)).json()) as { data: { result: unknown } }
      return body.data.result
    }
    expect(await found('gzip')).toEqual(await found('identity'))
  }, 20_000)
})

test('closing ends within seconds and refuses what comes after', async () => {
  const url = await start('closing', 'auth_enabled: false')
  await push(url, one({ app: 'x' }, 'kept'))
  await servers.pop()?.close()
  await expect(fetch(`${url}/ready`)).rejects.toThrow()
})
