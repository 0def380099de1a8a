import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Dockerd } from '../../support/dockerd.ts'

const run = promisify(execFile)

/** How a container writes. */
export type Kind = 'steady' | 'long' | 'binary' | 'terminal' | 'quiet' | 'brief'

/** Lines are `<life> <number> <stream> <rest>`; a life is one run of a container's program. */
export interface LineName {
  readonly life: string
  readonly number: number
  readonly stream: 'o' | 'e'
}

/** Bytes behind the name of a long line. */
export const LONG_BYTES = 1_000_000

/**
 * What the engine keeps of each: as much as a container may write while nobody can deliver it, for some
 * minutes. What it has thrown away nobody can have, and of a long line the rest looks like another one.
 */
const LOG_FILES: Readonly<Record<Kind, readonly [size: string, files: number]>> = {
  steady: ['100k', 200],
  terminal: ['100k', 200],
  binary: ['1m', 20],
  long: ['1m', 150],
  quiet: ['1m', 2],
  brief: ['1m', 2],
}
const START = `life=$(cat /proc/sys/kernel/random/uuid); i=0; trap 'exit 0' TERM
say() { i=$((i+1)); echo "$life $i o $1"; echo "$life $i e $1" >&2; }`
const PAD = "pad=$(head -c 120 /dev/zero | tr '\\0' x)"
const SCRIPTS: Readonly<Record<Kind, string>> = {
  steady: `${START}; ${PAD}; while :; do say $pad; [ $((i % 20)) = 0 ] && usleep 200000; done`,
  terminal: `${START}; ${PAD}; while :; do say $pad; [ $((i % 20)) = 0 ] && usleep 200000; done`,
  binary: `${START}; while :; do say "$(head -c 300 /dev/urandom | tr -d '\\n\\r\\0')"; usleep 20000; done`,
  long: `${START}; pad=$(head -c ${LONG_BYTES} /dev/zero | tr '\\0' x)
while :; do i=$((i+1)); echo "$life $i o $pad"; sleep 2; done`,
  quiet: `${START}; while :; do say quiet; sleep 3; done`,
  brief: `${START}; while [ $i -lt 20 ]; do say brief; done`,
}

/** The name in front of a line, or `undefined` where there is none. */
export function lineName(line: string): LineName | undefined {
  const match = /^([0-9a-f-]{36}) (\d+) ([oe]) /.exec(line)
  if (match === null) return undefined
  return { life: match[1], number: Number(match[2]), stream: match[3] as 'o' | 'e' }
}

/** Containers that write numbered lines, and what they have written. */
export interface NoisyContainers {
  start(name: string, kind: Kind): Promise<void>
  /** Ends a container and notes how far each of its streams has come. */
  end(name: string, how: 'stop' | 'kill'): Promise<void>
  /** Starts a container that has ended again. */
  again(name: string): Promise<void>
  /** Removes a container that has ended. */
  remove(name: string): Promise<void>
  /** Notes how far the containers have come that have ended without being told to. */
  noteEnded(): Promise<void>
  /** `<container> <life> <stream>` → the number of its last line, of everything that has ended. */
  readonly written: ReadonlyMap<string, number>
  /** When the container of this name was made, in milliseconds since the epoch. */
  madeMs(name: string): number
  /** The lives of the container of this name, since it was made. */
  livesOf(name: string): ReadonlySet<string>
  /** Names of the containers, by whether they run. */
  names(isRunning: boolean): string[]
}

/** Containers of the image `busybox:local` on this engine. */
export function makeNoisyContainers(dockerd: Dockerd): NoisyContainers {
  const written = new Map<string, number>()
  const running = new Map<string, boolean>()
  const made = new Map<string, { readonly atMs: number; readonly lives: Set<string> }>()
  const note = async (name: string): Promise<void> => {
    running.set(name, false)
    // Straight from the engine: it has the last line of each stream however the program ended.
    const args = ['-H', dockerd.host, 'logs', '--tail', '400', name]
    const { stdout, stderr } = await run('docker', args, { maxBuffer: 1 << 28, encoding: 'latin1' })
    for (const line of `${stdout}\n${stderr}`.split('\n')) {
      const found = lineName(line)
      if (found === undefined) continue
      made.get(name)?.lives.add(found.life)
      const key = `${name} ${found.life} ${found.stream}`
      written.set(key, Math.max(written.get(key) ?? 0, found.number))
    }
  }
  return {
    written,
    madeMs: (name) => made.get(name)?.atMs ?? 0,
    livesOf: (name) => made.get(name)?.lives ?? new Set(),
    names: (isRunning) => [...running].flatMap(([name, runs]) => (runs === isRunning ? [name] : [])),
    async start(name, kind) {
      const [size, files] = LOG_FILES[kind]
      const options = ['--log-opt', `max-size=${size}`, '--log-opt', `max-file=${files}`]
      if (kind === 'terminal') options.push('-t')
      made.set(name, { atMs: Date.now(), lives: new Set() })
      const command = ['busybox:local', 'sh', '-c', SCRIPTS[kind]]
      await dockerd.docker(['run', '-d', '--name', name, '--stop-timeout', '5', ...options, ...command])
      running.set(name, true)
    },
    async end(name, how) {
      await dockerd.docker([how, name]).catch((error: unknown) => {
        // A brief one may have ended by itself.
        if (!String(error).includes('is not running')) throw error
      })
      await note(name)
    },
    async again(name) {
      await dockerd.docker(['start', name])
      running.set(name, true)
    },
    async remove(name) {
      await dockerd.docker(['rm', name])
      running.delete(name)
    },
    async noteEnded() {
      const alive = new Set((await dockerd.docker(['ps', '--format', '{{.Names}}'])).split('\n'))
      for (const [name, runs] of running) if (runs && !alive.has(name)) await note(name)
    },
  }
}
