import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startServer, writeConfig } from '../test/crash/server-process.ts'
import { freePort, startNode, untilReady } from './collector/processes.ts'

// How long a line takes from being written by a container to being found by a query: a stand-in engine, a
// real collector (batch_wait 1 s) and a real server. Lines carry the time they were written at.
// usage: node bench/collector-latency.ts [--rate MB_PER_S] [--containers N] [--seconds N]

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '5' },
    containers: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '30' },
  },
})
const POLL_MS = 50
/** Lines come in groups; of each one this far apart is looked for. */
const SAMPLE_MS = 20
const WARMUP_MS = 5000

const dir = mkdtempSync(join(tmpdir(), 'logboom-bench-'))
const socket = join(dir, 'docker.sock')
const stops: (() => Promise<unknown>)[] = []
try {
  await measure()
} finally {
  for (const stop of stops.reverse()) await stop()
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
}

async function measure(): Promise<void> {
  const [serverPort, port] = [await freePort(), await freePort()]
  const serverConfig = writeConfig(join(dir, 'server'), serverPort)
  const server = await startServer(serverConfig, serverPort)
  stops.push(() => server.end('SIGKILL'))
  const engineScript = join(import.meta.dirname, 'collector/fake-engine.ts')
  const engine = startNode([engineScript, socket, values.containers, values.rate])
  stops.push(engine.stop)
  for (let tries = 0; tries < 100 && !existsSync(socket); tries++) await sleep(50)
  writeFileSync(join(dir, 'config.alloy'), config(`${server.url}/loki/api/v1/push`))
  const program = join(import.meta.dirname, '../bin/logboom')
  const listen = `--server.http.listen-addr=127.0.0.1:${port}`
  const storage = `--storage.path=${join(dir, 'data')}`
  const collector = startNode([program, 'collect', 'run', listen, storage, join(dir, 'config.alloy')])
  stops.push(collector.stop)
  await untilReady(`http://127.0.0.1:${port}/-/ready`)
  await sleep(WARMUP_MS)
  const latencies = await sample(server.url)
  latencies.sort((a, b) => a - b)
  const at = (share: number): number =>
    Math.round(latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))])
  const { rate, containers } = values
  console.log({ rate, containers, samples: latencies.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) })
}

/** For moments of the last seconds: when a line written then was first found. */
async function sample(url: string): Promise<number[]> {
  const latencies: number[] = []
  const beginMs = Date.now()
  const endMs = beginMs + Number(values.seconds) * 1000
  let emittedMs = beginMs
  while (Date.now() < endMs) {
    const newestMs = await newestLineMs(url)
    const nowMs = Date.now()
    for (; emittedMs <= newestMs; emittedMs += SAMPLE_MS) latencies.push(nowMs - emittedMs)
    await sleep(POLL_MS)
  }
  return latencies
}

/** The time of the newest line of one container that a query finds. */
async function newestLineMs(url: string): Promise<number> {
  const query = encodeURIComponent('{container="bench-0"}')
  const answer = await fetch(`${url}/loki/api/v1/query_range?query=${query}&limit=1&since=1m`)
  const body = (await answer.json()) as { data: { result: { values: [string, string][] }[] } }
  return Number(body.data.result[0]?.values[0]?.[0].slice(0, -6) ?? 0)
}

function config(url: string): string {
  return `
discovery.docker "all" {
  host = "unix://${socket}"
}
discovery.relabel "all" {
  targets = []
  rule {
    source_labels = ["__meta_docker_container_name"]
    regex = "/(.*)"
    target_label = "container"
  }
}
loki.source.docker "all" {
  host = "unix://${socket}"
  targets = discovery.docker.all.targets
  relabel_rules = discovery.relabel.all.rules
  forward_to = [loki.write.server.receiver]
}
loki.write "server" {
  endpoint {
    url = "${url}"
    batch_wait = "1s"
  }
}
`
}
