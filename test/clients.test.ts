import { SeverityNumber } from '@opentelemetry/api-logs'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { pino } from 'pino'
import pinoLoki from 'pino-loki'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import winston from 'winston'
import LokiTransport from 'winston-loki'
import { startTestServer, type TestServer } from '#server/testing.ts'

/** A stream of an answer: its labels, metadata included, and its lines. */
interface Found {
  readonly stream: Record<string, string>
  readonly values: readonly (readonly [ns: string, line: string])[]
}

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})

afterAll(async () => {
  await server.close()
})

async function query(text: string): Promise<Found[]> {
  const params = new URLSearchParams({ query: text, direction: 'forward', since: '10m' })
  const response = await fetch(`${server.url}/loki/api/v1/query_range?${params}`)
  const body = (await response.json()) as { data: { result: Found[] } }
  return body.data.result
}

const lineCount = async (text: string): Promise<number> =>
  (await query(text)).reduce((sum, { values }) => sum + values.length, 0)

describe('loggers that people use', () => {
  test('pino-loki', async () => {
    const transport = pinoLoki({
      host: server.url,
      batching: false,
      labels: { app: 'pino-shop' },
      propsToLabels: ['region'],
    })
    const logger = pino({ level: 'debug' }, transport)
    logger.info({ region: 'eu', request_id: 'r-1' }, 'order taken')
    logger.error({ region: 'eu', request_id: 'r-1' }, 'payment failed')
    await expect.poll(() => lineCount('{app="pino-shop", region="eu"}'), { timeout: 5000 }).toBe(2)
    const [failed] = await query('{app="pino-shop"} | json | msg="payment failed"')
    expect(failed.stream).toMatchObject({ level: 'error', detected_level: 'error', request_id: 'r-1' })
    transport.end()
  })

  test.each([true, false])('winston-loki, JSON %s', async (json) => {
    const app = `winston-${json}`
    const transport = new LokiTransport({
      host: server.url,
      json,
      batching: false,
      labels: { app },
      format: winston.format.json(),
      onConnectionError: (error) => {
        throw error
      },
    })
    const logger = winston.createLogger({ level: 'debug', transports: [transport] })
    logger.info('order taken', { request_id: 'r-2' })
    logger.warn('stock low', { request_id: 'r-2' })
    await expect.poll(() => lineCount(`{app="${app}"}`), { timeout: 5000 }).toBe(2)
    const [low] = await query(`{app="${app}", level="warn"}`)
    expect(low.stream).toMatchObject({ app, level: 'warn', detected_level: 'warn', service_name: app })
    expect(low.values[0][1]).toContain('stock low')
    logger.close()
  })

  test('the OpenTelemetry SDK over OTLP', async () => {
    const exporter = new OTLPLogExporter({ url: `${server.url}/otlp/v1/logs` })
    const provider = new LoggerProvider({
      resource: resourceFromAttributes({
        'service.name': 'otel-shop',
        'k8s.pod.name': 'shop-1',
        'host.name': 'h1',
      }),
      processors: [new SimpleLogRecordProcessor({ exporter })],
    })
    const logger = provider.getLogger('checkout', '1.2.3')
    logger.emit({
      severityNumber: SeverityNumber.ERROR,
      severityText: 'ERROR',
      body: 'payment failed',
      attributes: { request_id: 'r-3', cart: { items: 3 } },
    })
    logger.emit({ body: { event: 'refund', amount: 1.5 } })
    await provider.forceFlush()
    await expect.poll(() => lineCount('{service_name="otel-shop"}'), { timeout: 5000 }).toBe(2)
    const [failed] = await query('{service_name="otel-shop"} |= "payment failed"')
    expect(failed.stream).toMatchObject({
      service_name: 'otel-shop',
      k8s_pod_name: 'shop-1',
      host_name: 'h1',
      detected_level: 'error',
      severity_number: '17',
      severity_text: 'ERROR',
      request_id: 'r-3',
      cart_items: '3',
      scope_name: 'checkout',
      scope_version: '1.2.3',
    })
    const [refund] = await query('{service_name="otel-shop"} | json | amount > 1')
    expect(refund.values[0][1]).toBe('{"event":"refund","amount":1.5}')
    await provider.shutdown()
  })
})
