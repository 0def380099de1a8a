import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { openRotatingFile, type RotatingFile } from './rotating-file.ts'
import type { ListeningMessage } from './run-service.ts'

/** The shop's services, in the order in which they start. */
export type ShopService = 'fulfillment-worker' | 'order-api' | 'web-gateway'

/** What {@link startShop} needs of a logger; `Logger` of the project fits. */
export interface ShopLogger {
  info(fields: Record<string, unknown>, message: string): void
  warn(fields: Record<string, unknown>, message: string): void
}

/** How to run the shop without Docker. */
export interface LocalShopOptions {
  /** Folder for the log files; made if missing. */
  readonly dir: string
  readonly logger: ShopLogger
  /** Requests per second of the built-in customers. Default 3. */
  readonly ratePerSecond?: number
  /**
   * A log file is rotated at this size; one old one is kept. Default 5 MiB: 30 MiB for the three services.
   */
  readonly maxFileBytes?: number
}

/** The shop as three local processes. */
export interface LocalShop {
  /** Where each service's lines are written, standard output and standard error together. */
  readonly files: readonly { readonly service: ShopService; readonly path: string }[]
  /** Where customers go. */
  readonly url: string
  /** Stops the processes in order, so that what was ordered is delivered; resolves when all have ended. */
  stop(): Promise<void>
}

interface LocalService {
  readonly port: number
  stop(): Promise<void>
}

const DEFAULT_MAX_FILE_BYTES = 5 * 1024 * 1024
const STOP_TIMEOUT_MS = 3000

/**
 * Runs web-gateway, order-api and fulfillment-worker as child processes on free loopback ports and writes
 * their lines to `<dir>/<service>.log`. The children end by themselves when this process does, however it
 * ends. Rejects, with nothing left running, if one of them does not start.
 */
export async function startShop(options: LocalShopOptions): Promise<LocalShop> {
  mkdirSync(options.dir, { recursive: true })
  const started: LocalService[] = []
  const stop = async (): Promise<void> => {
    for (const service of started.toReversed()) await service.stop()
  }
  const files: { service: ShopService; path: string }[] = []
  const start = async (service: ShopService, env: Record<string, string>): Promise<string> => {
    const path = join(options.dir, `${service}.log`)
    const file = openRotatingFile(path, options.maxFileBytes ?? DEFAULT_MAX_FILE_BYTES)
    const running = await startLocalService(service, env, file, options.logger)
    files.push({ service, path })
    started.push(running)
    return `http://127.0.0.1:${running.port}`
  }
  try {
    const workerUrl = await start('fulfillment-worker', {})
    const orderApiUrl = await start('order-api', { FULFILLMENT_WORKER_URL: workerUrl })
    const rate = String(options.ratePerSecond ?? 3)
    const url = await start('web-gateway', { ORDER_API_URL: orderApiUrl, RATE: rate })
    options.logger.info({ url, dir: options.dir }, 'sample shop is open')
    return { files, url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Starts one service's program and waits until it listens. */
async function startLocalService(
  service: ShopService,
  env: Record<string, string>,
  file: RotatingFile,
  logger: ShopLogger,
): Promise<LocalService> {
  const child = fork(programOf(service), [], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', ...env },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const copied = [copyLines(child.stdout, file), copyLines(child.stderr, file)]
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let stopping = false
  void exited
    .then(() => Promise.all(copied))
    .then(() => {
      file.close()
      if (!stopping)
        logger.warn({ service, exit_code: child.exitCode }, 'a service of the sample shop has ended')
    })
  const port = await listeningPort(child, service)
  return {
    port,
    async stop() {
      stopping = true
      child.kill('SIGTERM')
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await exited
      clearTimeout(kill)
    },
  }
}

/** A service's program: beside this file, or where the bundle of the project has it. */
function programOf(service: ShopService): string {
  const name = `${service}${extname(import.meta.filename)}`
  const beside = join(import.meta.dirname, name)
  return existsSync(beside) ? beside : join(import.meta.dirname, '../shop', name)
}

function listeningPort(child: ChildProcess, service: ShopService): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('message', (message: ListeningMessage) => resolve(message.listening.port))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${service} ended with ${code} before it listened`)))
  })
}

/** Copies a stream to the file in whole lines, so that two streams and a rotation never cut one. */
async function copyLines(stream: Readable | null, file: RotatingFile): Promise<void> {
  if (stream === null) return
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of stream) {
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const end = bytes.lastIndexOf(10) + 1
    if (end > 0) file.write(bytes.subarray(0, end))
    rest = bytes.subarray(end)
  }
  if (rest.length > 0) file.write(`${rest.toString()}\n`)
}
