import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { loadLater } from '#base/load-later.ts'
import type { Logger } from '#base/logger.ts'
import type { Collector } from '#collector/runtime/collector.ts'
import { defaultConfig } from '#config/default-config.ts'
import { type LocalShop, startShop } from '../../examples/shop/run-local.ts'
import { makeCollectorRoute } from './collector-route.ts'
import type { DockerProbe } from './docker-host.ts'
import { startServer } from './start-server.ts'
import { dockerConfig, filesConfig } from './up-config.ts'

// The server is ready before the collector's code is loaded.
const collectorCode = loadLater(() => import('#collector/runtime/collector.ts'))

/** The collector drains into the server first; both fit into the 5 s that a stop may take. */
const COLLECTOR_STOP_MS = 2000

/** Where and how long `logboom up` keeps things. */
export interface SessionOptions {
  readonly dataDir: string
  readonly host: string
  readonly port: number
  /** As Prometheus writes durations, e.g. `7d`. */
  readonly retention: string
  /** Sizes or shares of the disk, as `disk_budget` takes them. */
  readonly maxDisk?: string
  readonly minFreeDisk?: string
  /** As `scan.workers` takes it. */
  readonly scanWorkers: string
  /** File of the rules of access. Default: everybody may do everything. */
  readonly access?: string
  readonly logger: Logger & { level: string }
}

/** Server and collector of one source of logs. */
export interface UpSession {
  /** Page and API, e.g. `http://127.0.0.1:3100`. */
  readonly url: string
  /** What is collected: the rest of a sentence for people. */
  readonly sentence: string
  /** Where the lines are kept. */
  readonly dataDir: string
  /** Drains, flushes, ends every process of its own. */
  stop(): Promise<void>
}

/**
 * What is to be collected: the containers of an engine, the sample shop, or nothing until an engine answers.
 */
export type Source =
  | { readonly kind: 'docker'; readonly host: string }
  | { readonly kind: 'shop'; readonly reason: string }
  | { readonly kind: 'waiting'; readonly reason: string }

/**
 * Chooses the source. Whoever sets DOCKER_HOST wants those containers and no others, so an engine that does
 * not answer there is waited for; without it, the sample shop gives something to look at.
 */
export function chooseSource(probe: DockerProbe, env: NodeJS.ProcessEnv = process.env): Source {
  if (probe.host !== undefined) return { kind: 'docker', host: probe.host }
  return { kind: env.DOCKER_HOST ? 'waiting' : 'shop', reason: probe.problem }
}

/**
 * Starts the server, then what feeds it. The sample's lines have a folder of their own, so that they are
 * never found between those of real containers.
 */
export async function startSession(source: Source, options: SessionOptions): Promise<UpSession> {
  const { logger } = options
  const dataDir = source.kind === 'shop' ? join(options.dataDir, 'sample') : options.dataDir
  const config = defaultConfig(
    new Map([
      ['common.path-prefix', dataDir],
      ['server.http-listen-address', options.host],
      ['server.http-listen-port', String(options.port)],
      ['store.retention', options.retention],
      ['max-disk', options.maxDisk ?? ''],
      ['min-free-disk', options.minFreeDisk ?? ''],
      ['scan-workers', options.scanWorkers],
      ['access.file', options.access ?? ''],
    ]),
  )
  let collector: Collector | undefined
  const page = makeCollectorRoute(() => collector)
  const token = randomBytes(24).toString('base64url')
  const server = await startServer(config, logger, [page.route], token)
  const push = { pushUrl: `${server.url}/loki/api/v1/push`, ...(options.access && { token }) }
  let shop: LocalShop | undefined
  const stop = async (): Promise<void> => {
    page.close()
    await collector?.stop(COLLECTOR_STOP_MS)
    await shop?.stop()
    await server.close()
  }
  const collect = async (text: string): Promise<void> => {
    const { startCollector } = await collectorCode()
    const files = [{ name: 'logboom up', text }]
    collector = await startCollector({ config: { files }, storagePath: join(dataDir, 'collector'), logger })
  }
  try {
    if (source.kind === 'docker') await collect(dockerConfig(source.host, push))
    if (source.kind === 'shop') {
      const shopDir = join(dataDir, 'shop')
      // An earlier run's lines are in the store; its positions must not be applied to new files.
      rmSync(shopDir, { recursive: true, force: true })
      shop = await startShop({ dir: shopDir, logger })
      await collect(filesConfig(shop.files, push))
    }
  } catch (error) {
    await stop()
    throw error
  }
  return { url: server.url, sentence: sentenceFor(source, shop), dataDir, stop }
}

function sentenceFor(source: Source, shop: LocalShop | undefined): string {
  const indent = ' '.repeat(16)
  if (source.kind === 'docker') return `every container of ${source.host}`
  if (source.kind === 'waiting') return `nothing yet: ${source.reason};\n${indent}looking again every 5 s`
  const address = shop === undefined ? '' : `: ${shop.url}`
  return `a sample shop${address}, because there is ${source.reason}`
}
