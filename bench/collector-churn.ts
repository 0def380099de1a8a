import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { uncompressSync } from 'snappy'
import { decodePush } from '#collector/testing/fake-loki.ts'
import { importBusybox, startDockerd } from '../test/support/dockerd.ts'
import { freePort, startNode, untilReady } from './collector/processes.ts'
import { cpuSeconds, rssMb } from './load/process-usage.ts'

// Containers that are started and gone within moments, on a real Docker Engine: every line of every one
// must arrive once.
// usage: node bench/collector-churn.ts [--containers 1000] [--parallel 8] [--keep]   as root, with dockerd
//   Containers are removed as soon as their line has arrived; --keep: at the end.

const { values } = parseArgs({
  options: {
    containers: { type: 'string', default: '1000' },
    parallel: { type: 'string', default: '8' },
    keep: { type: 'boolean', default: false },
  },
})
const LINES = 5
const PATIENCE_MS = 120_000

const dir = mkdtempSync(join(tmpdir(), 'logboom-bench-'))
const seen = new Map<string, number>()
const sink = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = uncompressSync(Buffer.concat(chunks), { asBuffer: true }) as Buffer
    for (const { line } of decodePush(body)) seen.set(line, (seen.get(line) ?? 0) + 1)
    response.writeHead(204).end()
  })
})
await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve))
const dockerd = await startDockerd()
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
  await importBusybox(dockerd)
  await untilReady(`http://127.0.0.1:${port}/-/ready`)
  await churn()
} finally {
  await collector.stop()
  await dockerd.stop()
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
  const script = `for i in $(seq ${LINES}); do echo ${name} $i; done`
  await dockerd.docker(['run', '--name', name, '--network', 'none', 'busybox:local', 'sh', '-c', script])
  if (values.keep) return
  for (const end = Date.now() + PATIENCE_MS; !seen.has(`${name} ${LINES}`) && Date.now() < end; )
    await sleep(50)
  await dockerd.docker(['rm', name])
}

function config(sinkPort: number): string {
  return `
discovery.docker "all" {
  host = "${dockerd.host}"
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
  host = "${dockerd.host}"
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
