import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Dockerd } from '../support/dockerd.ts'
import { type ComposeProject, composeProject } from './compose.ts'
import { crash, healthOf, inspect, printedLines } from './containers.ts'
import { BUSYBOX, IMAGE, REPOSITORY, stacksMissing, startEngine } from './engine.ts'
import { type ForwardedPort, forwardPort } from './forward-port.ts'
import { labelValues, lokiGet, queryLines, queryStreams, waitReady } from './loki-api.ts'

/**
 * The stacks of deploy/ on a real Docker Engine, from a container's standard output to a search result. One engine and
 * one build of the image for all tests, which follow one another as an operator's day does.
 */

const missing = await stacksMissing()
const SHOP = ['web-gateway', 'order-api', 'fulfillment-worker']
const MINUTE_MS = 60_000

let dockerd: Dockerd
let startedMs: number

describe.skipIf(missing !== undefined)('the stacks of deploy/', () => {
  beforeAll(async () => {
    dockerd = await startEngine()
  }, 3 * MINUTE_MS)
  afterAll(async () => {
    await dockerd?.stop()
  }, MINUTE_MS)

  describe('lab', { timeout: 2 * MINUTE_MS }, labTests)
  describe('the image alone', { timeout: MINUTE_MS }, imageTests)
  describe('prod', { timeout: 2 * MINUTE_MS }, prodTests)
})

function labTests(): void {
  let lab: ComposeProject
  let loki: ForwardedPort
  let shop: ForwardedPort

  beforeAll(async () => {
    startedMs = Date.now()
    const file = join(REPOSITORY, 'deploy/lab/docker-compose.yml')
    lab = composeProject(dockerd, 'lab', file, { DOCKER_SOCKET: dockerd.socket, SHOP_RATE: '10' })
    await runOutsider('outsider')
    // All but Grafana, whose image cannot be made from what a Debian machine has.
    await lab.up(['loki', 'alloy', 'prometheus', 'web-gateway'])
    loki = await forwardPort(dockerd, 3100)
    shop = await forwardPort(dockerd, 8080)
  }, 2 * MINUTE_MS)
  afterAll(async () => {
    await loki?.close()
    await shop?.close()
    await lab?.down()
    await dockerd.docker(['rm', '-f', 'outsider'])
  }, MINUTE_MS)

  test('everything becomes healthy', async () => {
    const names = ['loki', 'alloy', 'prometheus', ...SHOP]
    const allHealthy = Object.fromEntries(names.map((name) => [name, 'healthy']))
    await expect.poll(() => healthOf(dockerd, names), { timeout: 60_000, interval: 1000 }).toEqual(allHealthy)
  })

  test('the engine applies the limits, restarts and rotation of the file', async () => {
    const [store, collector] = await inspect(dockerd, ['loki', 'alloy'])
    expect([store.HostConfig.Memory, store.HostConfig.NanoCpus]).toEqual([512 * 2 ** 20, 1e9])
    expect([collector.HostConfig.Memory, collector.HostConfig.NanoCpus]).toEqual([256 * 2 ** 20, 0.5e9])
    expect(store.HostConfig.MemoryReservation).toBe(256 * 2 ** 20)
    for (const container of [store, collector]) {
      expect(container.HostConfig.RestartPolicy.Name).toBe('unless-stopped')
      expect(container.HostConfig.LogConfig).toEqual({
        Type: 'json-file',
        Config: { 'max-size': '10m', 'max-file': '3' },
      })
      for (const mount of container.Mounts) expect(mount.RW).toBe(mount.Type === 'volume')
    }
    expect(store.Config.User).toBe('10001:10001')
  })

  test('one request_id is found in all three services', async () => {
    const requestId = 'e2e-lab-request'
    expect((await checkout(shop.url, requestId)).status).toBe(202)
    const query = `{service=~".+"} | json | request_id="${requestId}"`
    await expect.poll(() => servicesOf(loki.url, query), { timeout: 30_000 }).toEqual(SHOP.toSorted())
  })

  test('only the shop is collected: nothing of the outsider, nothing of the stack itself', async () => {
    expect((await printedLines(dockerd, 'outsider')).length).toBeGreaterThan(0)
    expect((await labelValues(loki.url, 'service')).toSorted()).toEqual(SHOP.toSorted())
    expect(await queryLines(loki.url, '{service=~".+"} |= "outsider"', startedMs, Date.now())).toEqual([])
  })

  test("Grafana's health check of the data source passes", async () => {
    const data = await lokiGet<{ resultType: string; result: { value: [number, string] }[] }>(
      loki.url,
      'query',
      {
        query: 'vector(1)+vector(1)',
        time: `${Date.now()}000000`,
        direction: 'backward',
      },
    )
    expect(data).toMatchObject({ resultType: 'vector', result: [{ value: [expect.any(Number), '2'] }] })
  })

  test("the log volume of Grafana's Explore adds up to the lines", async () => {
    const endMs = Math.floor(Date.now() / 1000) * 1000 - 5000
    const lines = await queryLines(loki.url, '{service="order-api"}', startedMs, endMs)
    const seconds = Math.ceil((endMs - startedMs) / 1000) + 1
    const data = await lokiGet<{ result: { value: [number, string] }[] }>(loki.url, 'query', {
      query: `sum(count_over_time({service="order-api"}[${seconds}s]))`,
      // The range of an instant query ends with its time included.
      time: `${endMs - 1}999999`,
    })
    expect(Number(data.result[0].value[1])).toBe(lines.length)
  })

  test('Prometheus scrapes the store and the collector', async () => {
    const up = () => promQuery('up{job=~"loki|alloy"}')
    await expect.poll(up, { timeout: 45_000, interval: 1000 }).toEqual([
      ['alloy', 1],
      ['loki', 1],
    ])
  })

  test('a store that crashes comes back, with every line', async () => {
    await crash(dockerd, 'loki')
    await expect
      .poll(async () => (await inspect(dockerd, ['loki']))[0].RestartCount, { timeout: 20_000 })
      .toBeGreaterThan(0)
    await waitReady(loki.url)
    const [crashed] = await inspect(dockerd, ['loki'])
    expect(crashed.State.Status).toBe('running')
  })

  test('a store that is away for 30 s loses nothing', async () => {
    await dockerd.docker(['stop', 'loki'])
    await checkout(shop.url, 'e2e-while-away')
    await sleep(30_000)
    await dockerd.docker(['start', 'loki'])
    await waitReady(loki.url)
    const query = '{service=~".+"} | json | request_id="e2e-while-away"'
    await expect.poll(() => servicesOf(loki.url, query), { timeout: 60_000 }).toEqual(SHOP.toSorted())
  })

  test('every line of the shop has arrived exactly once', async () => {
    // In the order of the calls, so that the last lines of each belong to it as well.
    await dockerd.docker(['stop', ...SHOP])
    for (const service of SHOP) {
      const lines = await expectExactlyOnce(loki.url, `{service="${service}"}`, service)
      expect(lines).toBeGreaterThan(100)
    }
  })
}

function prodTests(): void {
  let stack: ComposeProject
  let app: ComposeProject
  let loki: ForwardedPort
  const WORKER = 'app_worker_1'
  const API = 'app_api_1'

  beforeAll(async () => {
    startedMs = Date.now()
    const file = join(REPOSITORY, 'deploy/prod/docker-compose.prod.yml')
    stack = composeProject(dockerd, 'prod', file, { DOCKER_SOCKET: dockerd.socket })
    app = composeProject(dockerd, 'app', join(REPOSITORY, 'test/e2e/app/docker-compose.yml'), {})
    await runOutsider('lonely')
    await stack.up()
    await app.up()
    loki = await forwardPort(dockerd, 3100)
  }, 2 * MINUTE_MS)
  afterAll(async () => {
    await loki?.close()
    await app?.down()
    await stack?.down()
    await dockerd.docker(['rm', '-f', 'lonely'])
  }, MINUTE_MS)

  test('everything becomes healthy', async () => {
    const names = ['loki', 'alloy', WORKER, API]
    const allHealthy = Object.fromEntries(names.map((name) => [name, 'healthy']))
    await expect.poll(() => healthOf(dockerd, names), { timeout: 60_000, interval: 1000 }).toEqual(allHealthy)
  })

  test('only the page is published, on loopback, and the limits are those of the file', async () => {
    const [store, collector] = await inspect(dockerd, ['loki', 'alloy'])
    expect(store.HostConfig.PortBindings).toEqual({ '3100/tcp': [{ HostIp: '127.0.0.1', HostPort: '3100' }] })
    expect(collector.HostConfig.PortBindings ?? {}).toEqual({})
    expect([store.HostConfig.Memory, store.HostConfig.NanoCpus]).toEqual([512 * 2 ** 20, 0.5e9])
    expect([collector.HostConfig.Memory, collector.HostConfig.NanoCpus]).toEqual([256 * 2 ** 20, 0.25e9])
  })

  test('every container is collected, under its compose service or else its name', async () => {
    const expected = { worker: WORKER, api: API, lonely: 'lonely' }
    const seen = async () => {
      const streams = await queryStreams(loki.url, '{service=~"worker|api|lonely"}', startedMs, Date.now())
      return Object.fromEntries(streams.map(({ stream }) => [stream.service, stream.container]))
    }
    await expect.poll(seen, { timeout: 30_000 }).toEqual(expected)
  })

  test("the worker's JSON is searchable by request_id, level and event", async () => {
    const order = { sku: 'crystal-vase', quantity: 1 }
    await postFrom(API, 'http://127.0.0.1:8081/orders', 'e2e-prod-request', order)
    const events = async (filter: string) => {
      const query = `{service="worker"} | ${filter}`
      const lines = await queryLines(loki.url, query, startedMs, Date.now())
      return lines.map((line) => JSON.parse(line.slice(line.indexOf(' '))).event)
    }
    await expect
      .poll(() => events('json | request_id="e2e-prod-request"'), { timeout: 30_000 })
      .toEqual(['job_received', 'job_failed', 'job_received', 'job_completed'])
    expect(await events('json | level="error"')).toEqual(['job_failed'])
    expect(await events('json | event="job_completed"')).toEqual(['job_completed'])
    // Kept beside the line, so found without parsing it.
    expect(await events('request_id="e2e-prod-request" | level="error"')).toEqual(['job_failed'])
    const labels = await lokiGet<Record<string, string>[]>(loki.url, 'series', {
      'match[]': '{service="worker"}',
    })
    expect(labels.map((stream) => Object.keys(stream).toSorted())).toEqual([
      ['container', 'service', 'service_name', 'stream'],
    ])
  })

  test('a collector and a store that crash come back', async () => {
    for (const name of ['alloy', 'loki']) {
      await postFrom(API, 'http://127.0.0.1:8081/orders', `before-${name}`, { sku: 'lamp', quantity: 1 })
      await crash(dockerd, name)
      await postFrom(API, 'http://127.0.0.1:8081/orders', `after-${name}`, { sku: 'lamp', quantity: 1 })
    }
    await waitReady(loki.url)
  })

  test('a store that is away for 30 s loses nothing', async () => {
    await dockerd.docker(['stop', 'loki'])
    await postFrom(API, 'http://127.0.0.1:8081/orders', 'while-away', { sku: 'lamp', quantity: 1 })
    await sleep(30_000)
    await dockerd.docker(['start', 'loki'])
    await waitReady(loki.url)
    const query = '{service="worker"} | json | request_id="while-away"'
    await expect.poll(() => servicesOf(loki.url, query), { timeout: 60_000 }).toEqual(['worker'])
  })

  test('an update, which replaces the containers, keeps lines and positions', async () => {
    await stack.recreate()
    await waitReady(loki.url)
    await postFrom(API, 'http://127.0.0.1:8081/orders', 'after-update', { sku: 'lamp', quantity: 1 })
    await dockerd.docker(['stop', API, WORKER, 'lonely'])
    await expectExactlyOnce(loki.url, '{service="worker"}', WORKER)
    await expectExactlyOnce(loki.url, '{service="api"}', API)
    await expectExactlyOnce(loki.url, '{service="lonely"}', 'lonely')
  })
}

function imageTests(): void {
  afterAll(async () => {
    await dockerd.docker(['rm', '-f', 'alone'])
  })

  test('shows a live sample shop where it is given nothing', async () => {
    await dockerd.docker(['run', '--detach', '--name', 'alone', '--publish', '127.0.0.1:3100:3100', IMAGE])
    await expect.poll(() => healthOf(dockerd, ['alone']), { timeout: 45_000 }).toEqual({ alone: 'healthy' })
    const page = await forwardPort(dockerd, 3100)
    try {
      await expect.poll(() => labelValues(page.url, 'service'), { timeout: 15_000 }).toEqual(SHOP.toSorted())
      expect(await (await fetch(page.url)).text()).toContain('<html')
    } finally {
      await page.close()
    }
  })

  test('stops when it is told to, not when it is killed, and exits 0', async () => {
    const beganMs = Date.now()
    await dockerd.docker(['stop', '--time', '30', 'alone'])
    expect(await dockerd.docker(['inspect', '--format', '{{.State.ExitCode}}', 'alone'])).toBe('0')
    // A busy machine gets some grace; without a handler for SIGTERM it would be the 30 s.
    expect(Date.now() - beganMs).toBeLessThan(15_000)
  })
}

/** A container that prints a line a second and is in nobody's compose file. */
async function runOutsider(name: string): Promise<void> {
  const script = 'trap exit TERM; while true; do echo "a line of the outsider"; sleep 1 & wait $!; done'
  await dockerd.docker(['run', '--detach', '--name', name, BUSYBOX, 'sh', '-c', script])
}

/** Compares what a container has printed with what a query finds, when the collector has caught up; how many. */
async function expectExactlyOnce(base: string, query: string, container: string): Promise<number> {
  const printed = await printedLines(dockerd, container)
  expect(printed.length).toBeGreaterThan(0)
  const found = () => queryLines(base, query, startedMs - 1000, Date.now())
  await expect
    .poll(async () => (await found()).length, { timeout: 30_000, interval: 1000 })
    .toBe(printed.length)
  expect(await found()).toEqual(printed)
  return printed.length
}

async function servicesOf(base: string, query: string): Promise<string[]> {
  const streams = await queryStreams(base, query, startedMs, Date.now())
  return [...new Set(streams.map(({ stream }) => stream.service))].toSorted()
}

async function checkout(shopUrl: string, requestId: string): Promise<Response> {
  return await fetch(`${shopUrl}/checkout`, {
    method: 'POST',
    headers: { 'x-request-id': requestId, 'content-type': 'application/json' },
    body: JSON.stringify({ sku: 'teapot', quantity: 1 }),
  })
}

/** Posts from inside a container, for services whose port is not published. */
async function postFrom(container: string, url: string, requestId: string, body: unknown): Promise<void> {
  const init = { method: 'POST', headers: { 'x-request-id': requestId }, body: JSON.stringify(body) }
  const script = `const r = await fetch(${JSON.stringify(url)}, ${JSON.stringify(init)}); process.exit(r.ok ? 0 : 1)`
  await dockerd.docker(['exec', container, 'node', '--input-type=module', '--eval', script])
}

/** `[job, value]` of each series of an instant query, sorted by job. */
async function promQuery(query: string): Promise<[string, number][]> {
  const url = 'http://127.0.0.1:9090'
  const text = await dockerd.docker(['exec', 'prometheus', 'promtool', 'query', 'instant', url, query])
  return [...text.matchAll(/job="([^"]+)".* => (\S+) @/g)]
    .map(([, job, value]): [string, number] => [job, Number(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1))
}
