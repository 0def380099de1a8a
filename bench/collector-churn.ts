import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { uncompressSync } from 'snappy'
import { decodePush } from '#collector/testing/fake-loki.ts'
import { startScriptedEngine } from '../test/collector/scripted-engine.ts'
import { importBusybox, startDockerd } from '../test/support/dockerd.ts'
import { freePort, startNode, untilReady } from './collector/processes.ts'
import { cpuSeconds, rssMb } from './load/process-usage.ts'

// Containers that are started and gone within moments, on a real Docker Engine: every line of every one
// must arrive once.
// usage: node bench/collector-churn.ts [--containers 1000] [--parallel 8] [--keep] [--scripted]
//   as root, with dockerd; --scripted: a stand-in engine that starts as many as it is told
//   Containers are removed as soon as their line has arrived; --keep: at the end.

const { values } = parseArgs({
  options: {
    containers: { type: 'string', default: '1000' },
    parallel: { type: 'string', default: '8' },
    keep: { type: 'boolean', default: false },
    scripted: { type: 'boolean', default: false },
  },
})
const LINES = 5
const PATIENCE_MS = 120_000

const dir = mkdtempSync(join(tmpdir(), 'logboom-bench-'))
const seen = new Map<string, number>()
const sink = createServer((incoming, response) => {
  const chunks: Buffer[] = []
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
  incoming.on('end', () => {
    const body = uncompressSync(Buffer.concat(chunks), { asBuffer: true }) as Buffer
    for (const { line } of decodePush(body)) seen.set(line, (seen.get(line) ?? 0) + 1)
    response.writeHead(204).end()
  })
})
await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve))
const engine = values.scripted ? await scriptedEngine() : await realEngine()
const port = await freePort()
const configPath = join(dir, 'config.alloy')
writeFileSync(configPath, config((sink.address() as AddressInfo).port))
const program = join(import.meta.dirname, '../bin/logboom')
const listen = `--server.http.listen-addr=127.0.0.1:${port}`
const collector = startNode([
  program,
  'collect',
  'run',
  listen,
  `--storage.path=${join(dir, 'data')}`,
  configPath,
])
try {
  await untilReady(`http://127.0.0.1:${port}/-/ready`)
  await churn()
} finally {
  await collector.stop()
  await engine.stop()
  sink.close()
  sink.closeAllConnections()
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
}

async function churn(): Promise<void> {
  const total = Number(values.containers)
  const beginMs = performance.now()
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < total) await runOne(`brief${next++}`)
  }
  await Promise.all(Array.from({ length: Number(values.parallel) }, worker))
  const startedS = (performance.now() - beginMs) / 1000
  for (const end = Date.now() + PATIENCE_MS; seen.size < total * LINES && Date.now() < end; await sleep(100));
  const collectedS = (performance.now() - beginMs) / 1000
  const twice = [...seen.values()].filter((times) => times > 1).length
  console.log({
    ...{ containers: total, lines: total * LINES, collected: seen.size, twice },
    ...{ startedS: Math.round(startedS), collectedS: Math.round(collectedS) },
    ...{ cpuS: cpuSeconds(collector.pid), ...rssMb(collector.pid) },
  })
  if (seen.size !== total * LINES || twice > 0) process.exitCode = 1
}

async function runOne(name: string): Promise<void> {
  const remove = await engine.run(name)
  if (values.keep) return
  for (const end = Date.now() + PATIENCE_MS; !seen.has(`${name} ${LINES}`) && Date.now() < end; )
    await sleep(50)
  await remove()
}

interface ChurnEngine {
  readonly host: string
  /** Has a container write its lines and end; resolves to what removes it. */
  run(name: string): Promise<() => Promise<unknown>>
  stop(): Promise<void>
}

/** Asked through its API: a docker command for each container would cost more than the container. */
async function realEngine(): Promise<ChurnEngine> {
  const dockerd = await startDockerd()
  await importBusybox(dockerd)
  const ask = (method: string, path: string, body?: unknown): Promise<string> =>
    askEngine(dockerd.socket, method, path, body)
  return {
    host: dockerd.host,
    stop: dockerd.stop,
    async run(name) {
      const Cmd = ['sh', '-c', `i=0; while [ $i -lt ${LINES} ]; do i=$((i+1)); echo ${name} $i; done`]
      const HostConfig = { NetworkMode: 'none' }
      await ask('POST', `/containers/create?name=${name}`, { Image: 'busybox:local', Cmd, HostConfig })
      await ask('POST', `/containers/${name}/start`)
      return () => ask('DELETE', `/containers/${name}?force=1`)
    },
  }
}

function askEngine(socketPath: string, method: string, path: string, body?: unknown): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const sending = request({ socketPath, method, path, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      response.on('end', () => {
        if ((response.statusCode ?? 500) < 400) resolve(text)
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`))
      })
    })
    sending.on('error', reject)
    sending.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

async function scriptedEngine(): Promise<ChurnEngine> {
  const scripted = await startScriptedEngine(join(dir, 'docker.sock'))
  return {
    host: scripted.host,
    stop: scripted.close,
    async run(name) {
      const container = scripted.make(name)
      for (let line = 1; line <= LINES; line++) container.write('stdout', `${name} ${line}\n`)
      container.stop()
      return async () => container.remove()
    },
  }
}

function config(sinkPort: number): string {
  return `
discovery.docker "all" {
  host = "${engine.host}"
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
  host = "${engine.host}"
  targets = discovery.docker.all.targets
  relabel_rules = discovery.relabel.all.rules
  forward_to = [loki.write.sink.receiver]
}
loki.write "sink" {
  endpoint {
    url = "http://127.0.0.1:${sinkPort}/loki/api/v1/push"
    batch_wait = "250ms"
  }
}
`
}
