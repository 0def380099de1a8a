import type { BodySchema } from './component.ts'

/** Settings of the collector itself that stand beside the components. */
export interface ConfigBlock {
  readonly schema: BodySchema
  /** Service blocks may stand in the configuration only, not in a module. */
  readonly isService: boolean
}

/** Arguments of `logging`. */
export interface LoggingArgs {
  readonly level: string
  readonly format: string
  readonly write_to: readonly unknown[]
}

/** Arguments of `http` that are honoured. */
export interface HttpArgs {
  readonly auth?: {
    readonly basic?: { readonly username: string; readonly password: string }
    readonly filter?: { readonly paths: readonly string[]; readonly authenticate_matching_paths: boolean }
  }
  readonly tls?: Record<string, unknown>
}

const LOGGING: BodySchema = {
  attributes: {
    level: { type: { oneOf: ['debug', 'info', 'warn', 'error', ''] }, default: 'info' },
    format: { type: { oneOf: ['logfmt', 'json', ''] }, default: 'logfmt' },
    destination: { type: { oneOf: ['stderr', 'windows_event_log'] }, default: 'stderr' },
    write_to: { type: { list: { capsule: 'LogsReceiver' } }, default: [] },
  },
}

const HTTP: BodySchema = {
  attributes: {},
  blocks: {
    auth: {
      body: {
        attributes: {},
        blocks: {
          basic: {
            body: {
              attributes: {
                username: { type: 'string', required: true },
                password: { type: 'secret', required: true },
              },
            },
          },
          filter: {
            body: {
              attributes: {
                paths: { type: { list: 'string' }, default: [] },
                authenticate_matching_paths: { type: 'bool', default: true },
              },
            },
          },
        },
      },
    },
    tls: {
      body: {
        attributes: {
          cert_pem: { type: 'string' },
          cert_file: { type: 'string' },
          key_pem: { type: 'secret' },
          key_file: { type: 'string' },
          client_ca_pem: { type: 'string' },
          client_ca_file: { type: 'string' },
          client_auth_type: { type: 'string', default: 'NoClientCert' },
          cipher_suites: { type: { list: 'string' } },
          curve_preferences: { type: { list: 'string' } },
          min_version: { type: 'string' },
          max_version: { type: 'string' },
        },
      },
    },
  },
}

/** The blocks that are decoded and honoured. */
export const CONFIG_BLOCKS: Readonly<Record<string, ConfigBlock>> = {
  logging: { schema: LOGGING, isService: false },
  http: { schema: HTTP, isService: true },
  livedebugging: { schema: { attributes: { enabled: { type: 'bool', default: false } } }, isService: true },
}

/** The blocks that are accepted without effect: a log collector has nothing for them to act on. */
export const IGNORED_BLOCKS: ReadonlyMap<string, string> = new Map([
  ['tracing', 'the block "tracing" has no effect: the collector does not trace itself'],
  ['remotecfg', 'the block "remotecfg" has no effect: configurations are not pulled from a server'],
])
