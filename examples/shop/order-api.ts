import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DestinationStream, Logger } from 'pino'
import type { FulfillmentJob } from './fulfillment-worker.ts'
import { callService } from './http-call.ts'
import {
  type ListenOptions,
  type RunningService,
  type ShopRequest,
  type ShopResponse,
  startHttpService,
} from './http-service.ts'
import { type JobQueue, makeJobQueue } from './job-queue.ts'
import { makePinoLog } from './pino-log.ts'
import { printStack } from './print-stack.ts'
import { listenFromEnv, runService } from './run-service.ts'

/** What order-api needs. */
export interface OrderApiOptions extends ListenOptions {
  /** Base URL of fulfillment-worker. */
  readonly fulfillmentWorkerUrl: string
  /** Where log lines go; standard output by default. */
  readonly log?: DestinationStream
}

interface Order {
  readonly id: string
  readonly sku: string
  readonly quantity: number
}

interface QueuedJob {
  readonly requestId: string
  readonly job: FulfillmentJob
}

const SKUS: ReadonlySet<string> = new Set(['teapot', 'lamp', 'notebook', 'anvil', 'crystal-vase'])
const MAX_QUANTITY = 20
/** Orders kept in memory; older ones are forgotten. */
const MAX_ORDERS = 1000

/**
 * Starts order-api: `POST /orders` takes an order and queues it for fulfillment-worker, `GET /orders/<id>`
 * shows it, `GET /reports/daily` crashes, as every shop has one page that does.
 */
export async function startOrderApi(options: OrderApiOptions): Promise<RunningService> {
  const log = makePinoLog('order-api', options.log)
  const orders = new Map<string, Order>()
  const queue = makeDeliveryQueue(options.fulfillmentWorkerUrl, log)
  const service = await startHttpService(
    options,
    (request) => route(request, orders, queue, log),
    (request, response, durationMs, error) => {
      const fields = {
        request_id: request.requestId,
        method: request.method,
        path: request.path,
        status: response.status,
        duration_ms: durationMs,
      }
      if (error !== undefined) {
        log.error({ ...fields, err: error }, 'request failed')
        printStack(error)
      } else if (response.status >= 400) log.warn(fields, 'request refused')
      else log.info(fields, 'request completed')
    },
  )
  log.info({ port: service.port, fulfillment_worker_url: options.fulfillmentWorkerUrl }, 'order-api started')
  return {
    ...service,
    async close() {
      await service.close()
      await queue.close()
      log.info('order-api stopped')
    },
  }
}

/** The queue in the process, which delivers over HTTP and hands the request's id on. */
function makeDeliveryQueue(workerUrl: string, log: Logger): JobQueue<QueuedJob> {
  return makeJobQueue<QueuedJob>({
    capacity: 100,
    attempts: 4,
    retryDelayMs: 200,
    async deliver({ requestId, job }, attempt) {
      const startedAt = performance.now()
      const { status } = await callService('POST', `${workerUrl}/jobs`, requestId, job)
      if (status !== 200) throw new Error(`fulfillment-worker answered ${status}`)
      const durationMs = Math.round(performance.now() - startedAt)
      log.info(
        { request_id: requestId, order_id: job.order_id, attempt, duration_ms: durationMs },
        'job delivered',
      )
    },
    onFailure({ requestId, job }, attempt, error, willRetry) {
      const fields = { request_id: requestId, order_id: job.order_id, attempt, err: error }
      if (willRetry) log.warn(fields, 'job delivery failed, trying again')
      else log.error(fields, 'job given up')
    },
  })
}

async function route(
  request: ShopRequest,
  orders: Map<string, Order>,
  queue: JobQueue<QueuedJob>,
  log: Logger,
): Promise<ShopResponse> {
  if (request.method === 'POST' && request.path === '/orders')
    return await takeOrder(request, orders, queue, log)
  const id = /^\/orders\/([\w-]+)$/.exec(request.path)?.[1]
  if (request.method === 'GET' && id !== undefined) {
    const order = orders.get(id)
    return order === undefined ? notFound(`no order ${id}`) : { status: 200, body: order }
  }
  if (request.method === 'GET' && request.path === '/reports/daily')
    return { status: 200, body: dailyReport() }
  return notFound('no such route')
}

async function takeOrder(
  request: ShopRequest,
  orders: Map<string, Order>,
  queue: JobQueue<QueuedJob>,
  log: Logger,
): Promise<ShopResponse> {
  const { sku, quantity } = (request.body ?? {}) as Partial<Order>
  if (typeof sku !== 'string' || !SKUS.has(sku))
    return { status: 400, body: { error: `no such article: ${sku}` } }
  if (typeof quantity !== 'number' || !(quantity >= 1 && quantity <= MAX_QUANTITY)) {
    return { status: 422, body: { error: `quantity must be 1 to ${MAX_QUANTITY}` } }
  }
  // The stock database is slow now and then, mostly when many pieces are asked for.
  await sleep(2 + quantity * Math.random() * 10)
  const order: Order = { id: randomUUID().slice(0, 8), sku, quantity }
  orders.set(order.id, order)
  const oldest = orders.keys().next().value
  if (orders.size > MAX_ORDERS && oldest !== undefined) orders.delete(oldest)
  if (!queue.offer({ requestId: request.requestId, job: { order_id: order.id, sku, quantity } })) {
    return { status: 503, body: { error: 'too many orders are waiting, come back later' } }
  }
  log.info(
    { request_id: request.requestId, order_id: order.id, sku, queue_depth: queue.depth() },
    'order queued',
  )
  return { status: 202, body: order }
}

function notFound(error: string): ShopResponse {
  return { status: 404, body: { error } }
}

/** Yesterday's sales. Nobody tested it on a day without a sale. */
function dailyReport(): { best: string } {
  const sales: { sku: string }[] = []
  return { best: bestSeller(sales).sku }
}

function bestSeller(sales: readonly { sku: string }[]): { sku: string } {
  return sales.reduce((best, sale) => (sale.sku > best.sku ? sale : best))
}

if (import.meta.main) {
  const fulfillmentWorkerUrl = process.env.FULFILLMENT_WORKER_URL ?? 'http://127.0.0.1:8082'
  await runService(() => startOrderApi({ ...listenFromEnv(8081), fulfillmentWorkerUrl }))
}
