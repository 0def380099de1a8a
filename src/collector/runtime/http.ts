import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { errorMessage, OperatorError } from '#base/errors.ts'
import { http } from '../node-http.ts'
import { diagnosticLine } from '../syntax/diagnostic.ts'
import type { Collector } from './collector.ts'
import { isAuthorized } from './http-auth.ts'
import { DEBUG_PATH, GRAPH_PATH, streamDebug, streamGraph } from './http-streams.ts'

/** Where the collector's own HTTP interface listens. */
export interface CollectorHttpOptions {
  /** `host:port`; port 0 takes a free one. Alloy's default is `127.0.0.1:12345`. */
  readonly listenAddress: string
}

/** The running HTTP interface. */
export interface CollectorHttp {
  /** `http://host:port`, with the port that was taken. */
  readonly url: string
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly type?: string
}

const MUST_BE_GET = 'Method Not Allowed\n'

/**
 * Serves the paths of Alloy's HTTP interface that a log collector's surroundings use: health, readiness,
 * reload, metrics and the components API.
 * @throws OperatorError `listen_failed` when the address cannot be had.
 */
export async function startCollectorHttp(
  collector: Collector,
  options: CollectorHttpOptions,
): Promise<CollectorHttp> {
  const server = http.createServer((request, response) => {
    if (startStream(collector, request, response)) return
    void answer(collector, request).then(
      (made) => send(response, made),
      (thrown: unknown) => send(response, { status: 500, body: `${errorMessage(thrown)}\n` }),
    )
  })
  const { host, port } = splitAddress(options.listenAddress)
  await listen(server, host, port)
  const address = server.address()
  const boundPort = typeof address === 'object' && address !== null ? address.port : port
  const shownHost = host === '' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  return {
    url: `http://${shownHost}:${boundPort}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Answers the requests whose answer does not end. Says whether the request was one of them. */
function startStream(collector: Collector, request: IncomingMessage, response: ServerResponse): boolean {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://collector')
  const isAllowed = isAuthorized(collector.http(), pathname, request.headers.authorization)
  if (request.method !== 'GET' || !isAllowed) return false
  if (pathname.startsWith(DEBUG_PATH)) {
    const id = decodeURIComponent(pathname.slice(DEBUG_PATH.length))
    streamDebug(collector, id, searchParams, response)
    return true
  }
  if (pathname !== GRAPH_PATH && !pathname.startsWith(`${GRAPH_PATH}/`)) return false
  const moduleId = decodeURIComponent(pathname.slice(GRAPH_PATH.length + 1))
  streamGraph(collector, moduleId, searchParams, response)
  return true
}

function splitAddress(listenAddress: string): { host: string; port: number } {
  const match = /^(?:\[(.*)\]|([^:]*)):(\d{1,5})$/.exec(listenAddress)
  if (match !== null) return { host: match[1] ?? match[2], port: Number(match[3]) }
  const message = `the address ${JSON.stringify(listenAddress)} is not of the form host:port`
  throw new OperatorError('listen_failed', message)
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (thrown) => {
      const message = `cannot listen on ${host}:${port}: ${errorMessage(thrown)}`
      reject(new OperatorError('listen_failed', message, { cause: thrown }))
    })
    server.listen(port, host === '' ? undefined : host, () => resolve())
  })
}

function send(response: ServerResponse, { status, body, type }: Answer): void {
  response.writeHead(status, { 'content-type': type ?? 'text/plain; charset=utf-8' })
  response.end(body)
}

async function answer(collector: Collector, request: IncomingMessage): Promise<Answer> {
  const path = new URL(request.url ?? '/', 'http://collector').pathname
  if (!isAuthorized(collector.http(), path, request.headers.authorization)) {
    return { status: 401, body: 'Unauthorized\n' }
  }
  if (path === '/-/reload') {
    const allowed = request.method === 'GET' || request.method === 'POST'
    return allowed ? reload(collector) : { status: 405, body: MUST_BE_GET }
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, body: MUST_BE_GET }
  switch (path) {
    case '/-/ready':
      return ready(collector)
    case '/-/healthy':
      return healthy(collector)
    case '/metrics':
      return {
        status: 200,
        body: await collector.metrics(),
        type: 'text/plain; version=0.0.4; charset=utf-8',
      }
    default:
      return componentsApi(collector, path)
  }
}

function ready(collector: Collector): Answer {
  if (collector.ready()) return { status: 200, body: 'Alloy is ready.\n' }
  return { status: 503, body: 'Alloy is not ready.\n' }
}

/**
 * Names components without their labels, those of the configuration itself only; exited ones do not count.
 */
function healthy(collector: Collector): Answer {
  const unhealthy = collector
    .components()
    .filter((info) => info.moduleID === '' && info.health.state === 'unhealthy')
    .map((info) => info.name)
  if (unhealthy.length === 0) return { status: 200, body: 'All Alloy components are healthy.\n' }
  return { status: 500, body: `unhealthy components: ${unhealthy.join(', ')}\n` }
}

async function reload(collector: Collector): Promise<Answer> {
  const diagnostics = await collector.reload()
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error')
  if (errors.length === 0) return { status: 200, body: 'config reloaded\n' }
  return { status: 400, body: `${errors.map(diagnosticLine).join('\n')}\n` }
}

const COMPONENTS = '/api/v0/web/components'
const MODULES = /^\/api\/v0\/web\/modules\/(.+)\/components$/

function componentsApi(collector: Collector, path: string): Answer {
  const json = (value: unknown): Answer => ({
    status: 200,
    body: JSON.stringify(value),
    type: 'application/json',
  })
  const ofModule = (id: string): Answer => json(collector.components().filter((info) => info.moduleID === id))
  if (path === COMPONENTS) return ofModule('')
  const module = MODULES.exec(path)
  if (module !== null) return ofModule(decodeURIComponent(module[1]))
  if (path.startsWith(`${COMPONENTS}/`)) {
    const detail = collector.component(decodeURIComponent(path.slice(COMPONENTS.length + 1)))
    if (detail !== undefined) return json(detail)
  }
  return { status: 404, body: '404 page not found\n' }
}
