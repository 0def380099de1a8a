import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorMessage, OperatorError } from '#base/errors.ts'
import type { ServerContext } from '../context.ts'
import { sendEmpty, sendError } from '../http/reply.ts'
import { singleTenant, TenantError } from '../http/tenant.ts'
import type { BodyLimits } from '../push/body.ts'
import { decodeJsonPush } from '../push/decode-json.ts'
import { PushError } from '../push/push-error.ts'
import { type JsonDecoder, withPush } from '../push/read-push.ts'

/** `POST /loki/api/v1/push`: JSON, or snappy protobuf for every other media type. */
export async function servePush(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  await answerPush(context, response, () => takePush(context, request, decodeJsonPush))
}

/** Takes a push in, JSON in the way `decodeJson` reads it. */
export async function takePush(
  context: ServerContext,
  request: IncomingMessage,
  decodeJson: JsonDecoder,
): Promise<void> {
  const tenant = singleTenant(request.headers['x-scope-orgid'], context.config)
  await withPush(request, bodyLimits(context), context.scratch, decodeJson, async (draft) => {
    if (draft.streams.length === 0) {
      throw new PushError(422, 'error at least one valid stream is required for ingestion')
    }
    await context.pusher.push(tenant, draft, 'loki')
  })
}

/** The body limits of `distributor`. */
export function bodyLimits({ config }: ServerContext): BodyLimits {
  const { max_recv_msg_size: received, max_decompressed_size: decompressed } = config.distributor
  return { receivedBytes: received, decompressedBytes: decompressed === 0 ? received * 50 : decompressed }
}

/** Runs a push and answers it: 204, or the text of what went wrong. */
export async function answerPush(
  context: ServerContext,
  response: ServerResponse,
  push: () => Promise<void>,
): Promise<void> {
  try {
    if (!context.isOpen()) throw new PushError(503, 'the server is shutting down')
    await push()
    sendEmpty(response, 204)
  } catch (error) {
    if (error instanceof PushError || error instanceof TenantError) {
      sendError(response, error.status, `${error.message}\n`)
    } else if (error instanceof OperatorError) {
      // Nothing was stored; clients keep the batch and try again on a 5xx.
      sendError(response, error.code === 'store_closed' ? 503 : 500, `${error.message}\n`)
    } else {
      context.logger.error({ err: errorMessage(error) }, 'push failed')
      sendError(response, 500, `${errorMessage(error)}\n`)
    }
  }
}
