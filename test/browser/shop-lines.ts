import type { FakeEntry } from './fake-answers.ts'

/** A generator of the same numbers every time (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const ITEMS = ['teapot', 'lantern', 'notebook', 'umbrella', 'headphones']

/**
 * Lines of the sample shop, the same for a given end: orders that pass through a gateway, an API and a worker
 * with one request id, some slow, some failing, more of them in a burst two thirds into the window.
 */
export function shopLines(endMs: number, windowMs: number, orders: number): FakeEntry[] {
  const random = numbers(7)
  const entries: FakeEntry[] = []
  for (let i = 0; i < orders; i++) {
    const wave = 0.5 + 0.5 * Math.sin((i / orders) * 9)
    const startMs = Math.floor(endMs - windowMs + (windowMs * (i + random() * wave)) / orders)
    const incident = i > orders * 0.62 && i < orders * 0.7
    const failed = random() < (incident ? 0.55 : 0.02)
    order(entries, startMs, random, failed, incident && random() < 0.7)
  }
  return entries.filter((entry) => entry.tsMs < endMs).sort((a, b) => a.tsMs - b.tsMs)
}

function order(
  into: FakeEntry[],
  startMs: number,
  random: () => number,
  failed: boolean,
  slow: boolean,
): void {
  const requestId = hex(random) + hex(random)
  const orderId = `ord_${hex(random)}`
  const item = ITEMS[Math.floor(random() * ITEMS.length)] ?? 'teapot'
  const tookMs = Math.round((slow ? 900 : 40) * (0.4 + random() * 1.6))
  const pino = (service: string, afterMs: number, level: string, msg: string, fields: object) => {
    const tsMs = startMs + afterMs
    const line = { level, time: new Date(tsMs).toISOString(), service, request_id: requestId, ...fields, msg }
    const labels = { container: `shop-${service}-1`, service, service_name: service, stream: 'stdout' }
    into.push({ labels, tsMs, line: JSON.stringify(line), metadata: { detected_level: level } })
  }
  const post = { method: 'POST', path: '/api/orders' }
  pino('web-gateway', 0, 'debug', 'request received', {
    ...post,
    client: `10.0.${Math.floor(random() * 20)}.7`,
  })
  pino('order-api', 4, 'info', 'order accepted', {
    order_id: orderId,
    item,
    quantity: 1 + Math.floor(random() * 3),
  })
  if (slow)
    pino('order-api', tookMs - 6, 'warn', 'payment provider is slow', {
      order_id: orderId,
      waited_ms: tookMs,
    })
  if (failed) {
    const error = { type: 'PaymentDeclined', message: 'card was declined', retryable: false }
    pino('order-api', tookMs, 'error', 'payment failed', { order_id: orderId, status: 402, error })
  } else worker(into, startMs + tookMs + 12, requestId, orderId, item, random)
  const status = failed ? 402 : 201
  pino('web-gateway', tookMs + 3, failed ? 'error' : 'info', 'request completed', {
    ...post,
    status,
    duration_ms: tookMs,
  })
}

function worker(
  into: FakeEntry[],
  tsMs: number,
  requestId: string,
  orderId: string,
  item: string,
  random: () => number,
): void {
  const labels = { container: 'shop-fulfillment-worker-1', service: 'fulfillment-worker', stream: 'stdout' }
  const put = (afterMs: number, level: string, event: string, fields: object) => {
    const timestamp = new Date(tsMs + afterMs).toISOString()
    const line = {
      event,
      level,
      logger: 'worker.jobs',
      request_id: requestId,
      order_id: orderId,
      ...fields,
      timestamp,
    }
    into.push({
      labels: { ...labels, service_name: 'fulfillment-worker' },
      tsMs: tsMs + afterMs,
      line: JSON.stringify(line),
      metadata: { detected_level: level },
    })
  }
  put(0, 'info', 'job_started', { queue: 'shipments' })
  if (random() < 0.04) put(80, 'warning', 'stock_low', { item, left: Math.floor(random() * 5) })
  put(140 + Math.floor(random() * 400), 'info', 'shipment_created', {
    item,
    weight_kg: Math.round(random() * 40) / 10,
  })
}

function hex(random: () => number): string {
  return Math.floor(random() * 0xffff_ffff)
    .toString(16)
    .padStart(8, '0')
}
