import type { Command } from 'commander'
import { errorMessage } from '#base/errors.ts'
import type { Output } from './query.ts'

/** A container's health check should not outlive its interval; Loki's own `-health` waits as long. */
const TIMEOUT_MS = 5000

/** Mounts `logboom health [url]`, made for container health checks: no shell, wget or curl needed. */
export function registerHealth(program: Command): void {
  program
    .command('health')
    .description('ask a server whether it is ready: exit 0 if it is, 1 if not')
    .argument('[url]', 'readiness URL, of Logboom, Loki or Alloy', 'http://127.0.0.1:3100/ready')
    .action(async (url: string) => {
      // Exit at once: a kept-alive socket would otherwise hold the process for seconds.
      process.exit((await runHealth(url, process)) ? 0 : 1)
    })
}

/** GETs the URL, prints `healthy` or why not, and tells which. */
export async function runHealth(
  url: string,
  output: Output,
  timeoutMs: number = TIMEOUT_MS,
): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'manual' })
    const body = (await response.text()).trim().replace(/\s+/g, ' ').slice(0, 200)
    if (response.ok) {
      output.stdout.write('healthy\n')
      return true
    }
    output.stderr.write(`unhealthy: status code ${response.status} from ${url}${body && `: ${body}`}\n`)
  } catch (error) {
    output.stderr.write(`unhealthy: ${url}: ${reason(error, timeoutMs)}\n`)
  }
  return false
}

function reason(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`
  const cause = error instanceof Error ? (error.cause ?? error) : error
  const first = cause instanceof AggregateError ? cause.errors[0] : cause
  return errorMessage(first)
}
