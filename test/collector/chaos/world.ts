import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, type ServerProcess, startServer, writeConfig } from '../../crash/server-process.ts'
import { type Dockerd, importBusybox, startDockerd } from '../../support/dockerd.ts'
import { type ChaosConfig, chaosConfig } from './chaos-config.ts'
import { type CollectorProcess, makeCollectorProcess } from './collector-process.ts'
import { type FlakyProxy, startFlakyProxy } from './flaky-proxy.ts'
import { type LineCounts, makeLineCounts } from './line-counts.ts'
import { lineName, makeNoisyContainers, type NoisyContainers } from './noisy-containers.ts'

/** A Docker Engine, a collector and a server, with a proxy between them that can be told to fail. */
export interface World {
  readonly startedMs: number
  readonly dockerd: Dockerd
  readonly containers: NoisyContainers
  readonly proxy: FlakyProxy
  readonly collector: CollectorProcess
  readonly server: ServerProcess
  /** Lines that the proxy has refused for good. */
  readonly refused: LineCounts
  /** Ends the server, and starts it again `afterMs` later. */
  restartServer(signal: 'SIGKILL' | 'SIGTERM', afterMs: () => Promise<void>): Promise<void>
  /** The text of the collector's configuration, with changes. */
  config(changes: Partial<ChaosConfig>): string
  stop(): Promise<void>
}

/** A busy machine takes its time. */
const SERVER_PATIENCE_MS = 5 * 60_000

/** Starts everything; no container runs yet. */
export async function startWorld(wal: boolean): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'logboom-chaos-'))
  const startedMs = Date.now()
  const refused = makeLineCounts()
  const dockerd = await startDockerd()
  await importBusybox(dockerd)
  const serverPort = await freePort()
  const serverConfig = writeServerConfig(join(folder, 'server'), serverPort)
  let server = await startServer(serverConfig, serverPort, SERVER_PATIENCE_MS)
  const proxy = await startFlakyProxy(server.url, (labels, line) => {
    const name = lineName(line)
    if (name !== undefined) refused.add(`${labels.get('container')} ${name.life} ${name.stream}`, name.number)
  })
  const config = (changes: Partial<ChaosConfig>): string =>
    chaosConfig({ dockerHost: dockerd.host, url: proxy.url, wal, batchWait: '200ms', ...changes })
  const collector = makeCollectorProcess(folder, config({}), await freePort())
  let isStopped = false
  let serverStarting: Promise<unknown> = Promise.resolve()
  await collector.start()
  return {
    ...{ startedMs, dockerd, proxy, collector, refused, config },
    containers: makeNoisyContainers(dockerd),
    get server() {
      return server
    },
    async restartServer(signal, pause) {
      await server.end(signal)
      await pause()
      if (isStopped) throw new Error('the server has been stopped for good')
      const starting = startServer(serverConfig, serverPort, SERVER_PATIENCE_MS)
      serverStarting = starting.catch(() => undefined)
      server = await starting
    },
    async stop() {
      isStopped = true
      await collector.stop()
      await serverStarting
      await proxy.stop()
      await server.end('SIGKILL')
      await dockerd.stop()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function writeServerConfig(folder: string, port: number): string {
  mkdirSync(folder)
  const path = writeConfig(folder, port)
  writeFileSync(path, `${readFileSync(path, 'utf8')}  max_line_size: 2MB\n`)
  return path
}
