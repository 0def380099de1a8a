import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startTestServer, type TestServer } from './testing.ts'

const pageDir = mkdtempSync(join(tmpdir(), 'logboom-page-'))
let server: TestServer
let base: string

beforeAll(async () => {
  mkdirSync(join(pageDir, 'assets'))
  writeFileSync(join(pageDir, 'index.html'), '<!doctype html><title>page</title>')
  writeFileSync(join(pageDir, 'assets', 'app-1234.js'), 'export {}')
  server = await startTestServer('auth_enabled: false', { pageDir })
  base = server.url
})

afterAll(async () => {
  await server.close()
  rmSync(pageDir, { recursive: true, force: true })
})

describe('paths', () => {
  test('a form that is none is an error of the client', async () => {
    const response = await fetch(`${base}/loki/api/v1/format_query?query=a;b`)
    expect([response.status, await response.text()]).toEqual([400, 'invalid semicolon separator in query'])
  })

  test.each([
    ['GET', '/nope', 404, '404 page not found\n'],
    ['POST', '/nope', 404, '404 page not found\n'],
    ['GET', '/loki/api/v1/labels/', 404, '404 page not found\n'],
    ['GET', '/loki/api/v1/label/a%2Fb/values', 404, '404 page not found\n'],
    ['PUT', '/loki/api/v1/labels', 405, ''],
    ['HEAD', '/ready', 405, ''],
    ['GET', '/loki/api/v1/push', 405, ''],
    ['GET', '/ready', 200, 'ready\n'],
    ['GET', '/loki/api/v1/query_range?query=%zz', 400, 'invalid URL escape "%zz"'],
  ])('%s %s', async (method, path, status, text) => {
    const response = await fetch(base + path, { method })
    expect([response.status, await response.text()]).toEqual([status, text])
  })

  test('doubled slashes are redirected', async () => {
    const response = await fetch(`${base}//loki//api/v1/labels?a=b`, { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([301, '/loki/api/v1/labels?a=b'])
  })

  test('a prefix goes before all of them', async () => {
    const { url, close } = await startTestServer('auth_enabled: false\nserver: {http_path_prefix: /x}')
    onTestFinished(close)
    expect((await fetch(`${url}/ready`)).status).toBe(404)
    expect((await fetch(`${url}/x/ready`)).status).toBe(200)
  })

  test('status pages answer', async () => {
    await server.push({ app: 'counted' }, ['line'])
    expect(await (await fetch(`${base}/loki/api/v1/status/buildinfo`)).json()).toMatchObject({
      version: '3.8.0',
    })
    expect(await (await fetch(`${base}/config`)).text()).toContain('max_line_size: 256KB')
    expect(await (await fetch(`${base}/services`)).text()).toContain('ingester => Running\n')
    const limits = (await (await fetch(`${base}/loki/api/v1/drilldown-limits`)).json()) as Record<
      string,
      unknown
    >
    expect(limits).toMatchObject({ limits: { max_query_length: '30d1h', query_timeout: '1m' } })
    expect(await (await fetch(`${base}/metrics`)).text()).toContain('loki_distributor_lines_received_total{')
  })
})

describe('the page', () => {
  test('comes with a strict policy; its assets may be kept, the document not', async () => {
    const page = await fetch(`${base}/`)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'; script-src 'self'")
    expect(page.headers.get('cache-control')).toBe('no-cache')
    const asset = await fetch(`${base}/assets/app-1234.js`)
    expect(asset.headers.get('cache-control')).toContain('immutable')
    expect((await fetch(`${base}/assets/nope.js`)).status).toBe(404)
  })
})
