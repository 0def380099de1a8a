import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { parsePrometheusDuration } from '#base/duration.ts'
import { errorMessage, OperatorError } from '#base/errors.ts'
import { type LogLevel, makeLogger } from '#base/logger.ts'
import { VERSION } from '#base/version.ts'
import { parseDiskSize } from '#config/disk-size.ts'
import { parseScanWorkers } from '#config/scan-workers.ts'
import { findDocker } from './docker-host.ts'
import { runUntilSignal } from './signals.ts'
import { chooseSource, type SessionOptions, type Source, startSession, type UpSession } from './up-session.ts'

const LOOK_FOR_DOCKER_EVERY_MS = 5000

interface UpOptions {
  readonly data: string
  readonly listen: string
  readonly retention: string
  readonly maxDisk?: string
  readonly minFreeDisk?: string
  readonly scanWorkers: string
  readonly access?: string
  readonly logLevel: LogLevel
  readonly sample?: true
}

/** Mounts `logboom up`: server, collector and page in one process, no configuration needed. */
export function registerUp(program: Command): void {
  program
    .command('up')
    .description('collect every container of this machine, keep and show the logs: all in one process')
    .option('--data <dir>', 'folder for everything that is kept', 'data')
    .option('--listen <host:port>', 'where the page and the API are', '127.0.0.1:3100')
    .option('--retention <duration>', 'how long lines are kept: 72h, 7d, 4w; 0 for ever', '7d')
    .option('--max-disk <size>', 'drop the oldest lines beyond this: 20GB, or 80% of the disk')
    .option('--min-free-disk <size>', 'drop the oldest lines when less than this is free: 5GB, or 10%')
    .option('--scan-workers <n>', 'threads that help with long queries: a number, or auto', 'auto')
    .option(
      '--access <file>',
      'who may read, write and administer: docs/access.md [LOGBOOM_ACCESS_FILE]',
      process.env.LOGBOOM_ACCESS_FILE,
    )
    .option('--sample', 'collect the sample shop, even where there is a Docker Engine')
    .addOption(
      new Option('--log-level <level>', 'how much to write to standard error')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('warn'),
    )
    .action((options: UpOptions) => up(options))
}

async function up(options: UpOptions): Promise<void> {
  const logger = makeLogger(options.logLevel)
  checkRetention(options.retention)
  const dataDir = resolve(options.data)
  const { retention, maxDisk, minFreeDisk, scanWorkers, access } = options
  for (const size of [maxDisk, minFreeDisk]) checkDiskSize(size)
  checkScanWorkers(scanWorkers)
  const sessionOptions: SessionOptions = {
    ...parseListen(options.listen),
    dataDir,
    retention,
    maxDisk,
    minFreeDisk,
    scanWorkers,
    ...(access && { access: resolve(access) }),
    logger,
  }
  const source: Source = options.sample
    ? { kind: 'shop', reason: 'the flag --sample' }
    : chooseSource(await findDocker())
  let session = await startSession(source, sessionOptions)
  announce(session, options)
  if (source.kind !== 'docker' && !options.sample) {
    void waitForDocker().then(async (host) => {
      console.log(`A Docker Engine answers at ${host}: changing over to its containers.`)
      await session.stop()
      session = await startSession({ kind: 'docker', host }, sessionOptions)
      announce(session, options)
    })
  }
  await runUntilSignal(() => session.stop())
}

/** Looks for an engine until one answers: a server that boots may start it after this. */
async function waitForDocker(): Promise<string> {
  for (;;) {
    await sleep(LOOK_FOR_DOCKER_EVERY_MS)
    const { host } = await findDocker()
    if (host !== undefined) return host
  }
}

function announce({ url, sentence, dataDir }: UpSession, { retention }: UpOptions): void {
  const kept = /^0[a-z]*$/.test(retention) ? 'for ever' : `for ${retention}`
  const addr = url === 'http://127.0.0.1:3100' ? '' : ` --addr ${url}`
  console.log(`Logboom ${VERSION} is ready.

  page and API  ${url}
  collecting    ${sentence}
  keeping       ${kept}, in ${dataDir}

  search here   npx logboom query '{service=~".+"}' --since 1h${addr}
  stop          Ctrl-C
`)
}

function checkRetention(text: string): void {
  try {
    parsePrometheusDuration(text)
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

function checkDiskSize(text: string | undefined): void {
  try {
    parseDiskSize(text ?? '')
  } catch (error) {
    throw new OperatorError('flag_invalid', `--max-disk, --min-free-disk: ${errorMessage(error)}`)
  }
}

function checkScanWorkers(text: string): void {
  try {
    parseScanWorkers(text)
  } catch (error) {
    throw new OperatorError('flag_invalid', `--scan-workers: ${errorMessage(error)}`)
  }
}
