import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGzip, gzip } from 'node:zlib'
import { JSON_TYPE } from './reply.ts'

/** Bodies below this fit one packet and are not worth compressing. */
const MIN_COMPRESSED = 1400

/** JSON of logs shrinks about as well at the lowest level, for a third of the time. */
const GZIP_OPTIONS = { level: 1 }

const gzipAsync = promisify(gzip)

/**
 * Whether an answer is to be compressed: the setting, what the client takes, and whether there is a network
 * between. To a client on the same machine, packing and unpacking is all that compression does.
 */
export function wantsGzip(request: IncomingMessage, enabled: boolean): boolean {
  return (
    enabled &&
    !isSameMachine(request) &&
    /(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+\s*)?(?:,|$)/.test(
      String(request.headers['accept-encoding'] ?? ''),
    )
  )
}

/** Headers of a proxy on this machine, behind which anybody may be. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']

function isSameMachine({ socket, headers }: IncomingMessage): boolean {
  const { remoteAddress = '' } = socket
  return /^(?:127\.|::1$|::ffff:127\.)/.test(remoteAddress) && !FORWARDED.some((name) => name in headers)
}

/**
 * Sends JSON given in pieces: at once when it is short, otherwise piece by piece as the client takes them,
 * compressed
 * where it may be.
 */
export async function sendPieces(
  response: ServerResponse,
  pieces: Iterable<string>,
  compress: boolean,
): Promise<void> {
  const iterator = pieces[Symbol.iterator]()
  let body = ''
  let next = iterator.next()
  while (next.done !== true && body.length < SHORT) {
    body += next.value
    next = iterator.next()
  }
  if (response.destroyed) return
  const headers: Record<string, string> = { 'content-type': JSON_TYPE, vary: 'Accept-Encoding' }
  if (next.done === true) {
    const zipped = compress && body.length >= MIN_COMPRESSED
    const bytes = zipped ? await gzipAsync(body, GZIP_OPTIONS) : Buffer.from(body)
    if (zipped) headers['content-encoding'] = 'gzip'
    response.writeHead(200, { ...headers, 'content-length': bytes.length })
    response.end(bytes)
    return
  }
  if (compress) headers['content-encoding'] = 'gzip'
  response.writeHead(200, headers)
  const begun = body
  const last = next.value
  const rest = function* (): Generator<string> {
    yield begun
    yield last
    for (let more = iterator.next(); more.done !== true; more = iterator.next()) yield more.value
  }
  const source = Readable.from(rest(), { objectMode: false })
  if (compress) await pipeline(source, createGzip(GZIP_OPTIONS), response)
  else await pipeline(source, response)
}

/** Answers up to this many characters are put together before they are sent. */
const SHORT = 512 * 1024
