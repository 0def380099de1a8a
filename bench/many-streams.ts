import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort } from '../test/crash/server-process.ts'
import { type LogProcess, startLogProcess } from './support/log-process.ts'

// Memory of a server with very many streams in one tenant, and the time from its start to /ready with their
// footers and log on disk.
// usage: node bench/many-streams.ts [--streams 100000] [--rounds 3]
// Each stream gets a line per round; after each round what is in memory is flushed into segments.

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    batch: { type: 'string', default: '500' },
  },
})
const [streams, rounds, batch] = [values.streams, values.rounds, values.batch].map(Number)
const folder = mkdtempSync(join(tmpdir(), 'logboom-bench-streams-'))
const port = await freePort()
const config = join(folder, 'loki.yaml')
writeFileSync(config, configText(folder, port))
let server: LogProcess | undefined
try {
  server = await startLogProcess(config, port)
  report('started', server)
  for (let round = 0; round < rounds; round++) {
    await pushAll(server.url, round)
    report(`round ${round + 1} in memory`, server)
    await post(`${server.url}/flush`, '')
    report(`round ${round + 1} in segments`, server)
  }
  await query(server.url)
  report('after queries', server)
  await pushAll(server.url, rounds)
  report('one more round in memory', server)
  await server.end('SIGKILL')
  server = await startLogProcess(config, port)
  report(`started again, ready after ${Math.round(server.readyMs)} ms`, server)
  await query(server.url)
  report('after queries', server)
} finally {
  await server?.end('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}

function configText(dir: string, listenPort: number): string {
  return `auth_enabled: false
server:
  {http_listen_address: 127.0.0.1, http_listen_port: ${listenPort}, grpc_listen_port: 0, log_level: warn}
common:
  path_prefix: ${dir}
  storage: {filesystem: {chunks_directory: ${join(dir, 'chunks')}, rules_directory: ${join(dir, 'rules')}}}
  replication_factor: 1
  ring: {kvstore: {store: inmemory}}
schema_config:
  configs:
    - {from: 2024-01-01, store: tsdb, object_store: filesystem, schema: v13,
       index: {prefix: index_, period: 24h}}
ingester: {lifecycler: {min_ready_duration: 0s}}
limits_config:
  max_global_streams_per_user: 0
  max_streams_per_user: 0
  ingestion_rate_mb: 1000
  ingestion_burst_size_mb: 1000
  max_query_series: 1000000
`
}

/** Labels as a cluster's collector sets them: the pod's name makes a stream of its own. */
function labelsOf(stream: number): Record<string, string> {
  const app = `app-${stream % 400}`
  const hash = Math.imul(stream + 1, 0x9e3779b1) >>> 0
  return {
    cluster: 'prod-eu-1',
    namespace: `team-${stream % 40}`,
    app,
    container: app,
    pod: `${app}-${hash.toString(36)}-${(stream % 46656).toString(36)}`,
    node: `ip-10-0-${stream % 16}-${stream % 200}.internal`,
    stream: stream % 2 === 0 ? 'stdout' : 'stderr',
  }
}

async function pushAll(url: string, round: number): Promise<void> {
  const nowMs = Date.now()
  for (let from = 0; from < streams; from += batch) {
    const body = Array.from({ length: Math.min(batch, streams - from) }, (_, i) => ({
      stream: labelsOf(from + i),
      values: [
        [`${nowMs}${String(from + i).padStart(6, '0')}`, `round ${round} of stream ${from + i} says hello`],
      ],
    }))
    await post(`${url}/loki/api/v1/push`, JSON.stringify({ streams: body }))
  }
}

async function post(url: string, body: string): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body })
  const text = await response.text()
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`)
}

async function query(url: string): Promise<void> {
  const paths = [
    'labels',
    'label/pod/values',
    `query_range?limit=100&query=${encodeURIComponent('{namespace="team-7"} |= "hello"')}`,
    `query?query=${encodeURIComponent('sum by (namespace) (count_over_time({cluster="prod-eu-1"}[5m]))')}`,
  ]
  for (const path of paths) {
    const startMs = performance.now()
    const response = await fetch(`${url}/loki/api/v1/${path}`)
    const text = await response.text()
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 500)}`)
    console.log(`  ${path.slice(0, 40).padEnd(42)} ${(performance.now() - startMs).toFixed(0)} ms`)
  }
}

function report(what: string, { pid }: LogProcess): void {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mb = (name: string): string =>
    `${Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024)} MB`
  console.log(`${what.padEnd(40)} RSS ${mb('VmRSS').padStart(7)}, peak ${mb('VmHWM').padStart(7)}`)
}
