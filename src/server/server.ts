import type { IncomingMessage, Server } from 'node:http'
import type { ServerOptions as HttpsOptions, Server as HttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import type { LokiConfig } from '#config/schema/root.ts'
import type { ScanParts } from '#logql/engine/parts.ts'
import type { LogStore } from '#store/types.ts'
import { makeAccessControl } from './access/access-control.ts'
import { makeAuditLog } from './access/audit.ts'
import { admitRequest } from './access/gate.ts'
import type { ServerContext } from './context.ts'
import { sendEmpty, sendError } from './http/reply.ts'
import { followRenewals, guardClients, tlsOptions } from './http/tls-options.ts'
import { WITHOUT_SCHEMAS } from './http/without-schemas.ts'
import { makeServerMetrics, type ServerMetrics } from './metrics.ts'
import { makePusher } from './push/pusher.ts'
import { defaultInflightBytes, makeScratch } from './push/scratch.ts'
import { makeFairQueue } from './query/fair-queue.ts'
import { queueBounds, reuseBytes } from './query/query-bounds.ts'
import { makeQueryReuse } from './query/query-reuse.ts'
import { refusalOf } from './query/refusal.ts'
import { registerQueryMetrics } from './query-metrics.ts'
import { makePage, type ServePage } from './routes/page.ts'
import { RULE_ROUTES } from './routes/rules-table.ts'
import { ROUTES, type Route } from './routes/table.ts'
import { registerTail, TAIL_PATHS } from './routes/tail.ts'
import { makeRuler } from './ruler/ruler.ts'
import { makeShutdown } from './shutdown.ts'
import { makeTenantLimits, type TenantLimits } from './tenant-limits.ts'

/** What a server is made of. */
export interface ServerOptions {
  readonly config: LokiConfig
  readonly store: LogStore
  readonly logger: Logger & { level?: string }
  /** The limits of tenants, where the caller has made them already (the store needs their retention). */
  readonly limits?: TenantLimits
  /** Directory of the built page. Default: no page. */
  readonly pageDir?: string
  /** Served beside the server's own routes, under the same rules of access. */
  readonly extraRoutes?: readonly Route[]
  /**
   * Whether queries may be answered from counters, filters and single fields where these tell as much as the
   * lines. Default true.
   */
  readonly shortcuts?: boolean
  /** Threads that read parts of queries. Default: none; everything is read by the server's own. */
  readonly parts?: ScanParts
  /** Whether queries may use what earlier ones have found. Default true. */
  readonly reuse?: boolean
  /** Listen here instead of where the configuration says; port 0 is any free one. */
  readonly host?: string
  readonly port?: number
  /** The bearer token of this process' own collector, which may write whatever the rules of access are. */
  readonly ownToken?: string
  /** Ends the process, as `/ingester/shutdown` asks. Default: nothing. */
  readonly onTerminate?: () => void
}

/** Loki's HTTP API over a store. */
export interface LogServer {
  /** Begins to listen; resolves with the address, e.g. `http://127.0.0.1:3100`. */
  listen(): Promise<string>
  /** The address once it listens. */
  readonly address: string
  readonly metrics: ServerMetrics
  /** Takes nothing new in, ends what runs, flushes and closes the store; within about four seconds. */
  close(): Promise<void>
}

/**
 * How long requests in flight have to end when the server closes; the store still has to flush after that.
 */
const DRAIN_MS = 3000

/** So much longer than clients are told, connections without requests are kept. */
const KEEP_ALIVE_BUFFER_MS = 10_000

/** Makes a server. It does not listen yet. */
export async function createServer(options: ServerOptions): Promise<LogServer> {
  const { config, logger, parts, shortcuts = true } = options
  const reuse = options.reuse === false ? undefined : makeQueryReuse(options.store, reuseBytes(config))
  const store = reuse?.watch.store ?? options.store
  const tls = tlsOptions(config)
  const access = makeAccessControl(config, logger, options.ownToken)
  const limits = options.limits ?? (await makeTenantLimits(config, logger))
  const shutdown = makeShutdown(options.onTerminate)
  const pusher = makePusher({ config, store, limits, logger, metrics: () => metrics })
  const metrics = makeServerMetrics({
    memoryStreams: () => pusher.activeStreams(),
    runtimeConfigOk: () => limits.lastReloadOk,
    store,
  })
  const queue = makeFairQueue(queueBounds(config))
  registerQueryMetrics(metrics.registry, queue, reuse)
  const ruler = makeRuler({ config, store, limits, logger, registry: metrics.registry, shortcuts })
  const context: ServerContext = {
    config,
    store,
    logger,
    limits,
    metrics,
    pusher,
    scratch: makeScratch(config.distributor.max_inflight_bytes || defaultInflightBytes()),
    isOpen: () => shutdown.isOpen,
    shutdown,
    reuse,
    queue,
    parts,
    shortcuts,
    startedMs: Date.now(),
    access,
    audit: makeAuditLog(logger),
    ruler,
  }
  const app = makeApp(config, tls)
  const unfollow = tls === undefined ? undefined : watchTls(app, config, logger)
  await registerTail(app, context)
  addRoutes(app, context, makePage(options.pageDir, notFound), options.extraRoutes)
  await app.ready()
  let address = ''
  return {
    metrics,
    get address() {
      return address
    },
    async listen() {
      const host = options.host ?? config.server.http_listen_address
      const { http_listen_port: port, http_listen_conn_limit: most } = config.server
      await listenOn(app, host, options.port ?? port, most)
      const { port: boundPort, address: bound, family } = app.server.address() as AddressInfo
      const shown =
        bound === '::' || bound === '0.0.0.0' ? '127.0.0.1' : family === 'IPv6' ? `[${bound}]` : bound
      address = `${tls === undefined ? 'http' : 'https'}://${shown}:${boundPort}`
      await ruler?.start()
      return address
    },
    async close() {
      shutdown.stopTaking()
      limits.close()
      access.close()
      unfollow?.()
      await drain(app)
      await ruler?.close()
      await store.close()
    },
  }
}

function makeApp(config: LokiConfig, tls: HttpsOptions | undefined): FastifyInstance {
  const { server } = config
  const http = {
    // Go's limit; selectors of dashboards can be long.
    maxHeaderSize: 1 << 20,
    ...(server.http_server_read_header_timeout > 0
      ? { headersTimeout: server.http_server_read_header_timeout }
      : {}),
    // Some clients offer HTTP/2 with every request (`Upgrade: h2c`): its body is read all the same.
    shouldUpgradeCallback: (request: IncomingMessage) => /^websocket$/i.test(request.headers.upgrade ?? ''),
  }
  const options = {
    logger: false,
    schemaController: WITHOUT_SCHEMAS,
    exposeHeadRoutes: false,
    keepAliveTimeout: server.http_server_idle_timeout,
    requestTimeout: server.http_server_read_timeout,
    forceCloseConnections: 'idle',
    frameworkErrors: (_error: Error, _request: FastifyRequest, reply: FastifyReply) => badUrl(reply),
    routerOptions: { maxParamLength: 2048, querystringParser: () => ({}) },
  } as const
  // The two differ in the type of their server alone, and both are servers of requests.
  if (tls !== undefined)
    return Fastify({ ...options, https: { ...http, ...tls } }) as unknown as FastifyInstance
  return Fastify({ ...options, http })
}

function watchTls(app: FastifyInstance, config: LokiConfig, logger: Logger): () => void {
  const listener = app.server as unknown as HttpsServer
  guardClients(listener, config)
  return followRenewals(listener, config, logger)
}

function badUrl(reply: FastifyReply): void {
  reply.hijack()
  sendError(reply.raw, 400, 'invalid URL escape in path\n')
}

/** The routes there are: those about rules only with a ruler whose API is on, others as they say. */
function routesOf({ config, ruler }: ServerContext): readonly Route[] {
  const all = ruler !== undefined && config.ruler.enable_api ? [...ROUTES, ...RULE_ROUTES] : ROUTES
  return all.filter(({ isThere }) => isThere?.(config) !== false)
}

function addRoutes(
  app: FastifyInstance,
  context: ServerContext,
  servePage: ServePage | undefined,
  extra: readonly Route[] = [],
): void {
  const routes = [...routesOf(context), ...extra]
  for (const route of routes) addRoute(app, context, route)
  answerOtherPaths(app, context, routes, servePage)
}

/** Serves a route before Fastify looks at the body: bodies are read raw, in the way each route needs. */
function addRoute(app: FastifyInstance, context: ServerContext, route: Route): void {
  const { config, logger, metrics } = context
  const name = route.path.slice(1).replace(/[/:]+/g, '_')
  app.route({
    method: [...route.methods],
    url: `${config.server.http_path_prefix.replace(/\/$/, '')}${route.path}`,
    onRequest: async (request, reply) => {
      reply.hijack()
      const begun = performance.now()
      const { raw: response } = reply
      try {
        const admission = await admitRequest(context, request.raw, response, route.path)
        if (admission !== undefined) {
          const variables = request.params as Record<string, string>
          const call = { context, request: request.raw, response, variables }
          if (!Object.values(variables).some((value) => value.includes('/'))) await route.serve(call)
          else if (route.serveSlash === undefined) notFound(response)
          else route.serveSlash(call)
          const { client, demand } = admission
          if (demand.audited) context.audit(request.raw, { client, status: response.statusCode })
        }
      } catch (error) {
        const refusal = refusalOf(error)
        if (refusal === undefined) {
          logger.error({ route: route.path, err: errorMessage(error) }, 'request failed')
        }
        if (response.headersSent) response.destroy()
        else sendError(response, refusal?.status ?? 500, refusal?.text ?? `${errorMessage(error)}\n`)
      }
      const labels = {
        method: request.method,
        route: name,
        status_code: String(response.statusCode),
        ws: 'false',
      }
      metrics.requestSeconds.observe(labels, (performance.now() - begun) / 1000)
    },
    handler: () => undefined,
  })
}

function notFound(response: FastifyReply['raw']): void {
  sendError(response, 404, '404 page not found\n')
}

/**
 * Go's router: 405 without body for a known path asked with another method, a redirect for `//`, else the
 * page or 404.
 */
function answerOtherPaths(
  app: FastifyInstance,
  { config, logger }: ServerContext,
  routes: readonly Route[],
  servePage: ServePage | undefined,
): void {
  const prefix = config.server.http_path_prefix.replace(/\/$/, '')
  const paths = [...routes.map(({ path }) => path), ...TAIL_PATHS]
  const known = paths.map((path) => new RegExp(`^${prefix}${path.replace(/:\w+/g, '[^/]+')}$`))
  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.hijack()
    const [path, query] = request.url.split('?', 2)
    if (/\/\//.test(path)) {
      const location = path.replace(/\/{2,}/g, '/') + (query === undefined ? '' : `?${query}`)
      sendEmpty(reply.raw, 301, { location })
    } else if (known.some((pattern) => pattern.test(path))) {
      sendEmpty(reply.raw, 405)
    } else if (servePage !== undefined && /^(?:GET|HEAD)$/.test(request.method)) {
      await servePage(request.raw, reply.raw).catch((error: unknown) => {
        logger.error({ path, err: errorMessage(error) }, 'the page cannot be served')
        sendError(reply.raw, 500, 'internal error, see the log\n')
      })
    } else {
      notFound(reply.raw)
    }
  }
  app.setNotFoundHandler(answer)
  app.setErrorHandler(async (error, request, reply) => {
    // What Fastify refuses on a path it does not know (a media type, a length) is a wrong path all the same.
    if (error instanceof Error && 'statusCode' in error && Number(error.statusCode) < 500)
      await answer(request, reply)
    else {
      logger.error({ path: request.url, err: errorMessage(error) }, 'request failed')
      reply.hijack()
      sendError(reply.raw, 500, 'internal error, see the log\n')
    }
  })
}

async function listenOn(app: FastifyInstance, host: string, port: number, most: number): Promise<void> {
  const server = app.server as Server
  if (most > 0) server.maxConnections = most
  // A client may use a connection in the moment in which it ends: on a busy machine a moment is long.
  server.keepAliveTimeoutBuffer = KEEP_ALIVE_BUFFER_MS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // Without a host Node listens on all addresses, of both families where the system has both.
    server.listen(host === '' ? { port } : { host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Stops listening and waits for what is running, then cuts what still is. */
async function drain(app: FastifyInstance): Promise<void> {
  const server = app.server as Server
  if (!server.listening) {
    await app.close()
    return
  }
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
  server.closeIdleConnections()
  await app.close()
  clearTimeout(cut)
}
