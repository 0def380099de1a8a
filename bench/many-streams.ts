import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort, writeConfig } from '../test/crash/server-process.ts'
import { cpuSeconds, rssMb } from './load/process-usage.ts'
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
const config = writeConfig(folder, port, {
  max_global_streams_per_user: 0,
  max_streams_per_user: 0,
  max_query_series: 1_000_000,
})
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
    `query_range?step=60&query=${encodeURIComponent('sum(count_over_time({cluster="prod-eu-1"}[5m]))')}`,
  ]
  for (const path of paths) {
    const startMs = performance.now()
    const response = await fetch(`${url}/loki/api/v1/${path}`)
    const text = await response.text()
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 500)}`)
    const what = decodeURIComponent(path).slice(0, 70).padEnd(72)
    console.log(`  ${what} ${(performance.now() - startMs).toFixed(0)} ms`)
  }
}

function report(what: string, { pid }: LogProcess): void {
  const { now, peak } = rssMb(pid)
  const used = `RSS ${String(now).padStart(4)} MB, peak ${String(peak).padStart(4)} MB`
  console.log(`${what.padEnd(40)} ${used}, ${cpuSeconds(pid).toFixed(1)} CPU s`)
}
