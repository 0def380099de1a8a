import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Agent, AgentOptions, IncomingMessage } from 'node:http'
import type { ConnectionOptions, SecureVersion } from 'node:tls'
import { http } from '../node-http.ts'
import type { HttpClientArgs, Oauth2Args, TlsArgs } from './http-client-args.ts'

/** A request with a body that can be sent again. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** An answer, read to its end so that the connection can be used again. */
export interface HttpAnswer {
  readonly status: number
  /** E.g. `Bad Request`. */
  readonly statusText: string
  /** The first bytes of the body as text. */
  readonly bodyStart: string
}

/** Sends requests over kept-alive connections, with the authentication of its arguments. */
export interface HttpClient {
  /** Rejects when there is no answer: connection refused, timeout, aborted. */
  send(request: HttpRequest): Promise<HttpAnswer>
  /** The headers that authenticate a request; files are read again each time. */
  headers(): Promise<Record<string, string>>
  /** TLS settings of `node:tls`. */
  readonly tls: ConnectionOptions
  close(): void
}

const BODY_START_BYTES = 16 * 1024
const MAX_REDIRECTS = 10
/** A token is renewed this long before it ends. */
const TOKEN_MARGIN_MS = 10_000

/**
 * Makes a client from the shared HTTP client arguments.
 * @throws Error when a certificate file cannot be read.
 */
export function makeHttpClient(args: HttpClientArgs): HttpClient {
  const tls = tlsOptions(args.tls_config)
  const options: AgentOptions = { keepAlive: true, maxSockets: 64, proxyEnv: proxyEnv(args) }
  const plainAgent = new http.Agent(options)
  let tlsAgent: Agent | undefined
  const token = args.oauth2 === undefined ? undefined : makeTokenSource(args.oauth2)
  const headers = async (): Promise<Record<string, string>> => {
    const all: Record<string, string> = {}
    for (const [name, values] of Object.entries(args.http_headers)) all[name] = values.join(', ')
    const authorization = await authorizationHeader(args, token)
    if (authorization !== undefined) all.Authorization = authorization
    return all
  }
  const sendOnce = (
    request: HttpRequest,
    url: URL,
    allHeaders: Record<string, string>,
  ): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const timeout = AbortSignal.timeout(request.timeoutMs)
      const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal])
      const fail = (error: Error): void => {
        reject(
          timeout.aborted ? new Error(`no answer from ${url.host} within ${request.timeoutMs} ms`) : error,
        )
      }
      const { method } = request
      const isTls = url.protocol === 'https:'
      const { Agent, request: open } = isTls ? process.getBuiltinModule('node:https') : http
      if (isTls) tlsAgent ??= new Agent({ ...options, ...tls })
      const agent = isTls ? tlsAgent : plainAgent
      const sending = open(url, { method, headers: allHeaders, agent, signal }, resolve)
      sending.on('error', fail)
      sending.end(request.body)
    })
  const send = async (request: HttpRequest): Promise<HttpAnswer> => {
    const allHeaders: Record<string, string> = { ...(await headers()), ...request.headers }
    allHeaders['Content-Length'] = String(request.body.length)
    let url = new URL(request.url)
    for (let redirects = 0; ; redirects++) {
      const response = await sendOnce(request, url, allHeaders)
      const bodyStart = await readStart(response)
      const status = response.statusCode ?? 0
      const location = response.headers.location
      const isRedirect = (status === 307 || status === 308) && location !== undefined
      if (!isRedirect || !args.follow_redirects || redirects === MAX_REDIRECTS) {
        return { status, statusText: response.statusMessage ?? '', bodyStart }
      }
      const next = new URL(location, url)
      if (next.host !== url.host) delete allHeaders.Authorization
      url = next
    }
  }
  const close = (): void => {
    plainAgent.destroy()
    tlsAgent?.destroy()
  }
  return { send, headers, tls, close }
}

async function readStart(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of response) {
    if (sizeBytes < BODY_START_BYTES) chunks.push(chunk)
    sizeBytes += chunk.length
  }
  return Buffer.concat(chunks).toString('utf8', 0, BODY_START_BYTES)
}

function proxyEnv(args: HttpClientArgs): NodeJS.ProcessEnv | undefined {
  if (args.proxy_from_environment) return process.env
  if (args.proxy_url === undefined || args.proxy_url === '') return undefined
  return { HTTP_PROXY: args.proxy_url, HTTPS_PROXY: args.proxy_url, NO_PROXY: args.no_proxy ?? '' }
}

function tlsOptions(args: TlsArgs | undefined): ConnectionOptions {
  if (args === undefined) return {}
  const pem = (inline: string | undefined, file: string | undefined): string | undefined =>
    inline || (file ? readFileSync(file, 'utf8') : undefined)
  return {
    ca: pem(args.ca_pem, args.ca_file),
    cert: pem(args.cert_pem, args.cert_file),
    key: pem(args.key_pem, args.key_file),
    rejectUnauthorized: !args.insecure_skip_verify,
    ...(args.server_name ? { servername: args.server_name } : {}),
    ...(args.min_version
      ? { minVersion: args.min_version.replace('TLS1', 'TLSv1.').replace('v1.0', 'v1') as SecureVersion }
      : {}),
  }
}

async function fileOr(inline: string | undefined, file: string | undefined): Promise<string> {
  return file ? (await readFile(file, 'utf8')).trim() : (inline ?? '')
}

type TokenSource = () => Promise<string>

async function authorizationHeader(
  args: HttpClientArgs,
  token: TokenSource | undefined,
): Promise<string | undefined> {
  if (args.basic_auth !== undefined) {
    const { username, password, password_file } = args.basic_auth
    const credentials = `${username}:${await fileOr(password, password_file)}`
    return `Basic ${Buffer.from(credentials).toString('base64')}`
  }
  if (args.authorization !== undefined) {
    const { type, credentials, credentials_file } = args.authorization
    return `${type} ${await fileOr(credentials, credentials_file)}`
  }
  if (token !== undefined) return `Bearer ${await token()}`
  const bearer = await fileOr(args.bearer_token, args.bearer_token_file)
  return bearer === '' ? undefined : `Bearer ${bearer}`
}

/**
 * Fetches an access token with the client's credentials (RFC 6749, 4.4) and keeps it until shortly before its
 * end.
 */
function makeTokenSource(args: Oauth2Args): TokenSource {
  let known: { token: string; validUntilMs: number } | undefined
  const client = makeHttpClient({
    tls_config: args.tls_config,
    proxy_from_environment: false,
    follow_redirects: true,
    enable_http2: true,
    http_headers: {},
  })
  return async () => {
    if (known !== undefined && Date.now() < known.validUntilMs) return known.token
    const secret = await fileOr(args.client_secret, args.client_secret_file)
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...args.endpoint_params })
    if (args.scopes.length > 0) form.set('scope', args.scopes.join(' '))
    const credentials = `${encodeURIComponent(args.client_id)}:${encodeURIComponent(secret)}`
    const answer = await client.send({
      method: 'POST',
      url: args.token_url,
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        Authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
      },
      body: Buffer.from(form.toString()),
      timeoutMs: 10_000,
    })
    if (answer.status !== 200) throw new Error(`token_url answered with status ${answer.status}`)
    const { access_token: token, expires_in: seconds } = JSON.parse(answer.bodyStart)
    if (typeof token !== 'string') throw new Error('token_url answered without an access_token')
    const lifeMs = typeof seconds === 'number' ? seconds * 1000 : Number.POSITIVE_INFINITY
    known = { token, validUntilMs: Date.now() + lifeMs - TOKEN_MARGIN_MS }
    return token
  }
}
