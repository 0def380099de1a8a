import { readFileSync } from 'node:fs'
import type { Agent as HttpAgent, IncomingMessage } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import { errorMessage, OperatorError } from '#base/errors.ts'
import { withDeadline } from './deadline.ts'

// Not imported: an import asks the module for every export, and one of them loads all of `fetch`.
const http = process.getBuiltinModule('node:http')
const https = process.getBuiltinModule('node:https')

/** Where something is posted to, and as whom. */
export interface PostTarget {
  /** Without user and password. */
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly agent: HttpAgent | HttpsAgent
}

/** How to reach a target. Empty texts are unset. */
export interface TargetSettings {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly username: string
  readonly password: string
  /** `Authorization: <type> <credentials>`. */
  readonly authType: string
  readonly credentials: string
  readonly tls: TargetTls
}

/** PEM texts or files, and how the server's certificate is looked at. Empty texts are unset. */
export interface TargetTls {
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly serverName: string
  readonly insecure: boolean
}

/** Makes a target; user and password may also stand in the URL. */
export function makeTarget(settings: TargetSettings): PostTarget {
  const url = new URL(settings.url)
  const username = settings.username || decodeURIComponent(url.username)
  const password = settings.password || decodeURIComponent(url.password)
  url.username = ''
  url.password = ''
  const headers: Record<string, string> = { ...settings.headers }
  if (username !== '' || password !== '') {
    headers.authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  } else if (settings.credentials !== '') {
    headers.authorization = `${settings.authType} ${settings.credentials}`
  }
  const { ca, cert, key, serverName, insecure } = settings.tls
  const tls = {
    ...(ca === '' ? {} : { ca }),
    ...(cert === '' ? {} : { cert }),
    ...(key === '' ? {} : { key }),
    ...(serverName === '' ? {} : { servername: serverName }),
    rejectUnauthorized: !insecure,
  }
  const pool = { keepAlive: true, maxSockets: 2 }
  const agent = url.protocol === 'https:' ? new https.Agent({ ...pool, ...tls }) : new http.Agent(pool)
  return { url, headers, timeoutMs: settings.timeoutMs, agent }
}

/** A secret or certificate that may stand in a file. @throws OperatorError `ruler_file` */
export function textOrFile(text: string, file: string, key: string): string {
  if (text !== '' || file === '') return text
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new OperatorError('ruler_file', `ruler: ${key} ${file} cannot be read: ${errorMessage(error)}`)
  }
}

/** What became of a post. */
export interface PostAnswer {
  readonly status: number
  /** The beginning of the body. */
  readonly text: string
  /** `Retry-After` in ms, where the server says it in seconds. */
  readonly retryAfterMs: number | undefined
}

const MAX_ANSWER_BYTES = 2048

/** Posts a body. @throws Error when there is no answer within the target's timeout, or `signal` ends it */
export async function post(
  target: PostTarget,
  body: string | Buffer,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<PostAnswer> {
  const { url, agent, timeoutMs } = target
  const send = url.protocol === 'https:' ? https.request : http.request
  const all = { ...headers, ...target.headers, 'content-length': Buffer.byteLength(body) }
  const late = (): Error => new Error(`no answer within ${timeoutMs} ms`)
  return await withDeadline(signal, timeoutMs, late, async (deadline) => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = send(url, { method: 'POST', agent, headers: all, signal: deadline }, resolve)
      request.on('error', reject)
      request.end(body)
    })
    return await readAnswer(response)
  })
}

async function readAnswer(response: IncomingMessage): Promise<PostAnswer> {
  let text = ''
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (text.length < MAX_ANSWER_BYTES) text += chunk.toString()
  }
  const retryAfter = Number(response.headers['retry-after'])
  return {
    status: response.statusCode ?? 0,
    text: text.slice(0, MAX_ANSWER_BYTES).trim(),
    retryAfterMs: retryAfter > 0 ? retryAfter * 1000 : undefined,
  }
}
