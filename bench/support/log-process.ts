import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const LOGBOOM = fileURLToPath(new URL('../../bin/logboom', import.meta.url))

/** A `logboom serve` whose memory and start are measured. */
export interface LogProcess {
  readonly url: string
  readonly pid: number
  /** From its start until /ready said so. */
  readonly readyMs: number
  end(signal: NodeJS.Signals): Promise<void>
}

/**
 * Starts the server and asks for /ready every few milliseconds.
 * @param program the command to start; that of the sources by default
 */
export async function startLogProcess(
  configPath: string,
  port: number,
  program = LOGBOOM,
): Promise<LogProcess> {
  const startMs = performance.now()
  const nodeFlags = (process.env.BENCH_NODE_FLAGS ?? '').split(' ').filter((flag) => flag !== '')
  const child = spawn(process.execPath, [...nodeFlags, program, 'serve', `-config.file=${configPath}`], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const exited = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  while (child.exitCode === null) {
    const ready = await fetch(`${url}/ready`).catch(() => undefined)
    await ready?.arrayBuffer()
    if (ready?.ok) {
      const end = async (signal: NodeJS.Signals): Promise<void> => {
        child.kill(signal)
        await exited
      }
      return { url, pid: child.pid ?? 0, readyMs: performance.now() - startMs, end }
    }
    await sleep(5)
  }
  throw new Error(`the server ended with ${child.exitCode}`)
}
