import { readFileSync } from 'node:fs'
import type { SecureContextOptions, SecureVersion, TlsOptions } from 'node:tls'
import type { AttributeSchema, BlockSchema } from '../runtime/component.ts'

/** `tls {}` of a server. */
export interface ApiTlsArgs {
  readonly cert_pem?: string
  readonly cert_file?: string
  readonly key_pem?: string
  readonly key_file?: string
  readonly client_auth_type?: string
  readonly client_ca?: string
  readonly client_ca_file?: string
  readonly min_version?: string
}

/** `http {}` of a component that listens. Times in milliseconds. */
export interface ApiHttpArgs {
  readonly listen_address: string
  readonly listen_port: number
  readonly conn_limit: number
  readonly server_read_timeout: number
  readonly server_idle_timeout: number
  readonly tls?: ApiTlsArgs
}

/** What a component listens on where nothing is configured. */
export const DEFAULT_API_HTTP: ApiHttpArgs = {
  listen_address: '',
  listen_port: 8080,
  conn_limit: 0,
  server_read_timeout: 30_000,
  server_idle_timeout: 120_000,
}

const text: AttributeSchema = { type: 'string' }

/** The blocks of a component that listens. gRPC is not served, so `grpc {}` is refused. */
export const apiServerBlocks: Readonly<Record<string, BlockSchema>> = {
  http: {
    body: {
      attributes: {
        listen_address: { type: 'string', default: DEFAULT_API_HTTP.listen_address },
        listen_port: { type: 'number', default: DEFAULT_API_HTTP.listen_port },
        conn_limit: { type: 'number', default: DEFAULT_API_HTTP.conn_limit },
        server_read_timeout: { type: 'duration', default: DEFAULT_API_HTTP.server_read_timeout },
        server_write_timeout: { type: 'duration', default: 30_000 },
        server_idle_timeout: { type: 'duration', default: DEFAULT_API_HTTP.server_idle_timeout },
      },
      blocks: {
        tls: {
          body: {
            attributes: {
              ...{ cert_pem: text, cert_file: text, key_pem: { type: 'secret' }, key_file: text },
              ...{ client_auth_type: text, client_ca: text, client_ca_file: text, min_version: text },
            },
          },
        },
      },
    },
  },
}

/**
 * The server settings of `node:tls` for a `tls {}` block.
 * @throws Error when a file cannot be read.
 */
export function apiTlsOptions(args: ApiTlsArgs): SecureContextOptions & TlsOptions {
  const pem = (inline: string | undefined, file: string | undefined): string | undefined =>
    inline || (file ? readFileSync(file, 'utf8') : undefined)
  const wantsClient = args.client_auth_type !== undefined && args.client_auth_type !== 'NoClientCert'
  return {
    cert: pem(args.cert_pem, args.cert_file),
    key: pem(args.key_pem, args.key_file),
    ca: pem(args.client_ca, args.client_ca_file),
    requestCert: wantsClient,
    rejectUnauthorized: args.client_auth_type?.startsWith('RequireAndVerify') ?? false,
    ...(args.min_version ? { minVersion: tlsVersion(args.min_version) } : {}),
  }
}

/** `TLS12` → `TLSv1.2`. */
export function tlsVersion(name: string): SecureVersion {
  return name.replace(/^TLS(\d)(\d)$/, 'TLSv$1.$2').replace('v1.0', 'v1') as SecureVersion
}
