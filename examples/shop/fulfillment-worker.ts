import { setTimeout as sleep } from 'node:timers/promises'
import { type DestinationStream, pino } from 'pino'
import {
  type ListenOptions,
  type RunningService,
  type ShopHandler,
  startHttpService,
} from './http-service.ts'
import { listenFromEnv, runService } from './run-service.ts'
import { makeStructlog, type Structlog } from './structlog.ts'

/** An order to pack and ship, as order-api delivers it. */
export interface FulfillmentJob {
  readonly order_id: string
  readonly sku: string
  readonly quantity: number
}

/** What fulfillment-worker needs. */
export interface FulfillmentWorkerOptions extends ListenOptions {
  /** Where log lines go; standard output by default. */
  readonly log?: DestinationStream
}

/** Packing one piece takes this long, milliseconds. */
const PACK_MS_PER_PIECE = 8
/** The article that is heavy to carry: its jobs are slow. */
const SLOW_SKU = 'anvil'
const SLOW_MS = 900
/** The article that breaks in the packer's hands: its jobs fail on the first try. */
const FRAGILE_SKU = 'crystal-vase'

/**
 * Starts the worker: `POST /jobs` packs an order and answers when it is done. Logs as a Python service
 * would.
 */
export async function startFulfillmentWorker(options: FulfillmentWorkerOptions): Promise<RunningService> {
  const log = makeStructlog('fulfillment.worker', options.log ?? pino.destination({ fd: 1, sync: true }))
  const seen = new Set<string>()
  const handle: ShopHandler = async (request) => {
    const bound = log.bind({ request_id: request.requestId })
    if (request.method !== 'POST' || request.path !== '/jobs')
      return { status: 404, body: { error: 'no such route' } }
    return await fulfil(bound, request.body as FulfillmentJob, seen)
  }
  const service = await startHttpService(options, handle, (request, response, durationMs, error) => {
    if (error === undefined) return
    log.error('request_crashed', {
      request_id: request.requestId,
      status: response.status,
      duration_ms: durationMs,
      exception: error instanceof Error ? error.stack : String(error),
    })
  })
  log.info('worker_started', { port: service.port })
  return {
    ...service,
    async close() {
      await service.close()
      log.info('worker_stopped')
    },
  }
}

async function fulfil(
  log: Structlog,
  job: FulfillmentJob,
  seen: Set<string>,
): Promise<{ status: number; body: unknown }> {
  const bound = log.bind({ order_id: job.order_id, sku: job.sku })
  const startedAt = performance.now()
  bound.info('job_received', { quantity: job.quantity })
  if (job.sku === FRAGILE_SKU && !seen.has(job.order_id)) {
    remember(seen, job.order_id)
    bound.error('job_failed', { reason: 'item_broken', exception: brokenItemTraceback(job) })
    return { status: 500, body: { error: 'item broken, take another one' } }
  }
  await sleep(job.quantity * PACK_MS_PER_PIECE + (job.sku === SLOW_SKU ? SLOW_MS : 0))
  const durationMs = Math.round(performance.now() - startedAt)
  if (durationMs >= SLOW_MS) bound.warning('job_slow', { duration_ms: durationMs, threshold_ms: SLOW_MS })
  bound.info('job_completed', { duration_ms: durationMs })
  return { status: 200, body: { order_id: job.order_id, shipped: true } }
}

/** Remembers the latest orders only: the worker runs for weeks. */
function remember(seen: Set<string>, orderId: string): void {
  seen.add(orderId)
  const oldest = seen.values().next().value
  if (seen.size > 1000 && oldest !== undefined) seen.delete(oldest)
}

/** What Python's traceback looks like inside a structlog line: many lines of text in one JSON string. */
function brokenItemTraceback(job: FulfillmentJob): string {
  return [
    'Traceback (most recent call last):',
    '  File "/app/fulfillment/worker.py", line 87, in run_job',
    '    parcel = pack(job)',
    '  File "/app/fulfillment/packing.py", line 42, in pack',
    '    raise ItemBroken(job.sku)',
    `fulfillment.packing.ItemBroken: ${job.sku} broke while packing order ${job.order_id}`,
  ].join('\n')
}

if (import.meta.main) {
  await runService(() => startFulfillmentWorker(listenFromEnv(8082)))
}
