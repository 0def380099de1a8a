import type { IncomingMessage, ServerResponse } from 'node:http'
import websocket, { type WebSocket } from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import { errorMessage } from '#base/errors.ts'
import { loadLater } from '#base/load-later.ts'
import { admitRequest } from '../access/gate.ts'
import type { ServerContext } from '../context.ts'
import { sendError, sendText } from '../http/reply.ts'
import { QueryError } from '../query/query-error.ts'
import { refusalOf } from '../query/refusal.ts'
import type { TailRequest } from '../tail/tail-request.ts'

const requests = loadLater(() => import('../tail/tail-request.ts'))
const frames = loadLater(() => import('../tail/frame.ts'))
const tails = loadLater(() => import('../tail/tail.ts'))

const TAIL_PATH = '/loki/api/v1/tail'
const LEGACY_TAIL_PATH = '/api/prom/tail'

/** The paths that answer with a WebSocket. */
export const TAIL_PATHS: readonly string[] = [TAIL_PATH, LEGACY_TAIL_PATH]

/** Clients send nothing but control frames; whatever else comes is small, or the connection ends. */
const MAX_CLIENT_FRAME_BYTES = 64 * 1024

/** Adds live tailing, `GET /loki/api/v1/tail` and `/api/prom/tail`, to an app that has no routes yet. */
export async function registerTail(app: FastifyInstance, context: ServerContext): Promise<void> {
  await app.register(websocket, {
    options: { maxPayload: MAX_CLIENT_FRAME_BYTES },
    errorHandler: (_error, socket) => socket.terminate(),
    preClose: () => closeTails(app),
  })
  // The plugin ends the connection after an answer that is no upgrade; the answer says so.
  app.addHook('onRequest', async (request, reply) => {
    if (request.ws) reply.raw.shouldKeepAlive = false
  })
  const active = new Map<string, number>()
  const admitted = new WeakMap<IncomingMessage, TailRequest>()
  const prefix = context.config.server.http_path_prefix.replace(/\/$/, '')
  for (const path of TAIL_PATHS) {
    const url = prefix + path
    const isLegacy = path === LEGACY_TAIL_PATH
    app.route({
      method: 'GET',
      url,
      onRequest: async (request, reply) => {
        const tail = await admit(context, request.raw, reply.raw, request.ws)
        if (tail === undefined) reply.hijack()
        else admitted.set(request.raw, tail)
      },
      handler: () => undefined,
      wsHandler: async (socket, request) => {
        const tail = admitted.get(request.raw)
        if (tail === undefined) return
        await follow(context, socket, tail, isLegacy, active)
      },
    })
    app.route({
      method: 'POST',
      url,
      onRequest: async (request, reply) => {
        reply.hijack()
        await admit(context, request.raw, reply.raw, false)
      },
      handler: () => undefined,
    })
  }
}

/** Reads the request of a tail, or answers it where it cannot become a WebSocket. */
async function admit(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
  isUpgrade: boolean,
): Promise<TailRequest | undefined> {
  try {
    if (!context.isOpen()) throw new QueryError('the server is shutting down', 503)
    if ((await admitRequest(context, request, response, TAIL_PATH)) === undefined) return undefined
    const { readTailRequest } = await requests()
    const tail = await readTailRequest(request, context.config, Date.now())
    if (isUpgrade) {
      checkOrigin(request, context)
      return tail
    }
    sendText(response, 400, 'Bad Request\n', {
      'sec-websocket-version': '13',
      'x-content-type-options': 'nosniff',
    })
  } catch (error) {
    const refusal = refusalOf(error) ?? { status: 500, text: errorMessage(error) }
    if (refusal.status === 500) context.logger.error({ err: refusal.text }, 'a tail failed')
    sendError(response, refusal.status, refusal.text)
  }
  return undefined
}

/**
 * Browsers let any page open a WebSocket to any server, and say which page it was. Without tenants nothing
 * else would keep a foreign page from reading the logs of whoever visits it; nor with a password that the
 * browser sends along by itself.
 * @throws QueryError 403
 */
function checkOrigin({ headers }: IncomingMessage, { config, access }: ServerContext): void {
  const { origin, host } = headers
  if ((config.auth_enabled && !access.isOn) || origin === undefined) return
  const own = [host, headers['x-forwarded-host']]
  if (URL.canParse(origin) && own.includes(new URL(origin).host)) return
  const advice = 'the page and the server must have one host, or the proxy between must pass it on as Host'
  throw new QueryError(`websocket: request origin not allowed: ${origin} (${advice})`, 403)
}

const INTERNAL_ERROR = 1011
const GOING_AWAY = 1001
const PING_EVERY_MS = 1000
/** A client that answers no ping for this long reads nothing any more. */
const SILENCE_MS = 60_000

/** Runs a tail over a WebSocket until one of both ends it. What goes wrong is told in the close frame. */
async function follow(
  context: ServerContext,
  socket: WebSocket,
  tail: TailRequest,
  isLegacy: boolean,
  active: Map<string, number>,
): Promise<void> {
  const begun = performance.now()
  const end = new AbortController()
  let heardMs = begun
  socket.on('close', () => end.abort())
  socket.on('pong', () => {
    heardMs = performance.now()
  })
  const ping = setInterval(() => {
    if (performance.now() - heardMs > SILENCE_MS) socket.terminate()
    else if (socket.readyState === socket.OPEN) socket.ping()
  }, PING_EVERY_MS)
  const deadline = setTimeout(() => {
    refuse(socket, 'reached tail max duration limit')
    end.abort()
  }, context.config.querier.tail_max_duration)
  const count = (active.get(tail.tenant) ?? 0) + 1
  active.set(tail.tenant, count)
  context.metrics.activeTails.inc()
  try {
    checkCount(count, context.limits.of(tail.tenant).max_concurrent_tail_requests)
    const [{ runTail }, { makeFrameWriter, writeLegacyFrame }] = await Promise.all([tails(), frames()])
    const writeFrame = isLegacy ? writeLegacyFrame : makeFrameWriter(tail.encodingFlags)
    await runTail(context, socket, tail, writeFrame, end.signal)
  } catch (error) {
    if (!end.signal.aborted) {
      const refusal = refusalOf(error)
      if (refusal === undefined) context.logger.error({ err: errorMessage(error) }, 'a tail failed')
      refuse(socket, refusal?.text ?? errorMessage(error))
    }
  } finally {
    clearInterval(ping)
    clearTimeout(deadline)
    context.metrics.activeTails.dec()
    const left = (active.get(tail.tenant) ?? 1) - 1
    if (left > 0) active.set(tail.tenant, left)
    else active.delete(tail.tenant)
  }
}

function checkCount(count: number, limit: number): void {
  if (count <= limit) return
  const why = `max concurrent tail requests limit exceeded, count > limit (${count} > ${limit})`
  throw new QueryError(`rpc error: code = Code(400) desc = ${why}`)
}

/** The reason of a close frame has room for 123 bytes. */
function refuse(socket: WebSocket, reason: string): void {
  let text = reason
  while (Buffer.byteLength(text) > 123) text = text.slice(0, -1)
  socket.close(INTERNAL_ERROR, text)
}

/** How long clients have to answer the close frame. */
const CLOSE_WAIT_MS = 500

async function closeTails(app: FastifyInstance): Promise<void> {
  const { clients } = app.websocketServer
  for (const client of clients) client.close(GOING_AWAY, 'the server is shutting down')
  const cut = setTimeout(() => {
    for (const client of clients) client.terminate()
  }, CLOSE_WAIT_MS)
  await new Promise<void>((resolve) => app.websocketServer.close(() => resolve()))
  clearTimeout(cut)
}
