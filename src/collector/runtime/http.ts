import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { errorMessage, OperatorError } from '#base/errors.ts'
import { http } from '../node-http.ts'
import { servePage } from '../page/serve-page.ts'
import { diagnosticLine } from '../syntax/diagnostic.ts'
import type { Collector } from './collector.ts'
import { isAuthorized } from './http-auth.ts'
import { sendText, serveWebApi, splitTarget, WEB_API_PREFIX } from './web-api.ts'

/** Where the collector's own HTTP interface listens. */
export interface CollectorHttpOptions {
  /** `host:port`; port 0 takes a free one. Alloy's default is `127.0.0.1:12345`. */
  readonly listenAddress: string
  /** Folder of the built page, served under `/`. Default: no page. */
  readonly pageDir?: string
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
 * reload, metrics, the components API, and a page that shows the components.
 * @throws OperatorError `listen_failed` when the address cannot be had.
 */
export async function startCollectorHttp(
  collector: Collector,
  options: CollectorHttpOptions,
): Promise<CollectorHttp> {
  const server = http.createServer((request, response) => {
    serve(collector, options.pageDir, request, response).catch((thrown: unknown) => {
      if (response.headersSent) response.destroy()
      else sendText(response, 500, `${errorMessage(thrown)}\n`)
    })
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

async function serve(
  collector: Collector,
  pageDir: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = splitTarget(request)
  const { path } = target
  if (!isAuthorized(collector.http(), path, request.headers.authorization)) {
    // Has browsers ask for name and password.
    response.setHeader('www-authenticate', 'Basic realm="Logboom"')
    sendText(response, 401, 'Unauthorized\n')
    return
  }
  const isGet = request.method === 'GET'
  if (isGet && path.startsWith(WEB_API_PREFIX)) return serveWebApi(collector, target, response)
  if (isGet && pageDir !== undefined && (await servePage(pageDir, path, response))) return
  const { status, body, type } = await answer(collector, request, path)
  sendText(response, status, body, type)
}

async function answer(collector: Collector, request: IncomingMessage, path: string): Promise<Answer> {
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
      return { status: 404, body: '404 page not found\n' }
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
