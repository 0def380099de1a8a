import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { compressSync } from 'snappy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RULE_ROUTES } from '#server/routes/rules-table.ts'
import { ROUTES } from '#server/routes/table.ts'
import { TAIL_PATHS } from '#server/routes/tail.ts'
import { startTestServer, type TestServer } from '#server/testing.ts'

/** How long each kind of request is made up, ms. Set `FUZZ_MS` for a longer run. */
const FUZZ_MS = Number(process.env.FUZZ_MS ?? 5000)

/** What an answer may leave behind: lines that were pushed, caches that fill up to their bounds. */
const MAX_GROWTH_BYTES = 192 * 1024 * 1024

const rules = mkdtempSync(join(tmpdir(), 'logboom-fuzz-rules-'))
let server: TestServer

beforeAll(async () => {
  server = await startTestServer(
    'auth_enabled: true\nquerier: {multi_tenant_queries_enabled: true}\npattern_ingester: {enabled: true}\n' +
      'compactor: {retention_enabled: true, delete_request_store: filesystem}\n' +
      `ruler_storage: {backend: filesystem, filesystem: {dir: ${rules}}}\n` +
      'limits_config: {max_query_lookback: 1h, ingestion_rate_mb: 1000, ingestion_burst_size_mb: 1000}',
  )
})

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
let heldBefore = 0

/** Memory that something still refers to, bytes. */
function heldBytes(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

beforeAll(() => {
  heldBefore = heldBytes()
})

afterAll(async () => {
  await server.close()
  rmSync(rules, { recursive: true, force: true })
})

const PATHS = [
  // All but what ends the server, as it is asked to, and what takes as many seconds as it is asked to.
  ...[...ROUTES, ...RULE_ROUTES].map(({ path }) => path).filter((one) => !/(?:shutdown|profile)$/.test(one)),
  ...TAIL_PATHS,
  '/otlp/v1/logs',
  '/',
  '/nope',
]

const path = fc
  .tuple(fc.constantFrom(...PATHS), fc.oneof(fc.constant('name'), fc.string({ maxLength: 8 })))
  .map(([template, name]) => template.replaceAll(/:\w+/g, encodeURIComponent(name) || 'x'))

const query = fc.oneof(
  fc.constantFrom(
    '{a="b"}',
    '{a=~".+"} | json | c > 5',
    'sum by (a) (count_over_time({a="b"}[1m]))',
    'quantile_over_time(0.5, {a="b"} | logfmt | unwrap c [5m])',
    'topk(5, rate({a="b"}[1m])) / 0',
    'vector(1)',
  ),
  fc.string({ maxLength: 40 }),
)

const moment = fc.oneof(
  fc.integer({ min: -10, max: 2 ** 31 }).map(String),
  fc.bigInt(0n, 2n ** 64n).map(String),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.string({ maxLength: 6 }),
)

const small = fc.oneof(fc.integer({ min: -2, max: 6000 }).map(String), fc.string({ maxLength: 4 }))

const params = fc
  .record(
    {
      query,
      start: moment,
      end: moment,
      time: moment,
      since: small,
      step: fc.oneof(small, fc.constantFrom('1s', '1m', '1h')),
      interval: small,
      limit: small,
      direction: fc.constantFrom('forward', 'BACKWARD', 'sideways'),
      'match[]': query,
      targetLabels: fc.string({ maxLength: 8 }),
      aggregateBy: fc.constantFrom('series', 'labels', ''),
      line_limit: small,
      delay_for: small,
      log_level: fc.constantFrom('info', 'loud'),
      request_id: fc.string({ maxLength: 8 }),
      max_interval: fc.oneof(small, fc.constantFrom('1h', '1d')),
      force: fc.constantFrom('true', 'x'),
      type: fc.constantFrom('alert', 'record', 'x'),
      labels: fc.string({ maxLength: 8 }),
      mode: fc.constantFrom('diff', 'defaults', 'x'),
    },
    { requiredKeys: [] },
  )
  .map((record) => new URLSearchParams(Object.entries(record)).toString())

const headers = fc.record(
  {
    'x-scope-orgid': fc.constantFrom('a', 'b', 'a|b', '', '..', 'a b', 'x'.repeat(200)),
    'content-type': fc.constantFrom(
      'application/json',
      'application/x-protobuf',
      'application/x-www-form-urlencoded',
      'text/plain',
      'x/',
      '',
    ),
    'content-encoding': fc.constantFrom('gzip', 'deflate', 'snappy', 'zstd', 'br', 'identity'),
    'x-loki-response-encoding-flags': fc.constantFrom('categorize-labels', ',', 'x'),
    'x-query-tags': fc.constantFrom('Source=grafana-lokiexplore-app', '=,='),
    'accept-encoding': fc.constantFrom('gzip', 'br'),
  },
  { requiredKeys: [] },
)

const nowNs = (): string => `${Date.now()}000000`
const pushText = fc
  .tuple(
    fc.dictionary(fc.string({ maxLength: 5 }), fc.oneof(fc.string(), fc.integer()), { maxKeys: 3 }),
    fc.array(fc.tuple(fc.oneof(fc.constantFrom('now'), moment), fc.string()), { maxLength: 4 }),
  )
  .map(([stream, values]) =>
    JSON.stringify({
      streams: [{ stream, values: values.map(([at, line]) => [at === 'now' ? nowNs() : at, line]) }],
    }),
  )

const ruleGroup = fc
  .tuple(fc.string({ maxLength: 8 }), query, fc.oneof(fc.constantFrom('1m', '1h'), small))
  .map(([name, expr, interval]) => JSON.stringify({ name, interval, rules: [{ alert: name, expr }] }))

const raw = fc.oneof(
  ruleGroup.map((text) => Buffer.from(text)),
  pushText.map((text) => Buffer.from(text)),
  fc.json().map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  params.map((text) => Buffer.from(text)),
)

/** Bodies as they are, packed, and packed and then cut or damaged. */
const body = fc
  .tuple(raw, fc.constantFrom('plain', 'gzip', 'snappy'), fc.boolean(), fc.nat(), fc.nat(255))
  .map(([content, packing, damage, place, byte]) => {
    const packed =
      packing === 'gzip' ? gzipSync(content) : packing === 'snappy' ? compressSync(content) : content
    const bytes = Buffer.from(packed)
    if (!damage || bytes.length === 0) return bytes
    bytes[place % bytes.length] = byte
    return bytes.subarray(0, bytes.length - (place % 4))
  })

const request = fc.record({
  path,
  params,
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
  headers,
  body,
})

async function expectSane(response: Response, what: unknown): Promise<void> {
  const text = await response.text()
  // The 500s that are meant: Loki's answers to a query with too many series, and to rules of several tenants.
  if (response.status >= 500 && !/^maximum number of series|"no org id"/.test(text)) {
    throw new Error(`${response.status} ${text} for ${JSON.stringify(what)}`)
  }
}

test(
  'requests of any kind are answered, and never with a fault of the server',
  async () => {
    await fc.assert(
      fc.asyncProperty(request, async (made) => {
        const { method } = made
        const response = await fetch(`${server.url}${made.path}?${made.params}`, {
          method,
          headers: { 'x-scope-orgid': 'a', ...made.headers },
          body: method === 'GET' ? undefined : new Uint8Array(made.body),
          redirect: 'manual',
        })
        await expectSane(response, { ...made, body: made.body.toString('base64') })
      }),
      { numRuns: 1_000_000, interruptAfterTimeLimit: FUZZ_MS, endOnFailure: true },
    )
    expect((await fetch(`${server.url}/ready`)).status).toBe(200)
  },
  FUZZ_MS + 30_000,
)

test(
  'bytes that are no HTTP, and requests cut off anywhere, harm nothing',
  async () => {
    const { hostname, port } = new URL(server.url)
    const heads = [
      'POST /loki/api/v1/push HTTP/1.1\r\nhost: x\r\nx-scope-orgid: a\r\ncontent-type: application/json\r\n' +
        'content-length: 99\r\n\r\n{"streams":[{"stream":{"a":"b"},"values":[["1',
      'GET /loki/api/v1/tail?query={a="b"} HTTP/1.1\r\nhost: x\r\nx-scope-orgid: a\r\nconnection: upgrade\r\n' +
        'upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
      'GET /loki/api/v1/query_range?query={a="b"} HTTP/1.1\r\nhost: x\r\nx-scope-orgid: a\r\n\r\n',
    ]
    const sent = fc.tuple(fc.constantFrom(...heads), fc.nat(), fc.uint8Array({ maxLength: 60 }))
    await fc.assert(
      fc.asyncProperty(sent, async ([head, cut, garbage]) => {
        await new Promise<void>((resolve) => {
          const socket = connect(Number(port), hostname)
          socket.on('error', () => undefined)
          socket.on('close', () => resolve())
          socket.on('connect', () => {
            const text = cut % 2 === 0 ? head : head.slice(0, cut % head.length)
            socket.write(Buffer.concat([Buffer.from(text), garbage]))
            setTimeout(() => socket.destroy(), cut % 20)
          })
        })
      }),
      { numRuns: 1_000_000, interruptAfterTimeLimit: FUZZ_MS, endOnFailure: true },
    )
    expect((await fetch(`${server.url}/ready`)).status).toBe(200)
    await expect
      .poll(async () => await (await fetch(`${server.url}/metrics`)).text(), { timeout: 10_000 })
      .toContain('loki_querier_tail_active 0')
  },
  FUZZ_MS + 30_000,
)

test('what was asked leaves no memory behind', () => {
  expect(heldBytes() - heldBefore).toBeLessThan(MAX_GROWTH_BYTES)
})
