import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../testing.ts'
import { hashSecret } from './secret-hash.ts'

const dir = mkdtempSync(join(tmpdir(), 'logboom-access-'))
const file = join(dir, 'access.yaml')
let server: TestServer
let hashes: Record<string, string>

const basic = (user: string, password: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

async function ask(
  path: string,
  headers: Record<string, string> = {},
  init: RequestInit = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(server.url + path, { ...init, headers: { ...headers, ...init.headers } })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

const push = (headers: Record<string, string>, url = '/loki/api/v1/push') =>
  ask(url, headers, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ streams: [{ stream: { app: 'a' }, values: [[`${Date.now()}000000`, 'x']] }] }),
  })

beforeAll(async () => {
  const secrets = ['shop-pw', 'reader-pw', 'boss-pw', 'token-1']
  hashes = Object.fromEntries(await Promise.all(secrets.map(async (one) => [one, await hashSecret(one)])))
  writeFileSync(
    file,
    `clients:
  - {name: shop, password_hash: '${hashes['shop-pw']}', tenants: [shop], allow: [write]}
  - {name: reader, password_hash: '${hashes['reader-pw']}', tenants: [shop, web], allow: [read]}
  - {name: boss, password_hash: '${hashes['boss-pw']}', tenants: ['*'], allow: [read, write, admin]}
  - {name: robot, token_hash: '${hashes['token-1']}', tenants: [web], allow: [read, write, admin]}
`,
  )
  server = await startTestServer(`
auth_enabled: true
access: {file: ${file}}
runtime_config: {period: 100ms}
querier: {multi_tenant_queries_enabled: true}
`)
})

afterAll(async () => {
  await server.close()
  rmSync(dir, { recursive: true, force: true })
})

describe('who may do what', () => {
  test('without credentials only readiness and metrics are open', async () => {
    expect((await ask('/ready')).status).toBe(200)
    expect((await ask('/metrics')).status).toBe(200)
    for (const path of [
      '/loki/api/v1/labels',
      '/config',
      '/services',
      '/flush',
      '/loki/api/v1/status/buildinfo',
    ]) {
      const { status, text, headers } = await ask(path, { 'x-scope-orgid': 'shop' })
      expect([path, status, text]).toEqual([path, 401, 'credentials required\n'])
      expect(headers.get('www-authenticate')).toContain('Basic realm="Logboom"')
    }
    expect((await push({ 'x-scope-orgid': 'shop' })).status).toBe(401)
    expect((await ask('/loki/api/v1/tail?query={a="b"}', { 'x-scope-orgid': 'shop' })).status).toBe(401)
  })

  test('a wrong password, an unknown user and nonsense are all the same', async () => {
    const wrong = [
      basic('shop', 'nope'),
      basic('nobody', 'shop-pw'),
      bearer('nope'),
      basic('robot', 'token-1'),
    ]
    for (const headers of wrong) {
      expect(await push({ ...headers, 'x-scope-orgid': 'shop' })).toMatchObject({
        status: 401,
        text: 'wrong credentials\n',
      })
    }
    for (const authorization of ['Basic', 'Basic %%%', 'Digest x', 'Basic bm9jb2xvbg==']) {
      expect((await push({ authorization })).status).toBe(401)
    }
  })

  test('a client has its directions and its tenants, and no others', async () => {
    expect((await push({ ...basic('shop', 'shop-pw'), 'x-scope-orgid': 'shop' })).status).toBe(204)
    expect(await push({ ...basic('shop', 'shop-pw'), 'x-scope-orgid': 'web' })).toMatchObject({
      status: 403,
      text: 'client "shop" has no access to tenant "web"\n',
    })
    expect(
      await ask('/loki/api/v1/labels', { ...basic('shop', 'shop-pw'), 'x-scope-orgid': 'shop' }),
    ).toMatchObject({
      status: 403,
      text: 'client "shop" has no read access\n',
    })
    const reader = basic('reader', 'reader-pw')
    expect((await ask('/loki/api/v1/labels', { ...reader, 'x-scope-orgid': 'shop' })).status).toBe(200)
    expect((await ask('/loki/api/v1/labels', { ...reader, 'x-scope-orgid': 'shop|web' })).status).toBe(200)
    expect((await ask('/loki/api/v1/labels', { ...reader, 'x-scope-orgid': 'shop|other' })).status).toBe(403)
    expect((await ask('/loki/api/v1/labels', reader)).status).toBe(401)
    expect((await push({ ...reader, 'x-scope-orgid': 'shop' })).status).toBe(403)
    expect((await push({ ...basic('boss', 'boss-pw'), 'x-scope-orgid': 'any' })).status).toBe(204)
  })

  test('the only tenant of a client need not be named', async () => {
    expect((await push(basic('shop', 'shop-pw'))).status).toBe(204)
    const { text } = await ask('/loki/api/v1/labels', {
      ...basic('boss', 'boss-pw'),
      'x-scope-orgid': 'shop',
    })
    expect(text).toContain('"app"')
  })

  test('the server is administered by clients of all tenants only', async () => {
    expect(await ask('/flush', bearer('token-1'), { method: 'POST' })).toMatchObject({
      status: 403,
      text: 'client "robot" is bound to tenants and may not administer the server\n',
    })
    expect((await ask('/config', bearer('token-1'))).status).toBe(403)
    expect((await ask('/flush', basic('boss', 'boss-pw'), { method: 'POST' })).status).toBe(204)
    const { text } = await ask('/config', basic('boss', 'boss-pw'))
    expect(text).toContain('access:')
    expect(text).not.toContain('scrypt:')
    expect((await ask('/loki/api/v1/status/buildinfo', bearer('token-1'))).status).toBe(200)
  })

  test('pages of other sites cannot administer', async () => {
    const headers = { ...basic('boss', 'boss-pw'), 'sec-fetch-site': 'cross-site' }
    expect((await ask('/flush', headers, { method: 'POST' })).status).toBe(403)
  })
})

describe('the rules', () => {
  test('are read again as their file changes; a broken file changes nothing', async () => {
    const before = await hashSecret('new-token')
    writeFileSync(file, 'clients: [{name: x')
    await new Promise((resolve) => setTimeout(resolve, 250))
    expect((await push(basic('shop', 'shop-pw'))).status).toBe(204)
    writeFileSync(
      file,
      `access: {clients: [{name: new, token_hash: '${before}', tenants: [shop], allow: [write]}]}`,
    )
    await expect.poll(async () => (await push(bearer('new-token'))).status, { timeout: 10_000 }).toBe(204)
    expect((await push(basic('shop', 'shop-pw'))).status).toBe(401)
  })

  test.each([
    [
      '{clients: [{name: a, password_hash: secret, allow: [read]}]}',
      'access.clients.0.password_hash is not a hash',
    ],
    ['{clients: [{name: a, allow: [read]}]}', 'no way to show who it is'],
    ['{clients: [{name: "a:b", token_hash: x, allow: [read]}]}', 'without spaces and colons'],
    ['{clients: [{name: a, certificate_name: a, allow: []}]}', 'access.clients.0.allow ("a") is empty'],
    ['{clients: [{name: a, certificate_name: a, allow: [raed]}]}', 'has "raed"; use read'],
    [
      '{clients: [{name: a, certificate_name: a, allow: [read]}, {name: a, certificate_name: b, allow: [read]}]}',
      'two clients named "a"',
    ],
    ['{file: /nope/access.yaml}', 'access.file /nope/access.yaml cannot be read'],
  ])('%s does not start', async (access, problem) => {
    await expect(startTestServer(`auth_enabled: false\naccess: ${access}`)).rejects.toThrow(problem)
  })

  test('clients of an authenticating server of tenants must say which', async () => {
    const access = 'access: {clients: [{name: a, certificate_name: a, allow: [read]}]}'
    await expect(startTestServer(`auth_enabled: true\n${access}`)).rejects.toThrow('tenants ("a") is empty')
  })

  test('directions can be left open, and open paths closed', async () => {
    const hash = hashes['token-1']
    const open = await startTestServer(`
auth_enabled: false
access: {anonymous: [read], open_paths: [/ready], clients: [{name: a, token_hash: '${hash}', allow: [write]}]}
`)
    const status = async (path: string, init?: RequestInit) => (await fetch(open.url + path, init)).status
    expect(await status('/loki/api/v1/labels')).toBe(200)
    expect(await status('/loki/api/v1/labels', { headers: bearer('wrong') })).toBe(401)
    expect(await status('/loki/api/v1/labels', { headers: bearer('token-1') })).toBe(200)
    expect(await status('/metrics')).toBe(401)
    expect((await open.push({ a: 'b' }, ['x'])).status).toBe(401)
    await open.close()
  })
})

test('the collector of the same process may write, and nothing else', async () => {
  const own = await startTestServer(`auth_enabled: false\naccess: {file: ${file}}`, { ownToken: 'own-token' })
  const send = (token: string, path: string, method: string): Promise<number> =>
    fetch(own.url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(method === 'POST' && { body: '{"streams":[]}' }),
    }).then(({ status }) => status)
  expect(await send('own-token', '/loki/api/v1/push', 'POST')).toBe(422)
  expect(await send('own-tokens', '/loki/api/v1/push', 'POST')).toBe(401)
  expect(await send('own-token', '/loki/api/v1/labels', 'GET')).toBe(401)
  await own.close()
})
