import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pages } from '#cli/query-pages.ts'
import { freePort, type ServerProcess, startServer, writeConfig } from '../crash/server-process.ts'
import { makeRandom } from '../crash/writers.ts'
import { type Dockerd, dockerdMissing, importBusybox, startDockerd } from '../support/dockerd.ts'
import { type CollectorProcess, makeCollectorProcess } from './chaos/collector-process.ts'
import { type FlakyProxy, startFlakyProxy, type Weather } from './chaos/flaky-proxy.ts'
import { lineName, makeNoisyContainers, type NoisyContainers } from './chaos/noisy-containers.ts'

const missing = await dockerdMissing()
/** How long everything goes wrong; 1800 for a thorough run. */
const SECONDS = Number(process.env.CHAOS_SECONDS ?? 60)
const SEED = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31))

const config = (dockerHost: string, url: string): string => `
discovery.docker "all" {
  host = "${dockerHost}"
  refresh_interval = "5s"
}
discovery.relabel "all" {
  targets = discovery.docker.all.targets
  rule {
    source_labels = ["__meta_docker_container_name"]
    regex = "/(.*)"
    target_label = "container"
  }
}
loki.relabel "stream" {
  forward_to = []
  rule {
    source_labels = ["__meta_docker_container_log_stream"]
    target_label = "stream"
  }
}
loki.source.docker "all" {
  host = "${dockerHost}"
  targets = discovery.relabel.all.output
  relabel_rules = loki.relabel.stream.rules
  forward_to = [loki.write.server.receiver]
}
loki.write "server" {
  endpoint {
    url = "${url}/loki/api/v1/push"
    batch_wait = "200ms"
    remote_timeout = "2s"
    min_backoff_period = "100ms"
    max_backoff_period = "2s"
    max_backoff_retries = 0
  }
}
`

/** Where a line was seen: \`<container> <life> <stream> <number>\`. */
function lineKey(container: string | undefined, line: string): string {
  const name = lineName(line)
  return name === undefined
    ? `${container} ? ${line.length} ${line.slice(0, 60)}`
    : `${container} ${name.life} ${name.stream} ${name.number}`
}

describe.skipIf(missing !== undefined)('collecting while everything goes wrong', () => {
  const folder = mkdtempSync(join(tmpdir(), 'logboom-chaos-'))
  const random = makeRandom(SEED)
  let dockerd: Dockerd
  let containers: NoisyContainers
  let proxy: FlakyProxy
  let collector: CollectorProcess
  let server: ServerProcess
  let serverPort: number
  let serverConfig: string
  const counts = new Map<string, number>()
  const did = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1)

  beforeAll(async () => {
    dockerd = await startDockerd()
    await importBusybox(dockerd)
    serverPort = await freePort()
    mkdirSync(join(folder, 'server'))
    serverConfig = writeConfig(join(folder, 'server'), serverPort)
    writeFileSync(serverConfig, `${readFileSync(serverConfig, 'utf8')}  max_line_size: 2MB\n`)
    server = await startServer(serverConfig, serverPort)
    proxy = await startFlakyProxy(server.url, (labels, line) => lineKey(labels.get('container'), line))
    collector = makeCollectorProcess(folder, config(dockerd.host, proxy.url), await freePort())
    await collector.start()
    containers = makeNoisyContainers(dockerd)
  })
  afterAll(async () => {
    await collector?.end('SIGKILL')
    await proxy?.stop()
    await server?.end('SIGKILL')
    await dockerd?.stop()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]
  const while_ = async (weather: Weather, ms: number): Promise<void> => {
    proxy.setWeather(weather)
    await sleep(ms)
    proxy.setWeather({ kind: 'fine' })
  }

  const pathTroubles: Record<string, () => Promise<void>> = {
    'collector killed': async () => {
      await collector.end('SIGKILL')
      await sleep(random() * 3000)
      await collector.start()
    },
    'collector stopped': async () => {
      await collector.end('SIGTERM')
      await sleep(random() * 2000)
      await collector.start()
    },
    'server killed': async () => {
      await server.end('SIGKILL')
      await sleep(random() * 4000)
      server = await startServer(serverConfig, serverPort)
    },
    'server stopped': async () => {
      await server.end('SIGTERM')
      await sleep(random() * 4000)
      server = await startServer(serverConfig, serverPort)
    },
    'server busy': () =>
      while_({ kind: 'status', status: pick([429, 500, 503]), isForwarded: random() < 0.5 }, 3000),
    'server half refuses': () => while_({ kind: 'status', status: 400, isForwarded: true }, 1000),
    'server refuses': async () => {
      const before = proxy.refused.size
      proxy.setWeather({ kind: 'status', status: 400, isForwarded: false })
      for (let tries = 0; tries < 300 && proxy.refused.size === before; tries++) await sleep(100)
      proxy.setWeather({ kind: 'fine' })
    },
    'server slow': () => while_({ kind: 'slow', delayMs: 500 + random() * 2500 }, 4000),
    'connections break': () => while_({ kind: 'reset', isForwarded: random() < 0.5 }, 2000),
  }

  /** How many wait for a server that can be read; nothing new happens to it meanwhile. */
  let readers = 0

  /** Waits until the store has what an ended container wrote; only then may it be removed. */
  async function untilStored(name: string): Promise<void> {
    readers++
    try {
      await readUntilStored(name)
    } finally {
      readers--
    }
  }

  async function readUntilStored(name: string): Promise<void> {
    let state = ''
    for (const deadline = Date.now() + 180_000; Date.now() < deadline; await sleep(500)) {
      try {
        const lost = missingLines(await readStore(`{container="${name}"}`), name)
        if (lost.length === 0) return
        state = `${lost.length} missing, ${lost[0]} to ${lost.at(-1)}`
      } catch (error) {
        // It may be stopped at the moment.
        state = String(error)
      }
    }
    throw new Error(
      `the store never got all lines of ${name}: ${state}; collector: ${collector.log().slice(-1500)}`,
    )
  }

  const containerTroubles: Record<string, () => Promise<void>> = {
    'container restarted': async () => {
      const name = pick(containers.names(true).filter((known) => !known.startsWith('brief')))
      await containers.end(name, random() < 0.5 ? 'stop' : 'kill')
      await sleep(random() * 2000)
      await containers.again(name)
    },
    'container made anew': async () => {
      const name = pick(['steady0', 'binary0', 'terminal0'])
      await containers.end(name, 'stop')
      await untilStored(name)
      await containers.remove(name)
      await containers.start(name, name.slice(0, -1) as 'steady')
    },
    'brief containers': async () => {
      for (let index = 0; index < 3; index++) {
        await containers.start(`brief${counts.get('brief containers') ?? 0}-${index}`, 'brief')
      }
    },
    'engine restarted': async () => {
      await dockerd.restart()
      await containers.noteEnded()
      for (const name of containers.names(false)) {
        if (!name.startsWith('brief')) await containers.again(name)
      }
    },
  }

  async function makeTrouble(troubles: Record<string, () => Promise<void>>, untilMs: number): Promise<void> {
    const names = Object.keys(troubles)
    // Each at least once, in a random order; then as it comes.
    const order = names.map((name) => ({ name, at: random() })).sort((a, b) => a.at - b.at)
    for (let round = 0; Date.now() < untilMs || round < names.length; round++) {
      const name = round < names.length ? order[round].name : pick(names)
      while (troubles === pathTroubles && readers > 0) await sleep(100)
      await troubles[name]()
      did(name)
      await sleep(500 + random() * 1500)
    }
  }

  /** How often each line is in the store. */
  async function readStore(selector: string): Promise<Map<string, number>> {
    // The start of a line is its name: a gigabyte of long lines need not be moved to count them.
    const query = `${selector} | line_format "{{ trunc 160 __line__ }}"`
    const seen = new Map<string, number>()
    const nowMs = Date.now()
    const range = {
      fromNs: BigInt(nowMs - 2 * 3_600_000) * 1_000_000n,
      toNs: BigInt(nowMs + 60_000) * 1_000_000n,
    }
    const request = { query, range, direction: 'forward' as const, limit: Infinity, batch: 5000 }
    for await (const page of pages({ addr: server.url }, request)) {
      if (!('lines' in page)) throw new Error('not a log result')
      for (const { line, labels } of page.lines) {
        const key = lineKey(labels.container, line)
        seen.set(key, (seen.get(key) ?? 0) + 1)
      }
    }
    return seen
  }

  const readWholeStore = (): Promise<Map<string, number>> => readStore('{container=~".+"}')

  function missingLines(seen: ReadonlyMap<string, number>, name = ''): string[] {
    const lost: string[] = []
    for (const [key, last] of containers.written) {
      if (!key.startsWith(name)) continue
      for (let number = 1; number <= last; number++) {
        const line = `${key} ${number}`
        if (!seen.has(line) && !proxy.refused.has(line)) lost.push(line)
      }
    }
    return lost
  }

  /** What is in the store and should not be. */
  function excessLines(seen: ReadonlyMap<string, number>): string[] {
    const excess: string[] = []
    for (const [line, times] of seen) {
      const [, key, number] = /^(.*) (\d+)$/.exec(line) ?? []
      const isWritten = Number(number) <= (containers.written.get(key) ?? 0)
      if (!isWritten) excess.push(`invented: ${line}`)
      else if (times > 1) excess.push(`${times} times: ${line}`)
    }
    return excess
  }

  test(`every line is stored once (CHAOS_SECONDS=${SECONDS} CHAOS_SEED=${SEED})`, {
    timeout: (SECONDS * 1.5 + 300) * 1000,
  }, async () => {
    for (const kind of ['steady', 'binary', 'terminal', 'quiet', 'long'] as const) {
      await containers.start(`${kind}0`, kind)
    }
    await containers.start('steady1', 'steady')
    const untilMs = Date.now() + SECONDS * 1000
    await Promise.all([makeTrouble(pathTroubles, untilMs), makeTrouble(containerTroubles, untilMs)])
    for (const name of containers.names(true)) await containers.end(name, 'stop')
    let seen = new Map<string, number>()
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(1000)) {
      seen = await readWholeStore()
      if (missingLines(seen).length === 0) break
    }
    // Whatever was under way twice has arrived by now as well.
    await sleep(3000)
    seen = await readWholeStore()
    const refusedForGood = [...proxy.refused].filter((line) => !seen.has(line)).length
    const total = [...containers.written.values()].reduce((sum, last) => sum + last, 0)
    const troubles = Object.fromEntries([...counts, ...proxy.met])
    console.log({ total, stored: seen.size, refusedForGood, rssMb: collector.rssMb(), ...troubles })
    const wrong = [...missingLines(seen).map((line) => `missing: ${line}`), ...excessLines(seen)]
    expect(wrong.length > 20 ? [...wrong.slice(0, 20), `and ${wrong.length - 20} more`] : wrong).toEqual([])
    expect(total).toBeGreaterThan(SECONDS * 100)
    expect(proxy.refused.size).toBeGreaterThan(0)
  })
})
