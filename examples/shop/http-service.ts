import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The header that carries a request's id from service to service. */
export const REQUEST_ID_HEADER = 'x-request-id'

const MAX_BODY_BYTES = 64 * 1024

/** One request on its way through a service. */
export interface ShopRequest {
  readonly method: string
  /** Path without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** From the `x-request-id` header, or new where the request came without one. */
  readonly requestId: string
  /** Parsed JSON body, or `undefined` where there was none. */
  readonly body: unknown
}

/** What a handler answers; sent as JSON. */
export interface ShopResponse {
  readonly status: number
  readonly body: unknown
}

/** Answers one request. What it throws becomes a 500. */
export type ShopHandler = (request: ShopRequest) => Promise<ShopResponse>

/** Called after each answer, except those of `/healthz`. `error` is what the handler threw. */
export type RequestObserver = (
  request: ShopRequest,
  response: ShopResponse,
  durationMs: number,
  error: unknown,
) => void

/** A service that listens. */
export interface RunningService {
  /** E.g. `http://127.0.0.1:8080`. */
  readonly url: string
  readonly port: number
  /** Stops listening, lets requests under way finish, then resolves. */
  close(): Promise<void>
}

/** Where a service listens: port 0 means any free one. */
export interface ListenOptions {
  readonly port: number
  readonly host: string
}

/**
 * Starts an HTTP service: `/healthz` answers by itself, everything else goes to `handler`. The request id
 * is echoed in the answer's `x-request-id`. Rejects if it cannot listen.
 */
export async function startHttpService(
  listen: ListenOptions,
  handler: ShopHandler,
  observe: RequestObserver,
): Promise<RunningService> {
  const server = createServer((request, response) => {
    void answer(request, response, handler, observe)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listen.port, listen.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port, close: () => closeServer(server) }
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  handler: ShopHandler,
  observe: RequestObserver,
): Promise<void> {
  const startedAt = performance.now()
  const url = new URL(incoming.url ?? '/', 'http://shop')
  if (url.pathname === '/healthz') {
    send(outgoing, { status: 200, body: { status: 'ok' } })
    return
  }
  const header = incoming.headers[REQUEST_ID_HEADER]
  const requestId = typeof header === 'string' && header !== '' ? header : randomUUID()
  let request: ShopRequest = {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    requestId,
    body: undefined,
  }
  let response: ShopResponse
  let error: unknown
  try {
    request = { ...request, body: await readJson(incoming) }
    response = await handler(request)
  } catch (thrown) {
    error = thrown
    response = { status: 500, body: { error: 'internal error', request_id: requestId } }
  }
  outgoing.setHeader(REQUEST_ID_HEADER, requestId)
  send(outgoing, response)
  observe(request, response, Math.round((performance.now() - startedAt) * 10) / 10, error)
}

function send(outgoing: ServerResponse, response: ShopResponse): void {
  outgoing.writeHead(response.status, { 'content-type': 'application/json' })
  outgoing.end(JSON.stringify(response.body))
}

async function readJson(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of incoming) {
    sizeBytes += chunk.length
    if (sizeBytes > MAX_BODY_BYTES) throw new Error(`request body is larger than ${MAX_BODY_BYTES} bytes`)
    chunks.push(chunk)
  }
  return sizeBytes === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  await closed
}
