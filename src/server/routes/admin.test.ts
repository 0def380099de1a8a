import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../testing.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer('auth_enabled: false\nlimits_config: {max_query_series: 77}')
})
afterAll(() => server.close())

async function ask(
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<[number, string]> {
  const response = await fetch(server.url + path, { method, headers })
  return [response.status, await response.text()]
}

test.each([
  '/ring',
  '/distributor/ring',
  '/ingester/ring',
  '/compactor/ring',
  '/scheduler/ring',
  '/ruler/ring',
])('%s has one member, as a page and as JSON', async (path) => {
  const [status, page] = await ask('GET', path)
  expect([status, page]).toEqual([200, expect.stringContaining('ACTIVE')])
  const [, json] = await ask('GET', path, { accept: 'application/json' })
  expect(JSON.parse(json)).toMatchObject({ shards: [{ state: 'ACTIVE', read_only: false, zone: '' }] })
})

test('paths that a single process has in words only', async () => {
  expect(await ask('GET', '/memberlist')).toEqual([200, "This instance doesn't use memberlist."])
  expect((await ask('GET', '/pattern/ring'))[0]).toBe(404)
  expect(await ask('GET', '/ingester/prepare_shutdown')).toEqual([200, 'unset'])
  expect((await ask('POST', '/ingester/prepare_shutdown'))[0]).toBe(204)
  expect(await ask('GET', '/ingester/prepare_shutdown')).toEqual([200, 'set'])
  expect((await ask('DELETE', '/ingester/prepare_shutdown'))[0]).toBe(204)
  expect(await ask('GET', '/ingester/prepare_shutdown')).toEqual([200, 'unset'])
  expect((await ask('POST', '/flush/tenant'))[0]).toBe(204)
})

test('/debug/pprof has a profile of V8, which DevTools open', async () => {
  expect((await ask('GET', '/debug/pprof/'))[1]).toContain('/debug/pprof/profile?seconds=30')
  expect((await ask('GET', '/debug/pprof/heap'))[1]).toMatch(/^rss\t\d+\n/)
  expect(await ask('GET', '/debug/pprof/profile?seconds=no')).toEqual([
    400,
    'seconds must be a number from 1 to 300\n',
  ])
  const both = [ask('GET', '/debug/pprof/profile?seconds=1'), ask('GET', '/debug/pprof/profile?seconds=1')]
  const [first, second] = (await Promise.all(both)).sort(([a], [b]) => a - b)
  const { nodes, samples } = JSON.parse(first[1])
  expect(nodes.length).toBeGreaterThan(1)
  expect(samples.length).toBeGreaterThan(0)
  expect(second).toEqual([409, 'Could not enable CPU profiling: cpu profiling already in use\n'])
})

test('cache generations are numbers that grow when asked to, where deletes are', async () => {
  const path = '/loki/api/v1/cache/generation_numbers'
  expect((await ask('GET', path))[0]).toBe(404)
  const other = await startTestServer(
    'auth_enabled: false\ncompactor: {retention_enabled: true, delete_request_store: filesystem}',
  )
  const get = async (): Promise<string> => await (await fetch(other.url + path)).text()
  expect(await get()).toBe('""')
  expect((await fetch(`${other.url}${path}/increase`, { method: 'POST' })).status).toBe(204)
  expect(await get()).toMatch(/^"\d{19}"$/)
  await other.close()
})

test('/config shows what is in effect, the defaults, and what differs', async () => {
  expect((await ask('GET', '/config'))[1]).toMatch(/max_query_series: 77\n/)
  expect((await ask('GET', '/config?mode=defaults'))[1]).toMatch(/max_query_series: 500\n/)
  const [, difference] = await ask('GET', '/config?mode=diff')
  expect(difference).toMatch(/^auth_enabled: false\n/)
  expect(difference).toMatch(/limits_config:\n {2}max_query_series: 77\n/)
  expect(difference).not.toContain('max_query_length')
})

test('/ingester/shutdown takes nothing more in, flushes, and only then ends the process', async () => {
  let ended = 0
  const other = await startTestServer('auth_enabled: false', { onTerminate: () => ended++ })
  expect((await other.push({ app: 'a' }, ['x'])).status).toBe(204)
  const post = (query = '') => fetch(`${other.url}/ingester/shutdown${query}`, { method: 'POST' })
  expect((await fetch(`${other.url}/ingester/shutdown`)).status).toBe(405)
  expect((await post('?terminate=false')).status).toBe(204)
  expect(ended).toBe(0)
  expect((await post()).status).toBe(503)
  expect((await other.push({ app: 'a' }, ['y'])).status).toBe(503)
  expect((await fetch(`${other.url}/ready`)).status).toBe(503)
  await other.close()
  const third = await startTestServer('auth_enabled: false', { onTerminate: () => ended++ })
  expect((await fetch(`${third.url}/ingester/shutdown`, { method: 'POST' })).status).toBe(204)
  expect(ended).toBe(1)
  await third.close()
})

test('no /metrics without register_instrumentation', async () => {
  const other = await startTestServer('auth_enabled: false\nserver: {register_instrumentation: false}')
  expect((await fetch(`${other.url}/metrics`)).status).toBe(404)
  await other.close()
})
