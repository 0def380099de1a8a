import { OperatorError } from '#base/errors.ts'

/** Where a Docker Engine listens. */
export type DockerHost =
  | { readonly kind: 'unix'; readonly socketPath: string }
  | { readonly kind: 'tcp'; readonly hostname: string; readonly port: number; readonly tls: boolean }

const FORMS = 'unix:///var/run/docker.sock, tcp://host:2375, http://host:2375 or https://host:2376'

/**
 * Reads the `host` of a Docker component: `unix://`, `tcp://` (plain), `http://` or `https://`.
 * @throws OperatorError `docker_host_invalid` for anything else, and for `ssh://` and `npipe://`.
 */
export function parseDockerHost(text: string): DockerHost {
  if (text.startsWith('unix://')) {
    const socketPath = text.slice('unix://'.length)
    if (socketPath.startsWith('/')) return { kind: 'unix', socketPath }
  }
  const url = URL.parse(text)
  if (url !== null && ['tcp:', 'http:', 'https:'].includes(url.protocol) && url.hostname !== '') {
    const tls = url.protocol === 'https:'
    const usualPort = url.protocol === 'tcp:' ? 2375 : tls ? 443 : 80
    return { kind: 'tcp', hostname: url.hostname, port: Number(url.port) || usualPort, tls }
  }
  throw new OperatorError(
    'docker_host_invalid',
    `unable to parse docker host ${JSON.stringify(text)}: use ${FORMS}`,
  )
}
