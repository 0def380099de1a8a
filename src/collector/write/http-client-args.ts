import type { AttributeSchema, BodySchema } from '../runtime/component.ts'

/** `tls_config {}`. */
export interface TlsArgs {
  readonly ca_pem?: string
  readonly ca_file?: string
  readonly cert_pem?: string
  readonly cert_file?: string
  readonly key_pem?: string
  readonly key_file?: string
  readonly server_name?: string
  readonly insecure_skip_verify: boolean
  readonly min_version?: 'TLS10' | 'TLS11' | 'TLS12' | 'TLS13'
}

/** `oauth2 {}`: the client-credentials flow of RFC 6749. */
export interface Oauth2Args {
  readonly client_id: string
  readonly client_secret?: string
  readonly client_secret_file?: string
  readonly token_url: string
  readonly scopes: readonly string[]
  readonly endpoint_params: Readonly<Record<string, string>>
  readonly tls_config?: TlsArgs
}

/** The HTTP client arguments that several components share, as decoded. */
export interface HttpClientArgs {
  readonly bearer_token?: string
  readonly bearer_token_file?: string
  readonly basic_auth?: {
    readonly username: string
    readonly password?: string
    readonly password_file?: string
  }
  readonly authorization?: {
    readonly type: string
    readonly credentials?: string
    readonly credentials_file?: string
  }
  readonly oauth2?: Oauth2Args
  readonly tls_config?: TlsArgs
  readonly proxy_url?: string
  readonly no_proxy?: string
  readonly proxy_from_environment: boolean
  readonly follow_redirects: boolean
  readonly enable_http2: boolean
  readonly http_headers: Readonly<Record<string, readonly string[]>>
}

/** What a client uses where nothing is configured. */
export const DEFAULT_HTTP_CLIENT: HttpClientArgs = {
  proxy_from_environment: false,
  follow_redirects: true,
  enable_http2: true,
  http_headers: {},
}

const text: AttributeSchema = { type: 'string' }
const secret: AttributeSchema = { type: 'secret' }

const proxyAttributes: Record<string, AttributeSchema> = {
  proxy_url: text,
  no_proxy: text,
  proxy_from_environment: { type: 'bool', default: false },
}

const tlsConfig: BodySchema = {
  attributes: {
    ca_pem: text,
    ca_file: text,
    cert_pem: text,
    cert_file: text,
    key_pem: secret,
    key_file: text,
    server_name: text,
    insecure_skip_verify: { type: 'bool', default: false },
    min_version: { type: { oneOf: ['TLS10', 'TLS11', 'TLS12', 'TLS13'] } },
  },
  validate: (args) => checkTls(args as unknown as TlsArgs),
}

function checkTls(args: TlsArgs): void {
  const pairs = [
    ['ca_pem', 'ca_file'],
    ['cert_pem', 'cert_file'],
    ['key_pem', 'key_file'],
  ] as const
  for (const [inline, file] of pairs) {
    if (args[inline] && args[file]) throw new Error(`at most one of ${inline} and ${file} must be configured`)
  }
  const hasCert = Boolean(args.cert_pem || args.cert_file)
  if (hasCert !== Boolean(args.key_pem || args.key_file)) {
    throw new Error('a client certificate and its key must be configured together (cert_*, key_*)')
  }
}

/** The schema of the shared HTTP client arguments; a component adds its own to it. */
export const httpClientSchema: BodySchema & { readonly blocks: NonNullable<BodySchema['blocks']> } = {
  attributes: {
    ...proxyAttributes,
    bearer_token: secret,
    bearer_token_file: text,
    follow_redirects: { type: 'bool', default: true },
    enable_http2: { type: 'bool', default: true },
    http_headers: { type: { map: { list: 'secret' } }, default: {} },
  },
  blocks: {
    basic_auth: {
      body: { attributes: { username: { ...text, default: '' }, password: secret, password_file: text } },
    },
    authorization: {
      body: {
        attributes: { type: { ...text, default: 'Bearer' }, credentials: secret, credentials_file: text },
      },
    },
    oauth2: {
      body: {
        attributes: {
          ...proxyAttributes,
          client_id: { ...text, required: true },
          client_secret: secret,
          client_secret_file: text,
          token_url: { ...text, required: true },
          scopes: { type: { list: 'string' }, default: [] },
          endpoint_params: { type: { map: 'string' }, default: {} },
        },
        blocks: { tls_config: { body: tlsConfig } },
      },
    },
    tls_config: { body: tlsConfig },
  },
}

/**
 * Checks what the schema cannot say: one way to authenticate, and proxy settings that fit together.
 * @throws Error with Prometheus' text.
 */
export function checkHttpClientArgs(args: HttpClientArgs): void {
  const bearer = Boolean(args.bearer_token || args.bearer_token_file)
  const ways = [bearer, args.basic_auth, args.authorization, args.oauth2].filter(Boolean).length
  if (ways > 1 || (args.bearer_token && args.bearer_token_file)) {
    throw new Error(
      'at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured',
    )
  }
  if (args.basic_auth?.password && args.basic_auth.password_file) {
    throw new Error('at most one of basic_auth password & password_file must be configured')
  }
  if (args.authorization?.credentials && args.authorization.credentials_file) {
    throw new Error('at most one of authorization credentials & credentials_file must be configured')
  }
  if (args.authorization?.type.trim().toLowerCase() === 'basic') {
    throw new Error('authorization type cannot be set to "basic", use "basic_auth" instead')
  }
  if (args.proxy_from_environment && args.proxy_url) {
    throw new Error('if proxy_from_environment is configured, proxy_url must not be configured')
  }
  if (args.proxy_from_environment && args.no_proxy) {
    throw new Error('if proxy_from_environment is configured, no_proxy must not be configured')
  }
  if (args.no_proxy && !args.proxy_url) {
    throw new Error('if no_proxy is configured, proxy_url must also be configured')
  }
}
