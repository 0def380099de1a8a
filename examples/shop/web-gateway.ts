import type { DestinationStream, Logger } from 'pino'
import { callService } from './http-call.ts'
import {
  type ListenOptions,
  type RunningService,
  type ShopHandler,
  type ShopRequest,
  startHttpService,
} from './http-service.ts'
import { makePinoLog } from './pino-log.ts'
import { printStack } from './print-stack.ts'
import { listenFromEnv, numberFromEnv, runService } from './run-service.ts'
import { startTraffic } from './traffic.ts'

/** What web-gateway needs. */
export interface WebGatewayOptions extends ListenOptions {
  /** Base URL of order-api. */
  readonly orderApiUrl: string
  /** Requests per second that the built-in customers make, on average; 0 for none. */
  readonly ratePerSecond: number
  /** Where log lines go; standard output by default. */
  readonly log?: DestinationStream
}

const SLOW_MS = 150

/**
 * Starts web-gateway, the shop's door: gives every request an id and hands it to order-api.
 * `POST /checkout` → `POST /orders`, `GET /orders/<id>` and `GET /reports/daily` as they are.
 */
export async function startWebGateway(options: WebGatewayOptions): Promise<RunningService> {
  const log = makePinoLog('web-gateway', options.log)
  const forward = makeForward(options.orderApiUrl)
  const service = await startHttpService(options, forward, (request, response, durationMs, error) => {
    logRequest(log, request, response.status, durationMs, error)
  })
  log.info({ port: service.port, order_api_url: options.orderApiUrl }, 'web-gateway started')
  const traffic = startTraffic(service.url, options.ratePerSecond)
  return {
    ...service,
    async close() {
      await traffic.stop()
      await service.close()
      log.info('web-gateway stopped')
    },
  }
}

function makeForward(orderApiUrl: string): ShopHandler {
  return async (request) => {
    const { requestId, body } = request
    if (request.method === 'POST' && request.path === '/checkout') {
      return await callService('POST', `${orderApiUrl}/orders`, requestId, body)
    }
    if (request.method === 'GET' && /^\/(orders|reports)\/[\w-]+$/.test(request.path)) {
      return await callService('GET', `${orderApiUrl}${request.path}`, requestId)
    }
    return { status: 404, body: { error: 'no such page' } }
  }
}

function logRequest(
  log: Logger,
  request: ShopRequest,
  status: number,
  durationMs: number,
  error: unknown,
): void {
  const fields = {
    request_id: request.requestId,
    method: request.method,
    path: request.path,
    status,
    duration_ms: durationMs,
  }
  if (error !== undefined) {
    log.error({ ...fields, err: error }, 'order-api cannot be reached')
    printStack(error)
  } else if (status >= 500) log.error(fields, 'order-api failed')
  else if (status >= 400) log.warn(fields, 'request refused')
  else if (durationMs >= SLOW_MS) log.warn(fields, 'request was slow')
  else log.info(fields, 'request completed')
}

if (import.meta.main) {
  const orderApiUrl = process.env.ORDER_API_URL ?? 'http://127.0.0.1:8081'
  const ratePerSecond = numberFromEnv('RATE', 3)
  await runService(() => startWebGateway({ ...listenFromEnv(8080), orderApiUrl, ratePerSecond }))
}
