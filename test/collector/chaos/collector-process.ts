import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A busy machine takes its time. */
const START_PATIENCE_MS = 5 * 60_000
const LOGBOOM = fileURLToPath(new URL('../../../bin/logboom', import.meta.url))

/** A `logboom collect run` in a process of its own, over one configuration and one storage folder. */
export interface CollectorProcess {
  /** Where its API listens, without a path. */
  readonly url: string
  /** The folder in which its components keep what must outlive it. */
  readonly storagePath: string
  /** Starts it and waits until it is ready. */
  start(): Promise<void>
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
  /** Ends it for good: whoever starts it afterwards, or is about to, fails. */
  stop(): Promise<void>
  /** Replaces its configuration and has the running process load it. */
  reload(config: string): Promise<void>
  /** Replaces its configuration and has it loaded by SIGHUP, which nobody waits for. */
  hangUp(config: string): void
  /** The most resident memory that any of its lives has had, in MB. */
  peakRssMb(): number
  /** What it wrote to standard error, over all its lives. */
  log(): string
}

/** Prepares a collector with this configuration. */
export function makeCollectorProcess(folder: string, config: string, port: number): CollectorProcess {
  const configPath = join(folder, 'config.alloy')
  const storagePath = join(folder, 'collector')
  const url = `http://127.0.0.1:${port}`
  writeFileSync(configPath, config)
  let child: ChildProcess | undefined
  let log = ''
  let peakMb = 0
  let isStopped = false
  const notePeak = (): number => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return peakMb
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    peakMb = Math.max(peakMb, Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024))
    return peakMb
  }
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    notePeak()
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
  return {
    url,
    storagePath,
    end,
    peakRssMb: notePeak,
    async reload(next) {
      writeFileSync(configPath, next)
      const answer = await fetch(`${url}/-/reload`, { method: 'POST' })
      const text = await answer.text()
      if (!answer.ok) throw new Error(`the collector did not reload: ${text}`)
    },
    hangUp(next) {
      writeFileSync(configPath, next)
      child?.kill('SIGHUP')
    },
    async stop() {
      isStopped = true
      await end('SIGKILL')
    },
    async start() {
      if (isStopped) throw new Error('the collector has been stopped for good')
      const listen = `--server.http.listen-addr=127.0.0.1:${port}`
      const storage = `--storage.path=${storagePath}`
      child = spawn(process.execPath, [LOGBOOM, 'collect', 'run', listen, storage, configPath], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compile-cache') },
      })
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        log += text
      })
      for (const deadline = Date.now() + START_PATIENCE_MS; Date.now() < deadline; ) {
        if (isStopped) throw new Error('the collector was stopped while it started')
        if (child.exitCode !== null) break
        const ready = await fetch(`${url}/-/ready`).catch(() => undefined)
        await ready?.arrayBuffer()
        if (ready?.ok) return
        await sleep(20)
      }
      throw new Error(`the collector did not start:\n${log.slice(-3000)}`)
    },
    log: () => log,
  }
}
