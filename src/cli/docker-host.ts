import { existsSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { errorMessage } from '#base/errors.ts'
import { type DockerHost, parseDockerHost } from '#collector/docker/host.ts'

/** What was found where a Docker Engine could be. */
export interface DockerProbe {
  /** A host that answered, in the form of DOCKER_HOST; `undefined` where none did. */
  readonly host: string | undefined
  /** Why not: one sentence for an operator. */
  readonly problem: string
}

const PING_TIMEOUT_MS = 1500

/**
 * Looks for a Docker Engine: DOCKER_HOST if it is set (and then nowhere else), otherwise the usual sockets of
 * Docker, rootless Docker and Podman.
 */
export async function findDocker(env: NodeJS.ProcessEnv = process.env): Promise<DockerProbe> {
  if (env.DOCKER_HOST) {
    const problem = await ping(env.DOCKER_HOST)
    if (problem === undefined) return { host: env.DOCKER_HOST, problem: '' }
    return { host: undefined, problem: `DOCKER_HOST is ${env.DOCKER_HOST}, but ${problem}` }
  }
  const problems: string[] = []
  for (const path of socketPaths(env)) {
    if (!existsSync(path)) continue
    const host = `unix://${path}`
    const problem = await ping(host)
    if (problem === undefined) return { host, problem: '' }
    problems.push(`${path}: ${problem}`)
  }
  if (problems.length > 0) return { host: undefined, problem: problems.join('; ') }
  return { host: undefined, problem: 'no Docker socket (/var/run/docker.sock) here' }
}

function socketPaths(env: NodeJS.ProcessEnv): string[] {
  const runtimeDir = env.XDG_RUNTIME_DIR
  return [
    '/var/run/docker.sock',
    ...(runtimeDir ? [join(runtimeDir, 'docker.sock'), join(runtimeDir, 'podman/podman.sock')] : []),
    join(homedir(), '.docker/run/docker.sock'),
  ]
}

/** Asks the engine's `/_ping`; the reason it failed, or `undefined` when it answered. */
async function ping(host: string): Promise<string | undefined> {
  let address: DockerHost
  try {
    address = parseDockerHost(host)
  } catch (error) {
    return errorMessage(error)
  }
  const get = address.kind === 'tcp' && address.tls ? https.get : http.get
  const target =
    address.kind === 'unix'
      ? { socketPath: address.socketPath }
      : { hostname: address.hostname, port: address.port }
  return await new Promise((resolve) => {
    const request = get(
      {
        ...target,
        timeout: PING_TIMEOUT_MS,
        path: '/_ping',
      },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode === 200 ? undefined : `it answered ${answer.statusCode}`)
      },
    )
    request.on('timeout', () => request.destroy(new Error(`it did not answer in ${PING_TIMEOUT_MS} ms`)))
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES') {
        resolve('permission denied; add your user to the group that owns the socket (usually docker)')
      } else resolve(errorMessage(error))
    })
  })
}
