import { afterEach, describe, expect, test, vi } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { type Collector, startCollector } from '#collector/runtime/collector.ts'
import { hashSecret } from '#server/access/secret-hash.ts'
import { startTestServer, type TestServer } from '#server/testing.ts'
import { type CollectorRoute, makeCollectorRoute } from './collector-route.ts'

const CONFIG = `
livedebugging { enabled = true }
loki.echo "e" { }
loki.relabel "r" {
	forward_to = [loki.echo.e.receiver]
}
`

let collector: Collector | undefined
let server: TestServer
let route: CollectorRoute

afterEach(async () => {
  route.close()
  await server.close()
  await collector?.stop(1000)
  collector = undefined
})

async function start(yaml?: string): Promise<void> {
  route = makeCollectorRoute(() => collector)
  server = await startTestServer(yaml, { extraRoutes: [route.route] })
}

async function startCollecting(): Promise<void> {
  const files = [{ name: 'c', text: CONFIG }]
  const options = { storagePath: '/nonexistent', logger: silentLogger, stability: 'experimental' } as const
  collector = await startCollector({ config: { files }, ...options })
}

const ask = (path: string, authorization = ''): Promise<Response> =>
  fetch(`${server.url}/api/v0/web/${path}`, { headers: authorization === '' ? {} : { authorization } })

describe('the collector beside the server', () => {
  test('is shown as soon as it runs', async () => {
    await start()
    expect((await ask('components')).status).toBe(503)
    await startCollecting()
    const list = (await (await ask('components')).json()) as { localID: string }[]
    expect(list.map(({ localID }) => localID)).toEqual(['loki.echo.e', 'loki.relabel.r'])
    expect(await (await ask('components/loki.relabel.r')).json()).toMatchObject({ label: 'r' })
    expect(await (await ask('flow')).json()).toMatchObject({ components: [{ role: 'sink' }, {}] })
    for (const path of ['components/loki.nothing.x', 'nothing', '']) {
      expect((await ask(path)).status, path).toBe(404)
    }
  })

  test('is for administrators of the whole server only', async () => {
    const hash = await hashSecret('secret')
    const client = (name: string, allow: string) =>
      `  - {name: ${name}, password_hash: '${hash}', allow: [${allow}]}`
    await start(
      `auth_enabled: false\naccess:\n clients:\n${client('reader', 'read')}\n${client('boss', 'read, admin')}`,
    )
    await startCollecting()
    const as = (name: string): string => `Basic ${Buffer.from(`${name}:secret`).toString('base64')}`
    for (const path of ['components', 'components/loki.echo.e', 'flow', 'debug/loki.echo.e']) {
      expect((await ask(path)).status, path).toBe(401)
      expect((await ask(path, as('reader'))).status, path).toBe(403)
    }
    expect((await ask('components', as('boss'))).status).toBe(200)
  })

  test('a stream ends with the session', async () => {
    await start()
    await startCollecting()
    const response = await ask('debug/loki.relabel.r?format=ndjson')
    expect(response.headers.get('content-type')).toContain('ndjson')
    route.close()
    await vi.waitFor(() => expect(response.text()).rejects.toThrow())
  })
})
