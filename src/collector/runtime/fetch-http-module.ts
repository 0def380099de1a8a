import type { IncomingMessage } from 'node:http'
import { http } from '../node-http.ts'
import { decodeConfigBytes } from '../syntax/source.ts'
import { type HttpClient, makeHttpClient } from '../write/http-client.ts'
import { DEFAULT_HTTP_CLIENT, type HttpClientArgs } from '../write/http-client-args.ts'
import type { ModuleText } from './module-text.ts'

/** Arguments of `import.http`. */
export interface ImportHttpArgs {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Milliseconds. */
  readonly poll_frequency: number
  /** Milliseconds. */
  readonly poll_timeout: number
  readonly client?: HttpClientArgs
}

/** No configuration is this long. */
const MAX_MODULE_BYTES = 16 * 1024 * 1024
const MAX_REDIRECTS = 10

/**
 * Fetches a module by HTTP.
 * @throws Error when there is no answer in time, or another than 200
 */
export async function fetchHttpModule(args: ImportHttpArgs): Promise<ModuleText> {
  const client = makeHttpClient(args.client ?? DEFAULT_HTTP_CLIENT)
  const signal = AbortSignal.timeout(args.poll_timeout)
  try {
    const text = decodeConfigBytes(await request(args, client, signal))
    return { name: shownUrl(args.url), text, folder: '' }
  } catch (thrown) {
    if (signal.aborted) throw new Error(`no answer from ${shownUrl(args.url)} within ${args.poll_timeout} ms`)
    throw thrown
  } finally {
    client.close()
  }
}

/** An address for messages: without user, password and query, which may hold secrets. */
function shownUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

async function request(args: ImportHttpArgs, client: HttpClient, signal: AbortSignal): Promise<Buffer> {
  const headers = { ...(await client.headers()), ...args.headers }
  let url = new URL(args.url)
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await send(url, args, client, headers, signal)
    const status = response.statusCode ?? 0
    const { location } = response.headers
    if (status >= 300 && status < 400 && location !== undefined && args.client?.follow_redirects !== false) {
      response.resume()
      const next = new URL(location, url)
      // What authenticates belongs to one host alone.
      if (next.host !== url.host) for (const name of Object.keys(headers)) delete headers[name]
      url = next
      continue
    }
    const body = await readBody(response)
    if (status === 200) return body
    throw new Error(`${shownUrl(args.url)} answered with status ${status}`)
  }
  throw new Error(`${shownUrl(args.url)} redirects more than ${MAX_REDIRECTS} times`)
}

function send(
  url: URL,
  { method, body }: ImportHttpArgs,
  client: HttpClient,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { request: open } = url.protocol === 'https:' ? process.getBuiltinModule('node:https') : http
    const tls = url.protocol === 'https:' ? client.tls : {}
    const sending = open(url, { method, headers, signal, ...tls }, resolve)
    sending.on('error', reject)
    sending.end(body === '' ? undefined : body)
  })
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of response) {
    sizeBytes += chunk.length
    if (sizeBytes > MAX_MODULE_BYTES) throw new Error(`the module is larger than ${MAX_MODULE_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
