import { existsSync } from 'node:fs'
import type { LokiConfig } from '#config/schema/root.ts'
import { readAccessRules } from '#server/access/access-rules.ts'

/** The files that Docker and Podman put into every container. */
const CONTAINER_MARKS = ['/.dockerenv', '/run/.containerenv']

/** Where a server listens, and whether that is less than Loki's default. */
export interface ListenAddress {
  /** `''` for all addresses. */
  readonly host: string
  /** Nobody said where, nobody has to show who it is: only this machine gets in. */
  readonly isNarrowed: boolean
}

/**
 * What `server.http_listen_address` says. Where it says nothing, Loki listens on all addresses; a server that
 * has neither `access` nor TLS does not, or everybody on the network would read and write its logs. In a
 * container it does: from outside only ports that are published are reached.
 * @throws OperatorError for `access` that cannot be read
 */
export function listenAddress(config: LokiConfig, isContained: boolean): ListenAddress {
  const { http_listen_address: host, http_tls_config: tls } = config.server
  const isGuarded = readAccessRules(config) !== undefined || tls.cert_file !== '' || tls.cert !== ''
  if (host !== '' || isGuarded || isContained) return { host, isNarrowed: false }
  return { host: '127.0.0.1', isNarrowed: true }
}

/** Whether this process has a container of its own. */
export function runsInContainer(env: NodeJS.ProcessEnv = process.env): boolean {
  return process.pid === 1 || env.KUBERNETES_SERVICE_HOST !== undefined || CONTAINER_MARKS.some(existsSync)
}
