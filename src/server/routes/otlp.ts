import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, zstdDecompress } from 'node:zlib'
import { errorMessage, OperatorError } from '#base/errors.ts'
import type { Limits } from '#config/schema/limits.ts'
import type { ServerContext } from '../context.ts'
import { send, sendEmpty, sendError } from '../http/reply.ts'
import { singleTenant, TenantError } from '../http/tenant.ts'
import { type AttributeRules, compileAttributeRules } from '../otlp/attribute-rules.ts'
import { decodeOtlpJson } from '../otlp/decode-json.ts'
import { decodeOtlpProtobuf } from '../otlp/decode-protobuf.ts'
import { Lz4TooLarge, uncompressLz4Frame } from '../otlp/lz4-frame.ts'
import { mapOtlpRecords } from '../otlp/map-records.ts'
import { type BodyLimits, inflatedLimit, readBody, tooLarge } from '../push/body.ts'
import { PushError } from '../push/push-error.ts'
import { bodyLimits } from './push.ts'

/** `POST /otlp/v1/logs`: OpenTelemetry's log records as protobuf or JSON. */
export async function serveOtlp(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    if (!context.isOpen()) throw new PushError(503, 'the server is shutting down')
    await takeOtlp(context, request)
    sendEmpty(response, 204)
  } catch (error) {
    if (error instanceof TenantError) {
      sendError(response, error.status, `${error.message}\n`)
    } else if (error instanceof PushError) {
      sendStatus(response, error.status, error.message)
    } else {
      context.logger.error({ err: errorMessage(error) }, 'push failed')
      // Exporters try again after 503, not after 500.
      const text = error instanceof OperatorError ? error.message : 'internal error, see the log'
      sendStatus(response, 503, text)
    }
  }
}

async function takeOtlp(context: ServerContext, request: IncomingMessage): Promise<void> {
  const tenant = singleTenant(request.headers['x-scope-orgid'], context.config)
  const sent = request.headers['content-type'] ?? ''
  const type = sent.split(';')[0].trim().toLowerCase()
  if (type !== 'application/json' && type !== 'application/x-protobuf') {
    throw new PushError(400, `content type: ${sent} is not supported`)
  }
  const limits = bodyLimits(context)
  const { scratch } = context
  const { body, lease } = await readBody(request, limits.receivedBytes, scratch)
  let heldBytes = 0
  try {
    const content = await decompress(body, request.headers['content-encoding'] ?? '', limits)
    // Decoded records and the rows made of them take about twice the bytes of the request.
    scratch.hold(content.length * 3)
    heldBytes = content.length * 3
    const data = type === 'application/json' ? decodeOtlpJson(content) : decodeOtlpProtobuf(content)
    const draft = mapOtlpRecords(data, rulesOf(context, context.limits.of(tenant)), Date.now())
    if (draft.rows === 0) {
      throw new PushError(422, 'error at least one valid stream is required for ingestion')
    }
    await context.pusher.push(tenant, draft, 'otlp')
  } finally {
    scratch.letGo(heldBytes)
    scratch.release(lease)
  }
}

const compiledRules = new WeakMap<Limits, AttributeRules>()

function rulesOf({ config }: ServerContext, limits: Limits): AttributeRules {
  let rules = compiledRules.get(limits)
  if (rules === undefined)
    compiledRules.set(limits, (rules = compileAttributeRules(limits, config.distributor)))
  return rules
}

const gunzipAsync = promisify(gunzip)
const zstdAsync = promisify(zstdDecompress)

async function decompress(body: Buffer, encoding: string, limits: BodyLimits): Promise<Buffer> {
  if (encoding === '' || encoding === 'identity') return body
  const maxOutputLength = inflatedLimit(body.length, limits)
  try {
    if (encoding === 'gzip') return await gunzipAsync(body, { maxOutputLength })
    if (encoding === 'lz4') return uncompressLz4Frame(body, maxOutputLength)
    if (encoding === 'zstd') return await zstdAsync(body, { maxOutputLength })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE' || error instanceof Lz4TooLarge) {
      throw tooLarge('decompressed message', maxOutputLength + 1, maxOutputLength)
    }
    throw new PushError(400, `${encoding}: ${errorMessage(error)}`)
  }
  throw new PushError(400, `unsupported content encoding ${encoding}: only gzip, lz4 and zstd are supported`)
}

/** The error form of OTLP: a protobuf `google.rpc.Status` with the message alone. */
function sendStatus(response: ServerResponse, status: number, message: string): void {
  const text = Buffer.from(message)
  const length: number[] = []
  for (let rest = text.length; ; rest = Math.floor(rest / 128)) {
    length.push(rest < 128 ? rest : (rest % 128) | 0x80)
    if (rest < 128) break
  }
  const body = Buffer.concat([Buffer.from([0x12, ...length]), text])
  send(response, status === 500 ? 503 : status, 'application/octet-stream', body)
}
