import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeLabels } from '#base/labels.ts'
import { type LogBatch, type LogEntry, type LogsReceiver, makeDelivery } from '../pipeline.ts'
import { decodePush, type FakeLoki, startFakeLoki } from '../testing/fake-loki.ts'
import { type RunningComponent, runComponent } from '../testing/run-component.ts'
import { PushBatch } from '../write/push-batch.ts'
import { lokiWrite } from './loki_write.ts'

let loki: FakeLoki
let running: RunningComponent<unknown>[]
beforeEach(async () => {
  loki = await startFakeLoki()
  running = []
})
afterEach(async () => {
  for (const component of running) await component.stop()
  await loki.stop()
})

const quick = { batch_wait: 20, min_backoff_period: 10, max_backoff_period: 40 }

function start(args: Record<string, unknown>): {
  component: RunningComponent<unknown>
  receiver: LogsReceiver
} {
  const component = runComponent(lokiWrite, args) as RunningComponent<unknown>
  running.push(component)
  return { component, receiver: component.exports.receiver as LogsReceiver }
}
const startOne = (endpoint: Record<string, unknown> = {}, args: Record<string, unknown> = {}) =>
  start({ endpoint: [{ url: loki.url, ...quick, ...endpoint }], ...args })

function entry(line: string | Uint8Array, tsMs = 1_700_000_000_123, tsNs = 456): LogEntry {
  return { tsMs, tsNs, line, metadata: [] }
}

/** A batch that notes in `done` when it has been delivered. */
function batchOf(
  labels: Record<string, string>,
  lines: readonly (string | LogEntry)[],
  done: string[] = [],
): LogBatch {
  const entries = lines.map((line) => (typeof line === 'string' ? entry(line) : line))
  const name = String(lines.length > 0 && typeof lines[0] === 'string' ? lines[0] : 'batch')
  return { labels: makeLabels(labels), entries, delivery: makeDelivery(() => done.push(name)) }
}
const lines = (fake: FakeLoki = loki): string[] => fake.entries().map(({ line }) => line)
const metric = async (
  component: RunningComponent<unknown>,
  name: string,
): Promise<Record<string, number>> => {
  const text = await component.metrics.getSingleMetricAsString(name)
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const totals: Record<string, number> = {}
  for (const sample of samples) {
    const key = /reason="(\w+)"/.exec(sample)?.[1] ?? 'all'
    totals[key] = (totals[key] ?? 0) + Number(sample.split(' ').at(-1))
  }
  return totals
}

describe('a request', () => {
  test('carries labels without the inner ones, external labels, metadata and exact stamps', async () => {
    const { receiver } = startOne({ tenant_id: 'team' }, { external_labels: { host: 'h1', app: 'other' } })
    const metadata = makeLabels({ trace: '1"2' })
    const done: string[] = []
    await receiver.push(
      batchOf(
        { app: 'x"y', __inner: 'z' },
        ['a', { ...entry(Buffer.from('bé'), 1_700_000_000_000, 0), metadata }],
        done,
      ),
    )
    await vi.waitFor(() => expect(done).toEqual(['a']))
    const labels = '{app="x\\"y", host="h1"}'
    expect(loki.entries()).toEqual([
      { labels, line: 'a', tsNs: 1_700_000_000_123_000_456n, metadata: [] },
      { labels, line: 'bé', tsNs: 1_700_000_000_000_000_000n, metadata: [['trace', '1"2']] },
    ])
    expect(loki.accepted[0].headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-scope-orgid': 'team',
    })
  })

  test.each([
    [{ basic_auth: { username: 'u', password: 'p' } }, `Basic ${Buffer.from('u:p').toString('base64')}`],
    [{ bearer_token: 't' }, 'Bearer t'],
    [{ authorization: { type: 'Token', credentials: 'c' } }, 'Token c'],
    [{ headers: { Authorization: 'Own' } }, 'Own'],
  ])('authenticates with %j', async (args, expected) => {
    const { receiver } = startOne(args)
    await receiver.push(batchOf({ a: 'b' }, ['x']))
    await vi.waitFor(() => expect(loki.accepted).toHaveLength(1))
    expect(loki.accepted[0].headers.authorization).toBe(expected)
  })

  test('goes to the tenant of the entry; connections are used again', async () => {
    const { receiver } = startOne({ tenant_id: 'team' })
    for (const tenant of ['one', 'two', 'one']) {
      await receiver.push(batchOf({ a: 'b', __tenant_id__: tenant }, [tenant]))
      await sleep(60)
    }
    await vi.waitFor(() => expect(loki.accepted).toHaveLength(3))
    expect(loki.accepted.map(({ headers }) => headers['x-scope-orgid'])).toEqual(['one', 'two', 'one'])
    expect(new Set(loki.accepted.map(({ connection }) => connection)).size).toBe(1)
  })

  test('holds batch_size bytes at most, but always one line', async () => {
    const { receiver } = startOne({ batch_size: 10 })
    await receiver.push(batchOf({ a: 'b' }, ['12345', '67890', 'x', 'y'.repeat(50), 'z']))
    await vi.waitFor(() => expect(lines()).toHaveLength(5))
    expect(loki.accepted.map(({ entries }) => entries.length)).toEqual([2, 1, 1, 1])
  })
})

describe('a server that does not take a batch', () => {
  test.each([[429], [500], [503], ['close' as const]])('is asked again after %s', async (failure) => {
    loki.answer = (_, count) => (count < 3 ? failure : 204)
    const done: string[] = []
    const { component, receiver } = startOne()
    await receiver.push(batchOf({ a: 'b' }, ['x'], done))
    await vi.waitFor(() => expect(done).toEqual(['x']))
    expect(lines()).toEqual(['x'])
    expect(await metric(component, 'loki_write_batch_retries_total')).toEqual({ all: 2 })
    expect(component.health.state).toBe('healthy')
  })

  test('is asked again when it does not answer in time', async () => {
    loki.answer = (_, count) => (count === 1 ? 'hang' : 204)
    const { component, receiver } = startOne({ remote_timeout: 100 })
    await receiver.push(batchOf({ a: 'b' }, ['x']))
    await vi.waitFor(() => expect(lines()).toEqual(['x']))
    expect(await metric(component, 'loki_write_batch_retries_total')).toEqual({ all: 1 })
  })

  test.each([
    [400, {}, 'ingester_error'],
    [413, {}, 'ingester_error'],
    [429, { retry_on_http_429: false }, 'rate_limited'],
  ])('status %d with %j drops, counts and lets the source go on', async (status, args, reason) => {
    loki.answer = () => status
    const done: string[] = []
    const { component, receiver } = startOne(args)
    await receiver.push(batchOf({ a: 'b' }, ['x', 'yz'], done))
    await vi.waitFor(() => expect(done).toEqual(['x']))
    expect(loki.seen).toHaveLength(1)
    expect(await metric(component, 'loki_write_dropped_entries_total')).toMatchObject({ [reason]: 2 })
    expect(await metric(component, 'loki_write_dropped_bytes_total')).toMatchObject({ [reason]: 3 })
  })

  test('is given up after max_backoff_retries attempts', async () => {
    loki.answer = () => 500
    const done: string[] = []
    const { receiver } = startOne({ max_backoff_retries: 3 })
    await receiver.push(batchOf({ a: 'b' }, ['x'], done))
    await vi.waitFor(() => expect(done).toEqual(['x']))
    expect(loki.seen).toHaveLength(3)
  })

  test('holds the source back when the queue is full, and everything comes in order later', async () => {
    loki.answer = () => 503
    const { receiver } = startOne({
      max_backoff_retries: 0,
      batch_size: 100,
      queue_config: { capacity: 300 },
    })
    let pushed = 0
    const source = (async () => {
      for (let i = 0; i < 50; i++) {
        await receiver.push(batchOf({ a: 'b' }, [`${i} ${'x'.repeat(20)}`]))
        pushed++
      }
    })()
    await vi.waitFor(() => expect(loki.seen.length).toBeGreaterThan(3))
    expect(pushed).toBeLessThan(20)
    loki.answer = () => 204
    await source
    await vi.waitFor(() => expect(lines()).toHaveLength(50))
    expect(lines().map((line) => Number(line.split(' ')[0]))).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })
})

describe('several endpoints', () => {
  test('a dead one does not stall the others: what does not fit is dropped and counted', async () => {
    const dead = { url: 'http://127.0.0.1:9/loki/api/v1/push', name: 'dead', queue_config: { capacity: 100 } }
    const { component, receiver } = start({
      endpoint: [
        { ...quick, ...dead, max_backoff_retries: 0 },
        { ...quick, url: loki.url, name: 'alive' },
      ],
    })
    for (let i = 0; i < 40; i++) await receiver.push(batchOf({ a: 'b' }, [`${i} ${'x'.repeat(20)}`]))
    await vi.waitFor(() => expect(lines()).toHaveLength(40))
    const dropped = await metric(component, 'loki_write_dropped_entries_total')
    expect(dropped.queue_is_full).toBeGreaterThan(0)
    expect(component.health).toMatchObject({
      state: 'unhealthy',
      message: expect.stringContaining('endpoint dead'),
    })
  })

  test('a batch is delivered when all have it', async () => {
    const second = await startFakeLoki()
    second.answer = (_, count) => (count < 3 ? 500 : 204)
    const done: string[] = []
    const endpoints = [loki, second].map(({ url }, index) => ({ ...quick, url, name: `e${index}` }))
    const { receiver } = start({ endpoint: endpoints })
    await receiver.push(batchOf({ a: 'b' }, ['x'], done))
    await vi.waitFor(() => expect(lines()).toEqual(['x']))
    await vi.waitFor(() => expect(done).toEqual(['x']))
    expect(lines(second)).toEqual(['x'])
    await second.stop()
  })
})

describe('its end', () => {
  test('sends what is waiting', async () => {
    const { component, receiver } = startOne({ batch_wait: 60_000 })
    const done: string[] = []
    await receiver.push(batchOf({ a: 'b' }, ['x'], done))
    await component.stop()
    expect(lines()).toEqual(['x'])
    expect(done).toEqual(['x'])
    await expect(receiver.push(batchOf({ a: 'b' }, ['y']))).rejects.toThrow('has been stopped')
  })

  test('does not wait for a server that is away, and leaves its batches undelivered', async () => {
    loki.answer = () => 503
    const { component, receiver } = startOne({ max_backoff_retries: 0 })
    const done: string[] = []
    await receiver.push(batchOf({ a: 'b' }, ['x'], done))
    await vi.waitFor(() => expect(component.health.state).toBe('unhealthy'))
    await component.stop()
    expect(done).toEqual([])
  })

  test('a changed endpoint takes over what the former one could not send', async () => {
    loki.answer = () => 503
    const { component, receiver } = startOne({ max_backoff_retries: 0 })
    await receiver.push(batchOf({ a: 'b' }, ['x']))
    await vi.waitFor(() => expect(component.health.state).toBe('unhealthy'))
    const healed = await startFakeLoki()
    const { update } = component.instance
    const changed = runComponent(lokiWrite, { endpoint: [{ url: loki.url, ...quick }] })
    await changed.stop()
    const endpoint = { ...quick, url: healed.url, name: '', remote_timeout: 1000, max_backoff_retries: 0 }
    const rest = { batch_size: 1000, headers: {}, tenant_id: '', retry_on_http_429: true, http_headers: {} }
    const client = { proxy_from_environment: false, follow_redirects: true, enable_http2: true }
    await update.call(component.instance, {
      endpoint: [{ ...endpoint, ...rest, ...client }],
      external_labels: {},
      max_streams: 0,
    })
    await receiver.push(batchOf({ a: 'b' }, ['y']))
    await vi.waitFor(() => expect(lines(healed)).toEqual(['x', 'y']))
    await healed.stop()
  })
})

test.each([
  [{ endpoint: [] }, 'at least one endpoint config must be provided'],
  [
    { endpoint: [{ url: 'http://a' }], wal: { max_segment_age: 0 } },
    'max_segment_age must be greater than 0',
  ],
  [
    { endpoint: [{ url: 'http://a' }], wal: { min_read_frequency: 2000 } },
    'min_read_frequency must be less than max_read_frequency',
  ],
  [{ endpoint: [{ url: 'loki:3100' }] }, 'is not an http:// or https:// URL'],
  [
    { endpoint: [{ url: 'http://a', bearer_token: 'x', basic_auth: { username: 'u' } }] },
    'at most one of basic_auth',
  ],
  [{ endpoint: [{ url: 'http://a' }, { url: 'http://a' }] }, 'endpoint names must be unique'],
  [{ endpoint: [{ url: 'http://a', no_proxy: 'x' }] }, 'if no_proxy is configured, proxy_url must also'],
])('refuses %j', (args, message) => {
  expect(() => start(args)).toThrow(message)
})

test('max_streams drops the entries of further streams of a batch', async () => {
  const { component, receiver } = startOne({}, { max_streams: 1 })
  await receiver.push(batchOf({ a: '1' }, ['x']))
  await receiver.push(batchOf({ a: '2' }, ['y']))
  await vi.waitFor(() => expect(lines()).toEqual(['x']))
  expect(await metric(component, 'loki_write_dropped_entries_total')).toMatchObject({ stream_limited: 1 })
})

test('property: what is encoded is what an independent decoder reads', () => {
  const text = fc.string({ unit: 'grapheme' })
  const logEntry = fc.record({
    tsMs: fc.integer({ min: -1_000_000, max: 9_000_000_000_000 }),
    tsNs: fc.nat(999_999),
    line: fc.oneof(
      text,
      text.map((line) => Buffer.from(line)),
    ),
    metadata: fc.array(fc.tuple(text, text), { maxLength: 3 }),
  })
  const streams = fc.array(fc.tuple(fc.constantFrom('{a="b"}', '{é="ü"}', '{}'), logEntry), { maxLength: 30 })
  fc.assert(
    fc.property(streams, (given) => {
      const batch = new PushBatch('', 0)
      for (const [labels, one] of given) batch.add(labels, one)
      const decoded = batch.encodeFor((bytes) => decodePush(Buffer.from(bytes)))
      const order = [...new Set(given.map(([labels]) => labels))]
      const expected = order.flatMap((wanted) =>
        given
          .filter(([labels]) => labels === wanted)
          .map(([labels, { tsMs, tsNs, line, metadata }]) => ({
            labels,
            tsNs: BigInt(tsMs) * 1_000_000n + BigInt(tsNs),
            line: Buffer.from(line as string).toString(),
            metadata: metadata.map(([name, value]) => [
              Buffer.from(name).toString(),
              Buffer.from(value).toString(),
            ]),
          })),
      )
      expect(decoded).toEqual(expected)
    }),
  )
})
