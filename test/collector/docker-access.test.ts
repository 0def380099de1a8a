import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Logger } from '#base/logger.ts'
import { discoveryDocker } from '#collector/components/discovery_docker.ts'
import { lokiSourceDocker } from '#collector/components/loki_source_docker.ts'
import type { LogBatch } from '#collector/pipeline.ts'
import { type RunningComponent, runComponent } from '#collector/testing/run-component.ts'

const ID = 'c0ffee'.padEnd(64, '0')
const STAMP = '2026-01-02T03:04:05.000000006Z'
const state = {
  Config: { Tty: true },
  State: { Running: true, StartedAt: STAMP, FinishedAt: '0001-01-01T00:00:00Z' },
  HostConfig: { LogConfig: { Type: 'json-file', Config: {} } },
}
const container = {
  ...{ Id: ID, Names: ['/app'], State: 'running', Labels: {}, Ports: [] },
  ...{ HostConfig: { NetworkMode: 'none' }, NetworkSettings: { Networks: {} } },
}

/** The calls that collecting cannot do without. */
const NEEDED = [/^\/_ping$/, /^\/containers\/json$/, /^\/containers\/[^/]+\/(json|logs)$/, /^\/events$/]

let folder: string
let allowed: readonly RegExp[]
let running: RunningComponent<unknown>[]
let server: Server & { closeAllConnections(): void }
const warned: string[] = []
const log = (_: Record<string, unknown>, message: string): void => void warned.push(message)
const ignore = (): void => undefined
const logger: Logger = { debug: ignore, info: ignore, warn: log, error: log, child: () => logger }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-access-'))
  allowed = NEEDED
  running = []
  warned.length = 0
})
afterEach(async () => {
  await Promise.all(running.map((component) => component.stop()))
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

/** An engine behind a proxy that lets only some calls pass. */
function engine(request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '').split('?')[0]
  const answers: Record<string, unknown> = { '/containers/json': [container], '/networks': [] }
  if (!allowed.some((call) => call.test(path))) response.writeHead(403).end('Forbidden')
  else if (path.endsWith('/logs')) response.write(`${STAMP} hello\r\n`)
  else if (path === '/events') response.flushHeaders()
  else response.end(JSON.stringify(answers[path] ?? state))
}

/** Runs discovery and reading against `host`; the lines that came. */
function collect(
  host: string,
  http: Record<string, unknown> = {},
): { lines: string[]; source: () => string } {
  const lines: string[] = []
  const receiver = {
    async push({ entries, delivery }: LogBatch) {
      for (const { line } of entries) lines.push(Buffer.from(line as Uint8Array).toString())
      delivery.done()
    },
  }
  const options = (name: string): { dataDir: string; logger: Logger } => ({
    dataDir: join(folder, name),
    logger,
  })
  const discovery = runComponent(discoveryDocker, { host, ...http }, options('discovery'))
  const args = (targets: unknown): Record<string, unknown> => ({
    ...{ host, targets, forward_to: [receiver], labels: {}, refresh_interval: 60_000 },
    ...(http.tls_config === undefined ? {} : { http_client_config: http }),
  })
  const source = runComponent(lokiSourceDocker, args([]), options('source')) as RunningComponent<unknown>
  discovery.onExports(({ targets }) => void source.instance.update(args(targets)))
  running = [discovery as RunningComponent<unknown>, source]
  return { lines, source: () => `${source.health.state}: ${source.health.message}` }
}

async function listenOn(made: typeof server, at: string | number): Promise<void> {
  server = made
  await new Promise<void>((resolve) => server.listen(at, resolve))
}

describe('access to the engine', () => {
  const soon = { timeout: 10_000, interval: 20 }

  test('a proxy that allows five calls is enough; what is missing is said once', async () => {
    const socket = join(folder, 'docker.sock')
    await listenOn(createServer(engine), socket)
    const { lines } = collect(`unix://${socket}`)
    await vi.waitFor(() => expect(lines).toEqual(['hello']), soon)
    expect(warned).toEqual([
      "the Docker daemon's proxy must allow GET /networks: without it targets have no labels of their network",
    ])
  })

  test('is unhealthy while logs cannot be read, and says which permission is missing', async () => {
    const socket = join(folder, 'docker.sock')
    allowed = [...NEEDED.filter((call) => !call.test(`/containers/${ID}/logs`)), /^\/networks$/, /\/json$/]
    await listenOn(createServer(engine), socket)
    const { lines, source } = collect(`unix://${socket}`)
    await vi.waitFor(
      () => expect(source()).toMatch(/^unhealthy: the log of a container cannot be read/),
      soon,
    )
    expect(source()).toContain('a proxy in front of the socket must allow GET /containers/{id}/logs')
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(warned).toEqual([
      "the Docker daemon's proxy must allow GET /containers/{id}/logs: without it no log can be read",
    ])
    allowed = [/./]
    await vi.waitFor(() => expect(lines).toEqual(['hello']), soon)
    expect(source()).toBe('healthy: the logs of all containers are being read')
  })

  test('reads over TLS with a certificate of its own', async () => {
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name))
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const args = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      cert,
    ]
    execFileSync('openssl', [...args, ...subject], { stdio: 'ignore' })
    const pem = readFileSync(cert, 'utf8')
    const secured = createTlsServer(
      { key: readFileSync(key), cert: pem, ca: pem, requestCert: true, rejectUnauthorized: true },
      engine,
    )
    await listenOn(secured, 0)
    const { port } = server.address() as AddressInfo
    allowed = [/./]
    const tls = { ca_file: cert, cert_file: cert, key_file: key }
    const { lines } = collect(`https://localhost:${port}`, { tls_config: tls, http_headers: {} })
    await vi.waitFor(() => expect(lines).toEqual(['hello']), soon)
    expect(warned).toEqual([])
  })
})
