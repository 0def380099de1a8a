import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { errorMessage, OperatorError } from '#base/errors.ts'

/** Where a Loki-compatible server is and how to speak to it: the connection flags of logcli. */
export interface ClientOptions {
  /** Base URL without `/loki/api/…`, e.g. `http://127.0.0.1:3100`. */
  readonly addr: string
  readonly orgId?: string
  readonly username?: string
  readonly password?: string
  readonly bearerToken?: string
  readonly bearerTokenFile?: string
  /** Ask a Logboom how it found its answer. */
  readonly explain?: boolean
}

/** Adds the connection flags to a command; each has logcli's environment variable. */
export function addClientOptions(command: Command): Command {
  const env = process.env
  return command
    .option('--addr <url>', 'server address [LOKI_ADDR]', env.LOKI_ADDR ?? 'http://127.0.0.1:3100')
    .option('--org-id <tenant>', 'X-Scope-OrgID to send [LOKI_ORG_ID]', env.LOKI_ORG_ID)
    .option('--username <name>', 'HTTP basic auth user [LOKI_USERNAME]', env.LOKI_USERNAME)
    .option('--password <password>', 'HTTP basic auth password [LOKI_PASSWORD]', env.LOKI_PASSWORD)
    .option('--bearer-token <token>', 'bearer token to send [LOKI_BEARER_TOKEN]', env.LOKI_BEARER_TOKEN)
    .option(
      '--bearer-token-file <file>',
      'file with the bearer token [LOKI_BEARER_TOKEN_FILE]',
      env.LOKI_BEARER_TOKEN_FILE,
    )
}

/** Query parameters; a list is sent as repeated parameters, `undefined` is left out. */
export type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>

/** The URL of an API path with its parameters. */
export function requestUrl(options: ClientOptions, path: string, parameters: Parameters): string {
  const base = /^[a-z]+:\/\//i.test(options.addr) ? options.addr : `http://${options.addr}`
  if (!URL.canParse(base)) {
    throw new OperatorError(
      'client_address',
      `"${options.addr}" is no address; give --addr (or LOKI_ADDR) as http://127.0.0.1:3100`,
    )
  }
  const url = new URL(base.replace(/\/+$/, '') + path)
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of value === undefined ? [] : [value].flat()) url.searchParams.append(name, one)
  }
  return url.href
}

/** What a request is beside its address. */
export interface RequestInit {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

/**
 * Sends a request to an API path and returns the body of the answer.
 * @throws OperatorError `client_unreachable` when there is no answer, `client_busy` for 429 and 5xx,
 * `client_missing` for 404 and `client_refused` for any other status but 2xx; each says where and what the
 * server said.
 */
export async function requestText(
  options: ClientOptions,
  path: string,
  parameters: Parameters,
  { method = 'GET', headers, body, signal }: RequestInit = {},
): Promise<string> {
  const url = requestUrl(options, path, parameters)
  let response: Response
  let text: string
  try {
    response = await fetch(url, { method, headers: { ...requestHeaders(options), ...headers }, body, signal })
    text = await response.text()
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw new OperatorError('client_unreachable', unreachable(url, error), { cause: error })
  }
  if (response.ok) return text
  const said = (text.trim().replace(/\s+/g, ' ') || response.statusText).slice(0, 2000)
  const message = `${said} (${response.status} from ${options.addr})`
  throw new OperatorError(codeOf(response.status), message + markQuery(said, parameters.query))
}

/** Asked again, a server may answer otherwise that is busy, starting or broken. */
function codeOf(status: number): string {
  if (status === 429 || status >= 500) return 'client_busy'
  return status === 404 ? 'client_missing' : 'client_refused'
}

/**
 * GETs a Loki API path and returns the parsed JSON body.
 * @throws OperatorError as {@link requestText}, and `client_answer` for an answer that is not JSON
 */
export async function getJson(
  options: ClientOptions,
  path: string,
  parameters: Parameters,
  signal?: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const text = await requestText(options, path, parameters, { headers, signal })
  try {
    return JSON.parse(text)
  } catch {
    const start = text.slice(0, 80).replace(/\s+/g, ' ')
    const url = requestUrl(options, path, parameters)
    throw new OperatorError('client_answer', `${url} answered with something that is not JSON: ${start}`)
  }
}

/** The headers of every request: tenant and credentials. */
export function requestHeaders(options: ClientOptions): Record<string, string> {
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'logboom' }
  if (options.orgId !== undefined && options.orgId !== '') headers['x-scope-orgid'] = options.orgId
  if (options.explain) headers['x-logboom-explain'] = '1'
  const token = bearerToken(options)
  if (token !== undefined) headers.authorization = `Bearer ${token}`
  else if (options.username !== undefined) {
    const credentials = Buffer.from(`${options.username}:${options.password ?? ''}`)
    headers.authorization = `Basic ${credentials.toString('base64')}`
  }
  return headers
}

function bearerToken({ bearerToken, bearerTokenFile }: ClientOptions): string | undefined {
  if (bearerToken !== undefined || bearerTokenFile === undefined) return bearerToken
  try {
    return readFileSync(bearerTokenFile, 'utf8').trim()
  } catch (error) {
    throw new OperatorError('client_token_file', `--bearer-token-file: ${errorMessage(error)}`)
  }
}

/** `fetch failed` says nothing; the reason is in the cause, sometimes one per address that was tried. */
function unreachable(url: string, error: unknown): string {
  let reason: unknown = error
  while (reason instanceof Error && reason.cause !== undefined) reason = reason.cause
  if (reason instanceof AggregateError && reason.errors.length > 0) reason = reason.errors[0]
  const hint = /ECONNREFUSED/.test(String((reason as { code?: unknown }).code ?? reason))
    ? ' (nothing listens there; is the server running, and is --addr or LOKI_ADDR right?)'
    : ''
  return `no answer from ${url}: ${errorMessage(reason)}${hint}`
}

/** The query with a mark under the column that a parse error names; nothing for other errors. */
function markQuery(said: string, query: Parameters[string]): string {
  const column = /parse error at line [01], col (\d+)/.exec(said)
  if (column === null || typeof query !== 'string' || query.includes('\n')) return ''
  return `\n  ${query}\n  ${' '.repeat(Number(column[1]) - 1)}^`
}
