import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { loadLokiConfig } from '#config/load.ts'
import { openEmbeddedStore } from '#store/embedded/store.ts'
import type { LogStore, ScanWindow } from '#store/types.ts'
import { createServer, type LogServer } from '../server.ts'
import { storeSettings } from '../store-settings.ts'
import { makeTenantLimits } from '../tenant-limits.ts'

const LINES = 40_000
const TIMEOUT_TEXT =
  'request timed out, decrease the duration of the request or add more label matchers (prefer exact match ' +
  'over regex match) to reduce the amount of data processed'

const dir = mkdtempSync(join(tmpdir(), 'logboom-abort-'))
const servers: LogServer[] = []
/** Scans that are being read, and how many there have been. */
let running = 0
let begun = 0

/** The store, with its scans counted while they are read. */
function watched(store: LogStore): LogStore {
  return {
    ...store,
    scan: (tenant, asked, signal) => {
      const inner = store.scan(tenant, asked, signal)
      async function* counted(): AsyncGenerator<ScanWindow> {
        running++
        begun++
        try {
          yield* inner
        } finally {
          running--
        }
      }
      return { stats: inner.stats, [Symbol.asyncIterator]: counted }
    },
  }
}

async function start(name: string, timeout: string): Promise<string> {
  const { config } = loadLokiConfig({
    text: `
auth_enabled: false
common: {path_prefix: ${join(dir, name)}}
limits_config:
  query_timeout: ${timeout}
  ingestion_rate_mb: 1000
  ingestion_burst_size_mb: 1000
  per_stream_rate_limit: 1GB
  per_stream_rate_limit_burst: 1GB
schema_config:
  configs:
    - {from: 2024-04-01, store: tsdb, object_store: filesystem, schema: v13, index: {prefix: i, period: 24h}}
ingester: {lifecycler: {min_ready_duration: 0s}}`,
  })
  const limits = await makeTenantLimits(config, silentLogger)
  const settings = storeSettings(config, limits)
  const store = await openEmbeddedStore({ ...settings, logger: silentLogger, fsync: { intervalMs: 1000 } })
  const options = { config, store: watched(store), limits, logger: silentLogger, host: '127.0.0.1', port: 0 }
  const server = await createServer(options)
  servers.push(server)
  const base = await server.listen()
  const now = Date.now()
  const line = JSON.stringify({ text: 'ab'.repeat(400), a: { b: { c: 1 } } })
  const values = Array.from({ length: LINES }, (_, i) => [`${now}${String(i).padStart(6, '0')}`, line])
  for (let from = 0; from < LINES; from += 5000) {
    const body = JSON.stringify({
      streams: [{ stream: { app: 'x' }, values: values.slice(from, from + 5000) }],
    })
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${base}/loki/api/v1/push`, { method: 'POST', headers, body })
    expect(response.status).toBe(204)
  }
  return base
}

/** Queries that look at every line for long, and find nothing. */
const SLOW = [
  '{app="x"} | json | text=~"(.*a){6}.*c"',
  'sum(count_over_time({app="x"} | json | line_format "{{ .text | upper | lower | title }}" |= "c" [1h]))',
]

let patient: string
let hasty: string

beforeAll(async () => {
  patient = await start('patient', '1m')
  hasty = await start('hasty', '30ms')
}, 60_000)

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()))
  rmSync(dir, { recursive: true, force: true })
})

const urlOf = (base: string, query: string): string =>
  `${base}/loki/api/v1/query_range?query=${encodeURIComponent(query)}`

test.each(SLOW)('a client that leaves takes its query with it: %s', async (query) => {
  const before = begun
  const asked = request(urlOf(patient, query))
  asked.on('error', () => undefined)
  asked.end()
  await vi.waitFor(() => expect([begun, running]).toEqual([before + 1, 1]), { timeout: 20_000, interval: 1 })
  asked.destroy()
  await vi.waitFor(() => expect(running).toBe(0), { timeout: 20_000, interval: 1 })
})

test.each(SLOW)(
  'a query that takes longer than query_timeout ends with the words of Loki: %s',
  async (query) => {
    const response = await fetch(urlOf(hasty, query))
    expect([response.status, await response.text()]).toEqual([504, TIMEOUT_TEXT])
    expect(running).toBe(0)
  },
)
