import type { IncomingMessage, ServerResponse } from 'node:http'
import { LOKI_VERSION } from '#base/version.ts'
import { lokiDefaults } from '#config/load.ts'
import { printConfig, printDifference } from '#config/print.ts'
import type { ServerContext } from '../context.ts'
import { firstParam, type Params } from '../http/query-string.ts'
import { send, sendEmpty, sendError, sendText } from '../http/reply.ts'
import { singleTenant } from '../http/tenant.ts'

const STATUS_JSON = 'application/json; charset=utf-8'

/**
 * `GET /ready`: 503 for the first moments (`ingester.lifecycler.min_ready_duration`) and while stopping.
 */
export function serveReady(context: ServerContext, response: ServerResponse): void {
  const waitMs = context.config.ingester.lifecycler.min_ready_duration
  if (!context.isOpen()) sendError(response, 503, 'Application is stopping\n')
  else if (Date.now() - context.startedMs < waitMs) {
    sendError(response, 503, `Ingester not ready: waiting for ${waitMs / 1000}s after being ready\n`)
  } else sendText(response, 200, 'ready\n')
}

/** `GET /metrics`: Prometheus' text format. */
export async function serveMetrics({ metrics }: ServerContext, response: ServerResponse): Promise<void> {
  send(response, 200, metrics.registry.contentType, await metrics.registry.metrics())
}

/**
 * `GET /config`: the configuration in effect, as YAML; `?mode=defaults` Loki's, `?mode=diff` what
 * differs.
 */
export function serveConfig({ config }: ServerContext, response: ServerResponse, params: Params): void {
  const mode = firstParam(params, 'mode')
  if (mode === 'defaults') sendText(response, 200, printConfig(lokiDefaults()))
  else
    sendText(response, 200, mode === 'diff' ? printDifference(config, lokiDefaults()) : printConfig(config))
}

const SERVICES = [
  'server',
  'distributor',
  'ingester',
  'querier',
  'query-frontend',
  'store',
  'compactor',
  'ruler',
  'runtime-config',
]

/** `GET /services`: the parts a Loki would list; here they live and end together. */
export function serveServices(context: ServerContext, response: ServerResponse): void {
  const state = context.isOpen() ? 'Running' : 'Stopping'
  sendText(response, 200, SERVICES.map((name) => `${name} => ${state}\n`).join(''))
}

/** `GET /loki/api/v1/status/buildinfo`: clients switch features on by `version`. */
export function serveBuildInfo(response: ServerResponse): void {
  const info = {
    version: LOKI_VERSION,
    revision: '',
    branch: '',
    buildUser: '',
    buildDate: '',
    goVersion: '',
  }
  send(response, 200, STATUS_JSON, JSON.stringify(info))
}

/** `GET|POST /log_level`: shows or sets the level of the server's own log. */
export function serveLogLevel(
  { logger }: ServerContext,
  response: ServerResponse,
  method: string,
  params: Params,
): void {
  const level = firstParam(params, 'log_level')
  if (method === 'GET') {
    const message = `Current log level is ${logger.level ?? 'info'}`
    send(response, 200, STATUS_JSON, JSON.stringify({ message }))
  } else if (['debug', 'info', 'warn', 'error'].includes(level)) {
    if ('level' in logger) logger.level = level
    const body = { status: 'success', message: `Log level set to ${level}` }
    send(response, 200, STATUS_JSON, JSON.stringify(body))
  } else {
    const body = { status: 'failed', message: `unrecognized log level ${JSON.stringify(level)}` }
    send(response, 400, STATUS_JSON, JSON.stringify(body))
  }
}

/** `GET|POST /flush`: moves what is in memory into segments. */
export async function serveFlush({ store }: ServerContext, response: ServerResponse): Promise<void> {
  await store.flush()
  sendEmpty(response, 204)
}

/** `POST /flush/tenant`: the store writes the segments of all tenants together. */
export async function serveFlushTenant(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  singleTenant(request.headers['x-scope-orgid'], context.config)
  await serveFlush(context, response)
}
