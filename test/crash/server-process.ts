import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const LOGBOOM = fileURLToPath(new URL('../../bin/logboom', import.meta.url))

/** A `logboom serve` in a process of its own. */
export interface ServerProcess {
  readonly url: string
  readonly pid: number
  /** Ends it with a signal; resolves with its exit code, `null` when the signal killed it. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>
  /** What it wrote to standard error. */
  log(): string
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/**
 * Writes a loki.yaml that keeps everything below `folder`, without limits that a crash test would hit.
 * @param limits further settings of `limits_config`
 */
export function writeConfig(folder: string, port: number, limits: Record<string, number> = {}): string {
  const path = join(folder, 'loki-config.yaml')
  mkdirSync(folder, { recursive: true })
  const text = `auth_enabled: false
server: {http_listen_address: 127.0.0.1, http_listen_port: ${port}, grpc_listen_port: 0, log_level: warn}
common:
  path_prefix: ${folder}
  storage: {filesystem: {chunks_directory: ${join(folder, 'chunks')}, rules_directory: ${join(folder, 'rules')}}}
  replication_factor: 1
  ring: {kvstore: {store: inmemory}}
schema_config:
  configs:
    - {from: 2024-01-01, store: tsdb, object_store: filesystem, schema: v13, index: {prefix: index_, period: 24h}}
ingester: {lifecycler: {min_ready_duration: 0s}}
limits_config:
  reject_old_samples: false
  ingestion_rate_mb: 1000
  ingestion_burst_size_mb: 1000
  per_stream_rate_limit: 1GB
  per_stream_rate_limit_burst: 1GB
${Object.entries(limits)
  .map(([name, value]) => `  ${name}: ${value}\n`)
  .join('')}`
  writeFileSync(path, text)
  return path
}

function spawnServer(configPath: string): ChildProcess {
  return spawn(process.execPath, [LOGBOOM, 'serve', `-config.file=${configPath}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // Half of a start is reading TypeScript; the cache makes twenty starts take the time of ten.
    env: { ...process.env, NODE_COMPILE_CACHE: join(dirname(configPath), 'compile-cache') },
  })
}

/** Starts the server and kills it after that long, wherever it has got to. */
export async function killStart(configPath: string, afterMs: number): Promise<void> {
  const child = spawnServer(configPath)
  child.stderr?.resume()
  const exited = once(child, 'exit')
  await sleep(afterMs)
  child.kill('SIGKILL')
  await exited
}

/**
 * Starts the server and waits until it is ready.
 * @throws Error with what it wrote when it ends instead, or is not ready in time
 */
export async function startServer(
  configPath: string,
  port: number,
  timeoutMs = 60_000,
): Promise<ServerProcess> {
  const child = spawnServer(configPath)
  let log = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  const exited = once(child, 'exit') as Promise<[number | null]>
  const url = `http://127.0.0.1:${port}`
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> => {
    child.kill(signal)
    return (await exited)[0]
  }
  for (const deadline = Date.now() + timeoutMs; ; ) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${log}`)
    if (Date.now() > deadline) {
      await end('SIGKILL')
      throw new Error(`the server was not ready within ${timeoutMs} ms:\n${log}`)
    }
    const ready = await fetch(`${url}/ready`).catch(() => undefined)
    await ready?.arrayBuffer()
    if (ready?.ok) return { url, pid: child.pid ?? 0, end, log: () => log }
    await sleep(20)
  }
}
