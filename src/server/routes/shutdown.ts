import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerContext } from '../context.ts'
import { firstParam, type Params } from '../http/query-string.ts'
import { sendEmpty, sendError, sendText } from '../http/reply.ts'

/**
 * `POST /ingester/shutdown`: takes nothing more in, moves what is in memory into segments (unless
 * `flush=false`) and ends the process (unless `terminate=false`).
 */
export async function serveShutdown(
  context: ServerContext,
  response: ServerResponse,
  params: Params,
): Promise<void> {
  if (!context.isOpen()) {
    sendError(response, 503, 'Ingester is stopping or already stopped.\n')
    return
  }
  const isOn = (name: string): boolean => !/^(?:0|f|false)$/i.test(firstParam(params, name))
  context.shutdown.stopTaking()
  if (isOn('flush')) await context.store.flush()
  sendEmpty(response, 204)
  if (isOn('terminate')) context.shutdown.terminate()
}

/**
 * `GET|POST|DELETE /ingester/prepare_shutdown`: a mark by which an operator's tool remembers that it wants
 * everything flushed on the next stop, which this server always does.
 */
export function servePrepareShutdown(
  { shutdown }: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.method === 'GET') {
    sendText(response, 200, shutdown.isPrepared ? 'set' : 'unset')
    return
  }
  shutdown.isPrepared = request.method === 'POST'
  sendEmpty(response, 204)
}
