import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { errorMessage } from '#base/errors.ts'
import { type Labels, makeLabels } from '#base/labels.ts'
import { Counter } from '#base/metrics.ts'
import { applyRules, noRules, type RelabelRules } from '#base/relabel.ts'
import { type PushedStream, parseJsonPush, parseProtobufPush } from '../api/push-request.ts'
import { type ApiHttpArgs, apiServerBlocks, apiTlsOptions, DEFAULT_API_HTTP } from '../api/server-args.ts'
import { fanOut } from '../fan-out.ts'
import { http } from '../node-http.ts'
import { isDeepStrictEqual, promisify } from '../node-util.ts'
import { type LogEntry, type LogsReceiver, makeDelivery } from '../pipeline.ts'
import type { ComponentContext, ComponentDefinition, ComponentInstance } from '../runtime/component.ts'
import { untilAborted } from './until_aborted.ts'

interface Args {
  readonly forward_to: readonly LogsReceiver[]
  readonly labels: Readonly<Record<string, string>>
  readonly relabel_rules?: RelabelRules
  readonly use_incoming_timestamp: boolean
  readonly max_send_message_size: number
  readonly graceful_shutdown_timeout: number
  readonly http?: ApiHttpArgs
}

const PUSH_PATHS = ['/loki/api/v1/push', '/api/v1/push']
const RAW_PATHS = ['/loki/api/v1/raw', '/api/v1/raw']
const TENANT_LABEL = '__tenant_id__'

/** `loki.source.api`: takes entries over Loki's push API, answering once they have been handed on. */
export const lokiSourceApi: ComponentDefinition<Args> = {
  name: 'loki.source.api',
  stability: 'generally-available',
  role: 'source',
  schema: {
    attributes: {
      forward_to: { type: { list: { capsule: 'LogsReceiver' } }, required: true },
      labels: { type: { map: 'string' }, default: {} },
      relabel_rules: { type: { capsule: 'RelabelRules' } },
      use_incoming_timestamp: { type: 'bool', default: false },
      max_send_message_size: { type: 'size', default: 100 * 1024 * 1024 },
      graceful_shutdown_timeout: { type: 'duration', default: 30_000 },
    },
    blocks: apiServerBlocks,
  },
  build: (context, args) => new ApiSource(context, args),
}

class HttpProblem extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

class ApiSource implements ComponentInstance<Args> {
  readonly #context: ComponentContext
  readonly #entries: Counter
  readonly #bytes: Counter
  readonly #dropped: Counter
  #args: Args
  #server: Server | undefined
  #lastMs = 0
  #lastNs = 0

  constructor(context: ComponentContext, args: Args) {
    this.#context = context
    this.#args = args
    const counter = (name: string, help: string): Counter =>
      new Counter({ name: `loki_source_api_${name}_total`, help, registers: [context.metrics] })
    this.#entries = counter('entries', 'Entries taken over from clients.')
    this.#bytes = counter('bytes', 'Bytes of the lines of these entries.')
    this.#dropped = counter('entries_dropped', 'Entries left out by relabel_rules.')
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#listen()
    await untilAborted(signal)
    await this.#close()
  }

  async update(args: Args): Promise<void> {
    const isSameServer = isDeepStrictEqual(args.http, this.#args.http)
    this.#args = args
    if (isSameServer || this.#server === undefined) return
    await this.#close()
    await this.#listen()
  }

  async #listen(): Promise<void> {
    const settings = this.#args.http ?? DEFAULT_API_HTTP
    const handle = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#handle(request, response)
    const server: Server =
      settings.tls === undefined
        ? http.createServer(handle)
        : process.getBuiltinModule('node:https').createServer(apiTlsOptions(settings.tls), handle)
    server.requestTimeout = settings.server_read_timeout
    server.keepAliveTimeout = settings.server_idle_timeout
    if (settings.conn_limit > 0) server.maxConnections = settings.conn_limit
    this.#server = server
    const address = `${settings.listen_address || '0.0.0.0'}:${settings.listen_port}`
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(settings.listen_port, settings.listen_address || undefined, resolve)
      })
      this.#context.reportHealth('healthy', `listening on ${address}`)
    } catch (error) {
      this.#context.reportHealth('unhealthy', `cannot listen on ${address}: ${errorMessage(error)}`)
      this.#context.logger.error({ address, error: errorMessage(error) }, 'cannot listen for pushed entries')
    }
  }

  async #close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined || !server.listening) return
    const timer = setTimeout(() => server.closeAllConnections(), this.#args.graceful_shutdown_timeout)
    await new Promise((resolve) => server.close(resolve))
    clearTimeout(timer)
  }

  debugInfo(): unknown {
    const address = this.#server?.address()
    return { port: typeof address === 'object' ? address?.port : undefined }
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const path = (request.url ?? '').split('?')[0]
      if (path === '/ready' && request.method === 'GET') return void response.end('ready\n')
      const isPush = PUSH_PATHS.includes(path)
      if (!isPush && !RAW_PATHS.includes(path)) throw new HttpProblem(404, '404 page not found')
      if (request.method !== 'POST') throw new HttpProblem(405, 'method not allowed')
      const body = await readBody(request, this.#args.max_send_message_size)
      if (isPush) await this.#push(body, request)
      else await this.#pushRaw(body, request)
      response.writeHead(204).end()
    } catch (error) {
      const status = error instanceof HttpProblem ? error.status : 500
      if (!response.headersSent) response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' })
      response.end(`${errorMessage(error)}\n`)
    }
  }

  /** Streams whose labels can be read are passed on even when others are refused. */
  async #push(body: Buffer, request: IncomingMessage): Promise<void> {
    let streams: PushedStream[]
    try {
      const isJson = /^application\/json\b/.test(request.headers['content-type'] ?? '')
      streams = isJson ? parseJsonPush(body.toString()) : parseProtobufPush(await uncompressed(body))
    } catch (error) {
      throw new HttpProblem(400, errorMessage(error))
    }
    const refused: string[] = []
    for (const { labels, labelsText, entries } of streams) {
      if (labels === undefined) refused.push(labelsText)
      else await this.#forward(this.#relabel(labels, tenantOf(request)), entries)
    }
    if (refused.length > 0) throw new HttpProblem(400, `error parsing labels: ${refused.join(', ')}`)
  }

  async #pushRaw(body: Buffer, request: IncomingMessage): Promise<void> {
    const lines = body.toString().split('\n')
    const entries = lines
      .filter((line) => line !== '')
      .map((line) => ({ tsMs: 0, tsNs: 0, line, metadata: [] }))
    const labels = makeLabels([...Object.entries(this.#args.labels), [TENANT_LABEL, tenantOf(request)]])
    await this.#forward(labels, entries, true)
  }

  #relabel(labels: Labels, tenant: string): Labels | undefined {
    const rules = this.#args.relabel_rules ?? noRules
    const all = makeLabels([...labels, ...Object.entries(this.#args.labels), [TENANT_LABEL, tenant]])
    return applyRules(rules, all)?.filter(([name]) => !name.startsWith('__') || name === TENANT_LABEL)
  }

  async #forward(labels: Labels | undefined, entries: LogEntry[], isStampedNow = false): Promise<void> {
    if (labels === undefined || entries.length === 0) {
      this.#dropped.inc(entries.length)
      this.#count(entries)
      return
    }
    const keepsTime = this.#args.use_incoming_timestamp && !isStampedNow
    const stamped = keepsTime ? entries : entries.map((entry) => ({ ...entry, ...this.#nextTime() }))
    try {
      await fanOut(this.#args.forward_to, {
        labels,
        entries: stamped,
        delivery: makeDelivery(() => undefined),
      })
    } catch (error) {
      throw new HttpProblem(503, errorMessage(error))
    }
    this.#count(entries)
  }

  #count(entries: readonly LogEntry[]): void {
    this.#entries.inc(entries.length)
    this.#bytes.inc(entries.reduce((sum, { line }) => sum + Buffer.byteLength(line), 0))
  }

  /** The time of arrival; entries of the same millisecond are told apart by a nanosecond each. */
  #nextTime(): { tsMs: number; tsNs: number } {
    const nowMs = Date.now()
    if (nowMs > this.#lastMs) {
      this.#lastMs = nowMs
      this.#lastNs = 0
    } else if (++this.#lastNs === 1_000_000) {
      this.#lastMs++
      this.#lastNs = 0
    }
    return { tsMs: this.#lastMs, tsNs: this.#lastNs }
  }
}

/** Loaded when it is needed: the native code takes 5 MB in every process that imports it. */
async function uncompressed(body: Buffer): Promise<Buffer> {
  const { uncompress } = await import('snappy')
  return (await uncompress(body, { asBuffer: true })) as Buffer
}

function tenantOf(request: IncomingMessage): string {
  const tenant = request.headers['x-scope-orgid']
  return typeof tenant === 'string' ? tenant : ''
}

type Unpack = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>

/** How the bodies of an encoding are unpacked; `node:zlib` is loaded when the first one comes. */
function unpackerOf(encoding: string): Unpack | undefined {
  const { gunzip, inflate } = process.getBuiltinModule('node:zlib')
  if (encoding === 'gzip') return promisify(gunzip)
  return encoding === 'deflate' ? promisify(inflate) : undefined
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const message = `the request is larger than max_send_message_size (${maxBytes} bytes)`
  const tooLarge = (): HttpProblem => new HttpProblem(413, message)
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request) {
    sizeBytes += chunk.length
    if (sizeBytes > maxBytes) throw tooLarge()
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  const encoding = request.headers['content-encoding'] ?? ''
  if (encoding === '' || encoding === 'snappy' || encoding === 'identity') return body
  const unpack = unpackerOf(encoding)
  if (unpack === undefined)
    throw new HttpProblem(400, `Content-Encoding ${JSON.stringify(encoding)} not supported`)
  try {
    return await unpack(body, { maxOutputLength: maxBytes })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge()
    throw new HttpProblem(400, errorMessage(error))
  }
}
