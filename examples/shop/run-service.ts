import type { RunningService } from './http-service.ts'

/** What a service program sends to the process that started it, when it listens. */
export interface ListeningMessage {
  readonly listening: { readonly port: number }
}

/**
 * Host and port from `HOST` and `PORT`; inside a container every interface, which is what other containers
 * need.
 */
export function listenFromEnv(defaultPort: number): { port: number; host: string } {
  return { port: numberFromEnv('PORT', defaultPort), host: process.env.HOST ?? '0.0.0.0' }
}

/** A number from the environment. Throws with the variable's name if it is not one. */
export function numberFromEnv(name: string, fallback: number): number {
  const text = process.env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (!Number.isFinite(value) || value < 0) throw new Error(`${name}=${text} is not a number of at least 0`)
  return value
}

/**
 * Runs a service until SIGTERM, SIGINT or the end of the process that started it, then closes it and exits 0.
 * A started child reports its port over the IPC channel.
 */
export async function runService(start: () => Promise<RunningService>): Promise<void> {
  const service = await start()
  const message: ListeningMessage = { listening: { port: service.port } }
  process.send?.(message)
  let closing = false
  const close = (): void => {
    if (closing) return
    closing = true
    void service.close().then(() => process.exit(0))
  }
  process.on('SIGTERM', close)
  if (process.send === undefined) process.on('SIGINT', close)
  else {
    // Ctrl-C goes to every process of the terminal; a child waits for its parent, which stops them in order.
    process.on('SIGINT', () => undefined)
    process.on('disconnect', close)
  }
}
