/** What a client may be allowed to do. */
export type Direction = 'read' | 'write' | 'admin'

/** What a request asks of its client. */
export interface Demand {
  readonly direction: Direction
  /** Whether it is about the logs of tenants, or about the server as a whole. */
  readonly scope: 'tenant' | 'server'
  /** Whether it changes or removes something, so that a line of it is kept. */
  readonly audited: boolean
}

type Rule = readonly [path: RegExp, demand: Demand, methods?: RegExp]

const WRITE: Demand = { direction: 'write', scope: 'tenant', audited: false }
const READ: Demand = { direction: 'read', scope: 'tenant', audited: false }
const READ_SERVER: Demand = { direction: 'read', scope: 'server', audited: false }
const CHANGE_TENANT: Demand = { direction: 'admin', scope: 'tenant', audited: true }
const LOOK_AT_SERVER: Demand = { direction: 'admin', scope: 'server', audited: false }
const CHANGE_SERVER: Demand = { direction: 'admin', scope: 'server', audited: true }

const LOOKING = /^(?:GET|HEAD)$/

/** The first that fits; what fits none is the server's own business. */
const RULES: readonly Rule[] = [
  [/^\/(?:loki\/api\/v1|api\/prom)\/push$|^\/otlp\/v1\/logs$/, WRITE],
  [/^\/loki\/api\/v1\/(?:status\/buildinfo|format_query)$/, READ_SERVER],
  [/^\/(?:loki\/api\/v1|api\/prom)\/(?:delete|rules|cache)(?:\/|$)/, READ, LOOKING],
  [/^\/(?:loki\/api\/v1|api\/prom)\/(?:delete|rules|cache)(?:\/|$)/, CHANGE_TENANT],
  [/^\/flush\/tenant$/, CHANGE_TENANT],
  [/^\/(?:loki\/api\/v1|api\/prom|prometheus\/api\/v1)\//, READ],
  [/^\/config\/tenant\/v1\/limits$/, READ],
  [/^\/(?:flush|ingester\/shutdown)$/, CHANGE_SERVER],
  [/^\//, LOOK_AT_SERVER, LOOKING],
]

/** What a request for a path (without `http_path_prefix`) demands. */
export function demandOf(method: string, path: string): Demand {
  const rule = RULES.find(([pattern, , methods]) => pattern.test(path) && methods?.test(method) !== false)
  return rule?.[1] ?? CHANGE_SERVER
}
