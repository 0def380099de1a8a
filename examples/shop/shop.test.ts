import { afterEach, describe, expect, test } from 'vitest'
import { startFulfillmentWorker } from './fulfillment-worker.ts'
import type { RunningService } from './http-service.ts'
import { startOrderApi } from './order-api.ts'
import { startWebGateway } from './web-gateway.ts'

type Line = Record<string, unknown>

const listen = { port: 0, host: '127.0.0.1' }
const running: RunningService[] = []

afterEach(async () => {
  for (const service of running.splice(0).toReversed()) await service.close()
})

/** Collects a service's lines as parsed JSON. */
function sink(lines: Line[]) {
  return { write: (text: string) => void lines.push(JSON.parse(text)) }
}

async function openShop() {
  const lines = { gateway: [] as Line[], api: [] as Line[], worker: [] as Line[] }
  const worker = await startFulfillmentWorker({ ...listen, log: sink(lines.worker) })
  const api = await startOrderApi({ ...listen, fulfillmentWorkerUrl: worker.url, log: sink(lines.api) })
  const gateway = await startWebGateway({
    ...listen,
    orderApiUrl: api.url,
    ratePerSecond: 0,
    log: sink(lines.gateway),
  })
  running.push(worker, api, gateway)
  return { url: gateway.url, lines }
}

async function checkout(url: string, requestId: string, sku: string, quantity = 1): Promise<Response> {
  return await fetch(`${url}/checkout`, {
    method: 'POST',
    headers: { 'x-request-id': requestId, 'content-type': 'application/json' },
    body: JSON.stringify({ sku, quantity }),
  })
}

function ofRequest(lines: Line[], requestId: string): Line[] {
  return lines.filter((line) => line.request_id === requestId)
}

describe('the sample shop', () => {
  test('carries one request id through all three services', async () => {
    const { url, lines } = await openShop()
    const response = await checkout(url, 'req-1', 'teapot', 2)
    expect(response.status).toBe(202)
    expect(response.headers.get('x-request-id')).toBe('req-1')
    await expect.poll(() => ofRequest(lines.api, 'req-1').map((line) => line.msg)).toContain('job delivered')

    expect(ofRequest(lines.gateway, 'req-1')).toEqual([
      {
        level: 'info',
        time: expect.any(String),
        service: 'web-gateway',
        request_id: 'req-1',
        method: 'POST',
        path: '/checkout',
        status: 202,
        duration_ms: expect.any(Number),
        msg: expect.any(String),
      },
    ])
    expect(ofRequest(lines.api, 'req-1').map((line) => line.msg)).toEqual([
      'order queued',
      'request completed',
      'job delivered',
    ])
    expect(ofRequest(lines.worker, 'req-1').map((line) => [line.event, line.level, line.logger])).toEqual([
      ['job_received', 'info', 'fulfillment.worker'],
      ['job_completed', 'info', 'fulfillment.worker'],
    ])
  })

  test('gives a request without an id one of its own', async () => {
    const { url, lines } = await openShop()
    const response = await fetch(`${url}/nowhere`)
    const id = response.headers.get('x-request-id')
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    await expect
      .poll(() => lines.gateway.at(-1))
      .toMatchObject({ request_id: id, status: 404, level: 'warn' })
  })

  test('tries a failed job again under the same request id', async () => {
    const { url, lines } = await openShop()
    await checkout(url, 'req-fragile', 'crystal-vase')
    await expect
      .poll(() => ofRequest(lines.worker, 'req-fragile').map((line) => line.event), { timeout: 5000 })
      .toEqual(['job_received', 'job_failed', 'job_received', 'job_completed'])
    const failed = ofRequest(lines.worker, 'req-fragile').find((line) => line.event === 'job_failed')
    expect(failed).toMatchObject({ level: 'error', exception: expect.stringContaining('Traceback') })
    expect(ofRequest(lines.api, 'req-fragile')).toContainEqual(
      expect.objectContaining({ level: 'warn', msg: 'job delivery failed, trying again', attempt: 1 }),
    )
  })

  test('refuses nonsense with a warning, not an error', async () => {
    const { url, lines } = await openShop()
    expect((await checkout(url, 'req-2', 'unicorn')).status).toBe(400)
    expect((await checkout(url, 'req-3', 'teapot', 500)).status).toBe(422)
    await expect.poll(() => ofRequest(lines.gateway, 'req-3')).toMatchObject([{ level: 'warn', status: 422 }])
  })

  test('every service answers /healthz without logging it', async () => {
    const { lines } = await openShop()
    for (const service of running) {
      expect((await fetch(`${service.url}/healthz`)).status).toBe(200)
    }
    expect(JSON.stringify(lines)).not.toContain('healthz')
  })

  test('delivers what was ordered before it closes', async () => {
    const { url, lines } = await openShop()
    const ids = ['a', 'b', 'c', 'd', 'e']
    await Promise.all(ids.map((id) => checkout(url, id, 'lamp', 4)))
    for (const service of running.splice(0).toReversed()) await service.close()
    const completed = lines.worker
      .filter((line) => line.event === 'job_completed')
      .map((line) => line.request_id)
    expect(completed.toSorted()).toEqual(ids)
  })
})
