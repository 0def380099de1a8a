import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { bundle } from '../build/bundle.ts'
import { freePort, readMetric, startNode, untilReady } from './collector/processes.ts'
import { cpuSeconds, rssMb } from './load/process-usage.ts'

// What collecting containers costs: MB of lines per CPU second, memory, and the share of a core when idle.
// The collector is the bundle that the image runs; the engine and the server are stand-ins of no cost to it.
// usage: node bench/collector.ts [--rate MB_PER_S] [--containers N] [--seconds N] [--warmup N] [--prof DIR]
//   --rate 0 (default): as fast as it goes; --rate idle: silent containers; --source: run src/ unbundled

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '0' },
    containers: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    warmup: { type: 'string', default: '5' },
    source: { type: 'boolean', default: false },
    prof: { type: 'string' },
  },
})
const isIdle = values.rate === 'idle'
const containers = values.containers ?? (isIdle ? '100' : '20')

const dir = mkdtempSync(join(tmpdir(), 'logboom-bench-'))
const socket = join(dir, 'docker.sock')
const stops: (() => Promise<void>)[] = []
try {
  await measure()
} finally {
  for (const stop of stops.reverse()) await stop()
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
}

async function measure(): Promise<void> {
  const sinkPort = await freePort()
  const port = await freePort()
  const engine = startNode([script('fake-engine'), socket, containers, isIdle ? '-1' : values.rate])
  stops.push(engine.stop)
  const sink = startNode([script('sink'), String(sinkPort)])
  stops.push(sink.stop)
  for (let tries = 0; tries < 100 && !existsSync(socket); tries++) await sleep(50)
  writeFileSync(join(dir, 'config.alloy'), config(`http://127.0.0.1:${sinkPort}/loki/api/v1/push`))
  const profiling = values.prof === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.prof}`]
  const listen = `--server.http.listen-addr=127.0.0.1:${port}`
  const run = ['collect', 'run', listen, `--storage.path=${join(dir, 'data')}`, join(dir, 'config.alloy')]
  const collector = startNode([...profiling, await program(), ...run])
  stops.push(collector.stop)
  await untilReady(`http://127.0.0.1:${port}/-/ready`)
  await sleep(Number(values.warmup) * 1000)
  const sentBytes = (): Promise<number> =>
    readMetric(`http://127.0.0.1:${port}/metrics`, 'loki_write_sent_bytes_total')
  const before = { bytes: await sentBytes(), cpu: cpuSeconds(collector.pid), ms: performance.now() }
  await sleep(Number(values.seconds) * 1000)
  const cpu = cpuSeconds(collector.pid) - before.cpu
  const seconds = (performance.now() - before.ms) / 1000
  const mb = ((await sentBytes()) - before.bytes) / 1e6
  const { now, peak } = rssMb(collector.pid)
  console.log({
    ...{ containers: Number(containers), rate: values.rate, seconds: round(seconds) },
    ...{ mbPerS: round(mb / seconds), mbPerCpuS: round(mb / cpu), corePercent: round((cpu / seconds) * 100) },
    ...{ rssMb: now, peakRssMb: peak },
  })
}

async function program(): Promise<string> {
  if (values.source) return join(import.meta.dirname, '../bin/logboom')
  await bundle(join(dir, 'dist'))
  return join(dir, 'dist/logboom.js')
}

function script(name: string): string {
  return join(import.meta.dirname, 'collector', `${name}.ts`)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
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
  rule {
    source_labels = ["__meta_docker_container_log_stream"]
    target_label = "stream"
  }
}
loki.source.docker "all" {
  host = "unix://${socket}"
  targets = discovery.docker.all.targets
  relabel_rules = discovery.relabel.all.rules
  forward_to = [loki.write.sink.receiver]
}
loki.write "sink" {
  endpoint {
    url = "${url}"
  }
}
`
}
