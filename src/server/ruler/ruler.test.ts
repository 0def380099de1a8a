import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uncompress } from 'snappy'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startTestServer, type TestServer } from '../testing.ts'
import { readWriteRequest } from './testing.ts'

interface Received {
  path: string
  headers: IncomingMessage['headers']
  body: Buffer
}

/** A server that writes down what it is sent; the first `faults` answers are 500. */
interface Receiver {
  url: string
  requests: Received[]
  faults: number
  /** This many requests get no answer at all. */
  silent: number
  close(): Promise<void>
}

async function startReceiver(): Promise<Receiver> {
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      receiver.requests.push({
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks),
      })
      if (receiver.silent-- <= 0) response.writeHead(receiver.faults-- > 0 ? 500 : 200).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    faults: 0,
    silent: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return receiver
}

interface Alert {
  labels: Record<string, string>
  annotations: Record<string, string>
  status?: string
  startsAt: string
  endsAt: string
  generatorURL: string
}

let dir: string
let receiver: Receiver
let server: TestServer | undefined

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'logboom-ruler-'))
  receiver = await startReceiver()
})
afterEach(async () => {
  await server?.close()
  server = undefined
  await receiver.close()
  rmSync(dir, { recursive: true, force: true })
})

/** Starts over the folder of the test, with `ruler` settings added. */
async function start(ruler: string, rest = ''): Promise<TestServer> {
  server = await startTestServer(`
auth_enabled: false
storage_config: {filesystem: {directory: ${dir}/chunks}}
ruler_storage: {backend: filesystem, filesystem: {dir: ${dir}/rules}}
ruler:
  poll_interval: 100ms
  evaluation_interval: 200ms
  resend_delay: 500ms
${ruler}
${rest}`)
  return server
}

async function stop(): Promise<void> {
  await server?.close()
  server = undefined
}

async function setGroup(yaml: string): Promise<void> {
  const init = { method: 'POST', body: yaml }
  const response = await fetch(`${server?.url}/loki/api/v1/rules/ns`, init)
  expect(await response.text()).toContain('success')
}

interface Shown {
  alerts: { activeAt: string }[]
  groups: { lastEvaluation: string; rules: { health: string }[] }[]
}

async function api(path: string): Promise<Shown> {
  const response = await fetch(`${server?.url}/prometheus/api/v1/${path}`)
  return ((await response.json()) as { data: Shown }).data
}

const RULE = `name: g
rules:
  - alert: Errors
    expr: sum by (app) (count_over_time({app=~".+"} |= "error" [1h])) > 2
    labels: {severity: page}
    annotations: {summary: "{{ $labels.app }} has {{ $value }} errors"}
`

function alertsAt(path: string): Alert[] {
  const bodies = receiver.requests.filter((request) => request.path === path)
  return bodies.flatMap(({ body }) => JSON.parse(body.toString()) as Alert[])
}

describe('alerts', () => {
  test('go out as alert_relabel_configs make them, or not at all', async () => {
    await start(`
  alertmanager_url: ${receiver.url}/am
  alert_relabel_configs:
    - {source_labels: [app], regex: quiet, action: drop}
    - {target_label: cluster, replacement: blue}
    - {regex: severity, action: LabelDrop}`)
    await server?.push({ app: 'shop' }, ['error 1', 'error 2', 'error 3'])
    await server?.push({ app: 'quiet' }, ['error 1', 'error 2', 'error 3'])
    await setGroup(RULE)
    await vi.waitFor(() => expect(alertsAt('/am/api/v2/alerts').length).toBeGreaterThan(1))
    for (const { labels } of alertsAt('/am/api/v2/alerts')) {
      expect(labels).toEqual({ alertname: 'Errors', app: 'shop', cluster: 'blue' })
    }
    const { alerts } = await api('alerts')
    expect(alerts).toHaveLength(2)
  })

  test('whose relabelling makes no sense keep the server from starting', async () => {
    const wrong = `
  alertmanager_url: ${receiver.url}
  alert_relabel_configs: [{action: hashmod, target_label: x}]`
    await expect(start(wrong)).rejects.toThrow(
      'ruler.alert_relabel_configs: relabel configuration for hashmod requires non-zero modulus',
    )
  })

  test('of rules that would read too much are not raised, and say so', async () => {
    await start('', 'limits_config: {max_query_bytes_read: 10B}')
    await server?.push({ app: 'shop' }, ['error 1', 'error 2', 'error 3'])
    await setGroup(RULE)
    await vi.waitFor(async () => {
      const [{ rules }] = (await api('rules')).groups
      expect(rules[0]).toMatchObject({ lastError: expect.stringContaining('would read too many bytes') })
    })
  })

  test('reach an Alertmanager that fails twice, survive a restart, and end', async () => {
    const settings = `
  alertmanager_url: ${receiver.url}/am/
  alertmanager_client: {basic_auth_username: me, basic_auth_password: secret}
  external_url: https://grafana.example.org
  datasource_uid: abc`
    receiver.faults = 2
    await start(settings)
    await server?.push({ app: 'shop' }, ['error 1', 'error 2', 'error 3', 'fine'])
    await server?.push({ app: 'quiet' }, ['error'])
    await setGroup(RULE)
    await vi.waitFor(() => expect(receiver.requests.length).toBeGreaterThan(2))
    const [{ headers }] = receiver.requests
    expect(headers.authorization).toBe(`Basic ${Buffer.from('me:secret').toString('base64')}`)
    const [alert] = alertsAt('/am/api/v2/alerts')
    expect(alert).toMatchObject({
      labels: { alertname: 'Errors', app: 'shop', severity: 'page' },
      annotations: { summary: 'shop has 3 errors' },
    })
    expect(new URL(alert.generatorURL).origin).toBe('https://grafana.example.org')
    expect(JSON.parse(new URL(alert.generatorURL).searchParams.get('left') ?? '').queries[0].expr).toContain(
      'error',
    )
    expect(Date.parse(alert.endsAt)).toBeGreaterThan(Date.parse(alert.startsAt))
    const { alerts } = await api('alerts')
    expect(alerts).toMatchObject([{ state: 'firing', value: '3e+00', labels: { app: 'shop' } }])
    const metrics = await (await fetch(`${server?.url}/metrics`)).text()
    expect(metrics).toMatch(
      /loki_prometheus_notifications_errors_total\{user="fake",alertmanager="[^"]+"\} 2/,
    )
    expect(metrics).toMatch(/loki_prometheus_rule_evaluations_total\{user="fake",rule_group="ns;g"\} \d/)
    expect(metrics).toContain('loki_prometheus_rule_group_rules{user="fake",rule_group="ns;g"} 1')

    await stop()
    expect(existsSync(join(dir, 'chunks/ruler/state.json'))).toBe(true)
    receiver.requests.length = 0
    await start(settings)
    // The alert goes on as the same one: it has begun when it had begun.
    expect(await api('alerts')).toMatchObject({ alerts: [{ state: 'firing', activeAt: alerts[0].activeAt }] })
    await vi.waitFor(() => expect(receiver.requests.length).toBeGreaterThan(0))
    expect(alertsAt('/am/api/v2/alerts')[0].startsAt).toBe(alert.startsAt)

    receiver.requests.length = 0
    await setGroup(RULE.replace('> 2', '> 20'))
    await vi.waitFor(() => {
      const last = alertsAt('/am/api/v2/alerts').at(-1)
      expect(Date.parse(last?.endsAt ?? '')).toBeLessThanOrEqual(Date.now())
    })
    expect(await api('alerts')).toEqual({ alerts: [] })
  })

  test('what could not be delivered is delivered after a restart', async () => {
    receiver.faults = Number.POSITIVE_INFINITY
    const settings = `  alertmanager_url: ${receiver.url}`
    await start(settings)
    await server?.push({ app: 'shop' }, ['error', 'error', 'error'])
    await setGroup(RULE)
    await vi.waitFor(() => expect(receiver.requests.length).toBeGreaterThan(0))
    // The group goes while its Alertmanager is away: the end of the alert is still owed.
    await fetch(`${server?.url}/loki/api/v1/rules/ns/g`, { method: 'DELETE' })
    await stop()
    receiver.requests.length = 0
    receiver.faults = 0
    await start(settings)
    await vi.waitFor(() => expect(alertsAt('/api/v2/alerts')).toHaveLength(1))
    const [alert] = alertsAt('/api/v2/alerts')
    expect(Date.parse(alert.endsAt)).toBeLessThanOrEqual(Date.now())
  })

  test('pending alerts wait, and a damaged state file only begins them anew', async () => {
    await start('')
    await server?.push({ app: 'shop' }, ['error', 'error', 'error'])
    await setGroup(RULE.replace('    labels', '    for: 1h\n    labels'))
    await vi.waitFor(async () => expect((await api('alerts')).alerts).toMatchObject([{ state: 'pending' }]))
    const [{ activeAt }] = (await api('alerts')).alerts
    await stop()
    await start('')
    const [after] = (await api('alerts')).alerts
    expect(Math.abs(Date.parse(after.activeAt) - Date.parse(activeAt))).toBeLessThan(60_000)
    await stop()
    const path = join(dir, 'chunks/ruler/state.json')
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, -20))
    await start('')
    expect((await api('alerts')).alerts).toEqual([])
    await vi.waitFor(async () => expect((await api('alerts')).alerts).toHaveLength(1))
  })

  test('what does not answer in time is tried again', async () => {
    receiver.silent = 1
    await start(`  alertmanager_url: ${receiver.url}\n  notification_timeout: 300ms`)
    await server?.push({ app: 'shop' }, ['error', 'error', 'error'])
    await setGroup(RULE)
    const metrics = async (): Promise<string> => (await fetch(`${server?.url}/metrics`)).text()
    await vi.waitFor(async () => {
      expect(await metrics()).toMatch(/loki_prometheus_notifications_errors_total\{[^}]*\} [1-9]/)
      expect(await metrics()).toMatch(/loki_prometheus_notifications_queue_length\{[^}]*\} 0/)
    })
  })

  test('webhooks hear of beginnings and ends once', async () => {
    await start(`  webhooks: [{url: "${receiver.url}/hook", bearer_token: t0ken}]`)
    await server?.push({ app: 'shop' }, ['error', 'error', 'error'])
    await setGroup(RULE)
    await vi.waitFor(() => expect(receiver.requests).toHaveLength(1))
    const evaluated = async (): Promise<number> => Date.parse((await api('rules')).groups[0].lastEvaluation)
    const firstMs = await evaluated()
    await vi.waitFor(async () => expect(await evaluated()).toBeGreaterThan(firstMs + 1000))
    await fetch(`${server?.url}/loki/api/v1/rules/ns/g`, { method: 'DELETE' })
    await vi.waitFor(() => expect(receiver.requests).toHaveLength(2))
    const [begin, end] = receiver.requests.map(({ body }) => JSON.parse(body.toString()))
    expect(receiver.requests[0].headers.authorization).toBe('Bearer t0ken')
    expect(begin).toMatchObject({
      version: '4',
      status: 'firing',
      commonLabels: { alertname: 'Errors', app: 'shop' },
      alerts: [
        {
          status: 'firing',
          endsAt: '0001-01-01T00:00:00Z',
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        },
      ],
    })
    expect(end).toMatchObject({ status: 'resolved', alerts: [{ fingerprint: begin.alerts[0].fingerprint }] })
  })

  test('rules that cannot be evaluated say why', async () => {
    await start('')
    await setGroup(`name: g
rules:
  - {alert: Log, expr: '{app="x"}'}
  - {record: limited, expr: 'sum by (a) (count_over_time({app="x"}[1m])) or vector(1) or vector(2)'}
  - {record: fine, expr: vector(3)}
`)
    await vi.waitFor(async () => expect((await api('rules')).groups[0].rules[2].health).toBe('ok'))
    const [{ rules }] = (await api('rules')).groups
    expect(rules[0]).toMatchObject({
      health: 'err',
      lastError: expect.stringContaining('log queries are not supported'),
    })
    expect((await api('rules?type=record&rule_name=fine')).groups[0].rules).toMatchObject([
      { name: 'fine', type: 'recording', query: 'vector(3.000000)' },
    ])
  })
})

describe('recording rules', () => {
  test('are written to a Prometheus, whatever it takes', async () => {
    receiver.faults = 1
    await start(`
  remote_write:
    enabled: true
    clients:
      prom: {url: "${receiver.url}/write", headers: {X-Extra: "1"}, queue_config: {batch_send_deadline: 10ms},
        write_relabel_configs: [{target_label: site, replacement: home}]}`)
    await server?.push({ app: 'shop' }, ['a', 'b'])
    await setGroup(`name: g
rules:
  - {record: "app:lines", expr: 'sum by (app) (count_over_time({app="shop"}[1h]))', labels: {team: x}}
`)
    await vi.waitFor(() => expect(receiver.requests.length).toBeGreaterThan(1))
    const [first, second] = receiver.requests
    expect(first.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
      'x-scope-orgid': 'fake',
      'x-extra': '1',
    })
    const series = readWriteRequest((await uncompress(second.body)) as Buffer)
    expect(series[0]).toEqual({
      labels: { __name__: 'app:lines', app: 'shop', site: 'home', team: 'x' },
      value: 2,
      timeMs: expect.any(Number),
    })
    expect(Math.abs(series[0].timeMs - Date.now())).toBeLessThan(60_000)
  })
})
