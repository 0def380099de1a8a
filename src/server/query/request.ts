import type { IncomingMessage } from 'node:http'
import { type Params, parseQueryString } from '../http/query-string.ts'
import { QueryError } from './query-error.ts'

/** `frontend.max_body_size` where nothing else is said. */
const MAX_FORM_BYTES = 10 * 2 ** 20

/**
 * The parameters of a query: those of the URL and, for a form, those of the body, which come first.
 * @param most how many bytes the form may have: `frontend.max_body_size`
 * @throws QueryError, BadQueryString with Loki's text
 */
export async function readParams(request: IncomingMessage, most = MAX_FORM_BYTES): Promise<Params> {
  const params = new Map<string, string[]>()
  const type = request.headers['content-type'] ?? ''
  if (request.method === 'POST' && /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type)) {
    const form = await readForm(request, most)
    parseQueryString(form, params)
  }
  const url = request.url ?? ''
  const question = url.indexOf('?')
  if (question >= 0) parseQueryString(url.slice(question + 1), params)
  return params
}

async function readForm(request: IncomingMessage, most: number): Promise<string> {
  const chunks: Buffer[] = []
  let received = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    received += chunk.length
    if (received > most) throw new QueryError('http: POST too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, received).toString()
}

/** `X-Query-Tags: Source=x,Other=y` as names and values; odd characters become `_`. */
export function readQueryTags(request: IncomingMessage): Map<string, string> {
  const header = String(request.headers['x-query-tags'] ?? '').replace(/[^A-Za-z0-9\-=.@, ]/g, '_')
  const tags = new Map<string, string>()
  for (const part of header.split(',')) {
    const equals = part.indexOf('=')
    if (equals > 0) tags.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim())
  }
  return tags
}

/** `X-Loki-Response-Encoding-Flags`, in the order sent. */
export function readEncodingFlags(request: IncomingMessage): string[] {
  const header = request.headers['x-loki-response-encoding-flags']
  return String(header ?? '')
    .split(',')
    .map((flag) => flag.trim())
    .filter((flag) => flag !== '')
}
