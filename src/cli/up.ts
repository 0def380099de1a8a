import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { parsePrometheusDuration, printPrometheusDuration } from '#base/duration.ts'
import { OperatorError } from '#base/errors.ts'
import { type LogLevel, makeLogger } from '#base/logger.ts'
import { VERSION } from '#base/version.ts'
import { type Collector, startCollector } from '#collector/runtime/collector.ts'
import { defaultConfig } from '#config/default-config.ts'
import { type LocalShop, startShop } from '../../examples/shop/run-local.ts'
import { findDocker } from './docker-host.ts'
import { runUntilSignal } from './signals.ts'
import { type RunningServer, startServer } from './start-server.ts'
import { dockerConfig, filesConfig } from './up-config.ts'

/** The collector drains into the server first; both fit into the 5 s that a stop may take. */
const COLLECTOR_STOP_MS = 2000

interface UpOptions {
  readonly data: string
  readonly listen: string
  readonly retention: string
  readonly logLevel: LogLevel
}

/** Mounts `logboom up`: server, collector and page in one process, no configuration needed. */
export function registerUp(program: Command): void {
  program
    .command('up')
    .description('collect every container of this machine, keep and show the logs: all in one process')
    .option('--data <dir>', 'folder for everything that is kept', 'data')
    .option('--listen <host:port>', 'where the page and the API are', '127.0.0.1:3100')
    .option('--retention <duration>', 'how long lines are kept: 72h, 7d, 4w; 0 for ever', '7d')
    .addOption(
      new Option('--log-level <level>', 'how much to write to standard error')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('warn'),
    )
    .action((options: UpOptions) => up(options))
}

/** A part of what is running, with the sentence that says what it does. */
interface Collecting {
  readonly sentence: string
  readonly collector: Collector
  readonly shop: LocalShop | undefined
}

async function up(options: UpOptions): Promise<void> {
  const logger = makeLogger(options.logLevel)
  const { host, port } = parseListen(options.listen)
  const retentionMs = parseRetention(options.retention)
  const dataDir = resolve(options.data)
  const config = defaultConfig(
    new Map([
      ['common.path-prefix', dataDir],
      ['server.http-listen-address', host],
      ['server.http-listen-port', String(port)],
      ['store.retention', options.retention],
    ]),
  )
  const server = await startServer(config, logger)
  const collecting = await collect(server, dataDir, logger).catch(async (error: unknown) => {
    await server.close()
    throw error
  })
  announce(server, collecting, retentionMs, dataDir)
  await runUntilSignal(async () => {
    await collecting.collector.stop(COLLECTOR_STOP_MS)
    await collecting.shop?.stop()
    await server.close()
  })
}

async function collect(
  server: RunningServer,
  dataDir: string,
  logger: ReturnType<typeof makeLogger>,
): Promise<Collecting> {
  const pushUrl = `${server.url}/loki/api/v1/push`
  const storagePath = join(dataDir, 'collector')
  const start = (text: string): Promise<Collector> =>
    startCollector({ config: { files: [{ name: 'logboom up', text }] }, storagePath, logger })
  const docker = await findDocker()
  if (docker.host !== undefined) {
    const collector = await start(dockerConfig(docker.host, { pushUrl }))
    return { sentence: `every container of ${docker.host}`, collector, shop: undefined }
  }
  const shopDir = join(dataDir, 'shop')
  // Lines of an earlier run are in the store already; the positions of its files must not be applied to new
  // ones.
  rmSync(shopDir, { recursive: true, force: true })
  const shop = await startShop({ dir: shopDir, logger })
  const collector = await start(filesConfig(shop.files, { pushUrl }))
  const reason = `no Docker here (${docker.problem}),`
  const sentence = `${reason}\n                so a sample shop runs and is collected: ${shop.url}`
  return { sentence, collector, shop }
}

function announce(
  server: RunningServer,
  { sentence }: Collecting,
  retentionMs: number,
  dataDir: string,
): void {
  const kept = retentionMs === 0 ? 'for ever' : `for ${printPrometheusDuration(retentionMs)}`
  console.log(`Logboom ${VERSION} is ready.

  page and API  ${server.url}
  collecting    ${sentence}
  keeping       ${kept}, in ${dataDir}

  search here   logboom query '{service=~".+"}' --since 1h
  stop          Ctrl-C
`)
}

function parseRetention(text: string): number {
  try {
    return parsePrometheusDuration(text)
  } catch {
    throw new OperatorError('flag_invalid', `--retention ${text} is not a duration, e.g. 72h, 7d, 4w or 0`)
  }
}

/** Splits `host:port`, `[::1]:port` or `:port` (all addresses). */
function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    throw new OperatorError('flag_invalid', `--listen ${text} is not host:port, e.g. 127.0.0.1:3100`)
  }
  return { host: match[1] ?? (match[2] === '' ? '0.0.0.0' : match[2]), port }
}
