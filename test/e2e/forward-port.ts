import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dockerd } from '../support/dockerd.ts'

/** A loopback port of this machine that leads to one inside the Docker Engine's own network. */
export interface ForwardedPort {
  /** E.g. `http://127.0.0.1:43021`. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Makes port `port` of the loopback interface in the Docker Engine's network reachable from here: the engine lives in a
 * network namespace of its own, where a port published on 127.0.0.1 is reachable only from within.
 * A child inside that network listens on a unix socket, which namespaces do not separate.
 */
export async function forwardPort(dockerd: Dockerd, port: number): Promise<ForwardedPort> {
  const dir = await mkdtemp(join(tmpdir(), 'logboom-forward-'))
  const socketPath = join(dir, 'port.sock')
  const inside = spawn(
    'nsenter',
    ['-t', String(dockerd.pid), '-n', process.execPath, import.meta.filename, socketPath, String(port)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  await Promise.race([once(inside.stdout, 'data'), once(inside, 'exit')])
  const server = createServer((socket) => join2(socket, connect(socketPath)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close()
      inside.kill('SIGKILL')
      await rm(dir, { recursive: true, force: true })
    },
  }
}

function join2(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ]) {
    from.pipe(to)
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
}

/** The child's part; ends with its parent, whose pipe then closes. */
if (import.meta.main) {
  const [socketPath, port] = process.argv.slice(2)
  createServer((socket) => join2(socket, connect(Number(port), '127.0.0.1'))).listen(socketPath, () => {
    process.stdout.write('listening\n')
  })
  process.stdin.on('end', () => process.exit(0)).resume()
}
