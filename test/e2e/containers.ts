import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Dockerd } from '../support/dockerd.ts'
import type { TimedLine } from './loki-api.ts'

const run = promisify(execFile)

/** What `docker inspect` tells of a container, as far as the tests look. */
export interface Inspected {
  readonly Name: string
  readonly State: {
    readonly Status: string
    readonly Pid: number
    readonly Health?: { readonly Status: string }
  }
  readonly RestartCount: number
  readonly Config: { readonly Image: string; readonly User: string }
  readonly HostConfig: {
    readonly Memory: number
    readonly MemoryReservation: number
    readonly NanoCpus: number
    readonly RestartPolicy: { readonly Name: string }
    readonly LogConfig: { readonly Type: string; readonly Config: Record<string, string> }
    readonly PortBindings: Record<string, { readonly HostIp: string }[]> | null
  }
  readonly Mounts: readonly { readonly Type: string; readonly Destination: string; readonly RW: boolean }[]
}

/** Inspects containers by name. */
export async function inspect(dockerd: Dockerd, names: readonly string[]): Promise<Inspected[]> {
  return JSON.parse(await dockerd.docker(['inspect', ...names]))
}

/** The health of containers by name: `healthy`, `starting`, `unhealthy`, or the state of one that does not run. */
export async function healthOf(dockerd: Dockerd, names: readonly string[]): Promise<Record<string, string>> {
  const inspected = await inspect(dockerd, names)
  return Object.fromEntries(
    inspected.map(({ Name, State }) => [
      Name.slice(1),
      State.Status === 'running' ? (State.Health?.Status ?? 'no health check') : State.Status,
    ]),
  )
}

/** Everything a container has printed on both streams, with the engine's own timestamps, sorted. */
export async function printedLines(dockerd: Dockerd, name: string): Promise<TimedLine[]> {
  const { stdout, stderr } = await run('docker', ['-H', dockerd.host, 'logs', '--timestamps', name], {
    maxBuffer: 1 << 28,
  })
  return `${stdout}${stderr}`
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const space = line.indexOf(' ')
      return `${nanoseconds(line.slice(0, space))} ${line.slice(space + 1)}`
    })
    .sort()
}

/** `2026-11-21T21:35:01.070339617Z` as nanoseconds since the epoch. */
function nanoseconds(rfc3339: string): string {
  const [, seconds, fraction = ''] = /^(.{19})(?:\.(\d+))?Z$/.exec(rfc3339) ?? []
  return `${Date.parse(`${seconds}Z`) / 1000}${fraction.padEnd(9, '0')}`
}

/** Kills a container's main process with SIGKILL from outside, as the kernel does when memory runs out. */
export async function crash(dockerd: Dockerd, name: string): Promise<void> {
  const [{ State }] = await inspect(dockerd, [name])
  await run('nsenter', [
    '-t',
    String(dockerd.pid),
    '-p',
    '-m',
    '/bin/busybox',
    'kill',
    '-9',
    String(State.Pid),
  ])
}
