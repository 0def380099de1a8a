import { errorMessage, OperatorError } from '#base/errors.ts'
import { nearest } from '#base/suggest.ts'
import { readAccessFile } from '#config/access-file.ts'
import type { AccessSection } from '#config/schema/access.ts'
import type { LokiConfig } from '#config/schema/root.ts'
import type { Direction } from './demand.ts'
import { parseSecretHash, type SecretHash } from './secret-hash.ts'

/** One who may use the server. */
export interface AccessClient {
  readonly name: string
  readonly password: SecretHash | undefined
  readonly token: SecretHash | undefined
  /** Common name of its certificate; `''` for none. */
  readonly certificateName: string
  /** Tenants it may name; `undefined` for all. */
  readonly tenants: readonly string[] | undefined
  readonly allow: ReadonlySet<Direction>
}

/** Who may do what. */
export interface AccessRules {
  readonly clients: readonly AccessClient[]
  /** What needs no client. */
  readonly anonymous: ReadonlySet<Direction>
  readonly openPaths: ReadonlySet<string>
}

/**
 * The rules that `access` gives, its own or those of its file; `undefined` where it is not configured, and
 * everybody may do everything.
 * @throws OperatorError `access_config`, ConfigError
 */
export function readAccessRules(config: LokiConfig): AccessRules | undefined {
  const { file } = config.access
  const section = file === '' ? config.access : readAccessFile(file)
  if (file === '' && section.clients.length === 0) return undefined
  if (section.clients.length === 0) throw fault(`file ${file} names no clients`)
  const clients = section.clients.map((client, i) => readClient(client, i, config))
  const twice = clients.find(({ name }, i) => clients.findIndex((other) => other.name === name) !== i)
  if (twice !== undefined) throw fault(`has two clients named "${twice.name}"`)
  return {
    clients,
    anonymous: directions(section.anonymous, 'anonymous'),
    openPaths: new Set(section.open_paths),
  }
}

type ClientSection = AccessSection['clients'][number]

function readClient(client: ClientSection, index: number, config: LokiConfig): AccessClient {
  const at = `clients.${index}`
  const { name, password_hash: password, token_hash: token, certificate_name: certificate } = client
  if (!/^[^\s:]{1,150}$/.test(name)) throw fault(`${at}.name must be set, without spaces and colons`)
  if (password === '' && token === '' && certificate === '') {
    throw fault(
      `${at} ("${name}") has no way to show who it is; set password_hash, token_hash or certificate_name`,
    )
  }
  const allow = directions(client.allow, `${at}.allow`)
  if (allow.size === 0) throw fault(`${at}.allow ("${name}") is empty; set some of read, write, admin`)
  if (config.auth_enabled && client.tenants.length === 0) {
    throw fault(`${at}.tenants ("${name}") is empty; name the tenants it may use, or "*" for all`)
  }
  const isUnbound = client.tenants.length === 0 || client.tenants.includes('*')
  return {
    name,
    password: readHash(password, `${at}.password_hash`),
    token: readHash(token, `${at}.token_hash`),
    certificateName: certificate,
    tenants: isUnbound ? undefined : client.tenants,
    allow,
  }
}

const DIRECTIONS: readonly string[] = ['read', 'write', 'admin'] satisfies Direction[]

function directions(words: readonly string[], at: string): ReadonlySet<Direction> {
  const wrong = words.find((word) => !DIRECTIONS.includes(word))
  if (wrong !== undefined) {
    const near = nearest(wrong, DIRECTIONS)
    throw fault(`${at} has "${wrong}"; use ${near ?? 'read, write or admin'}`)
  }
  return new Set(words as readonly Direction[])
}

function readHash(text: string, at: string): SecretHash | undefined {
  if (text === '') return undefined
  try {
    return parseSecretHash(text)
  } catch (error) {
    throw fault(`${at} ${errorMessage(error)}`)
  }
}

function fault(message: string): OperatorError {
  return new OperatorError('access_config', `access.${message}`)
}
