import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import type { LokiConfig } from '#config/schema/root.ts'
import { requestTenants } from '../http/tenant.ts'
import { type AccessClient, type AccessRules, readAccessRules } from './access-rules.ts'
import { type Credentials, readCredentials } from './credentials.ts'
import type { Demand } from './demand.ts'
import type { SecretHash } from './secret-hash.ts'
import { makeVerifier, type Verifier, VerifierBusy } from './verifier.ts'

/** A request that is not let through. The text ends without newline. */
export class AccessError extends Error {
  readonly status: 401 | 403 | 503

  constructor(status: 401 | 403 | 503, message: string) {
    super(message)
    this.status = status
  }
}

/** Decides about requests. */
export interface AccessControl {
  /** Whether anybody has to show who it is. */
  readonly isOn: boolean
  /**
   * Lets a request through, for which it returns the name of the client (`''` for nobody in particular), or
   * not. A client of a single tenant need not name it: the header is then set to it.
   * @throws AccessError, TenantError
   */
  admit(request: IncomingMessage, path: string, demand: Demand): Promise<string>
  close(): void
}

/**
 * Reads who may do what, and again as the file of it changes (every `runtime_config.period`).
 * @param ownToken the bearer token of this process' own collector, which may write
 * @throws OperatorError `access_config`, ConfigError where the first reading fails
 */
export function makeAccessControl(config: LokiConfig, logger: Logger, ownToken?: string): AccessControl {
  let current = checkerOf(readAccessRules(config))
  let fault = ''
  let timer: NodeJS.Timeout | undefined
  if (config.access.file !== '') {
    let before = JSON.stringify(readAccessRules(config), listSets)
    const reload = (): void => {
      try {
        const rules = readAccessRules(config)
        const text = JSON.stringify(rules, listSets)
        fault = ''
        if (text === before) return
        before = text
        current = checkerOf(rules)
        logger.info({ file: config.access.file }, 'the access rules have changed')
      } catch (error) {
        const message = errorMessage(error)
        // Once for each fault: the file is looked at every few seconds.
        if (message !== fault) logger.error({ err: message }, 'access rules not read; the previous ones stay')
        fault = message
      }
    }
    timer = setInterval(reload, Math.max(config.runtime_config.period, 100))
    timer.unref()
  }
  return {
    get isOn() {
      return current !== undefined
    },
    async admit(request, path, demand) {
      if (current === undefined) return ''
      if (ownToken !== undefined && demand.direction === 'write' && bears(request, ownToken))
        return 'collector'
      return await admit(current, config, request, path, demand)
    },
    close: () => clearInterval(timer),
  }
}

/** Compares digests, which are of one length, in constant time. */
function bears(request: IncomingMessage, token: string): boolean {
  const credentials = readCredentials(request)
  if (credentials?.scheme !== 'bearer') return false
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(credentials.secret), digest(token))
}

function listSets(_key: string, value: unknown): unknown {
  return value instanceof Set ? [...value] : value
}

interface Checker {
  readonly rules: AccessRules
  readonly verifier: Verifier
  readonly tokens: readonly { readonly client: AccessClient; readonly hash: SecretHash }[]
}

function checkerOf(rules: AccessRules | undefined): Checker | undefined {
  if (rules === undefined) return undefined
  const tokens = rules.clients.flatMap((client) =>
    client.token === undefined ? [] : [{ client, hash: client.token }],
  )
  return { rules, verifier: makeVerifier(), tokens }
}

async function admit(
  checker: Checker,
  config: LokiConfig,
  request: IncomingMessage,
  path: string,
  demand: Demand,
): Promise<string> {
  const { rules } = checker
  if (rules.openPaths.has(path)) return ''
  const credentials = readCredentials(request)
  const client = (await identify(checker, credentials)) ?? certified(rules, request)
  if (client === undefined) {
    if (credentials === undefined && rules.anonymous.has(demand.direction)) return ''
    throw new AccessError(401, credentials === undefined ? 'credentials required' : 'wrong credentials')
  }
  const { name, allow, tenants } = client
  const isAllowed = allow.has(demand.direction) || rules.anonymous.has(demand.direction)
  if (!isAllowed) throw new AccessError(403, `client "${name}" has no ${demand.direction} access`)
  if (tenants === undefined) return name
  if (demand.scope === 'server') {
    if (demand.direction !== 'admin') return name
    throw new AccessError(403, `client "${name}" is bound to tenants and may not administer the server`)
  }
  if (tenants.length === 1 && config.auth_enabled) request.headers['x-scope-orgid'] ??= tenants[0]
  const foreign = requestTenants(request.headers['x-scope-orgid'], config).find(
    (one) => !tenants.includes(one),
  )
  if (foreign !== undefined)
    throw new AccessError(403, `client "${name}" has no access to tenant "${foreign}"`)
  return name
}

/** A hash that nothing has: names that do not exist take as long as wrong passwords. */
const NOBODY: SecretHash = { log2N: 15, r: 8, p: 1, salt: Buffer.alloc(16), key: Buffer.alloc(32) }

async function identify(
  { rules, verifier, tokens }: Checker,
  credentials: Credentials | undefined,
): Promise<AccessClient | undefined> {
  if (credentials === undefined) return undefined
  const { scheme, name, secret } = credentials
  try {
    if (scheme === 'bearer') {
      const found = await verifier.find(
        'bearer',
        secret,
        tokens.map(({ hash }) => hash),
      )
      return found === undefined ? undefined : tokens[found].client
    }
    const client = rules.clients.find((one) => one.name === name && one.password !== undefined)
    const found = await verifier.find(`basic ${name}`, secret, [client?.password ?? NOBODY])
    return found === undefined ? undefined : client
  } catch (error) {
    if (!(error instanceof VerifierBusy)) throw error
    throw new AccessError(503, 'too many unknown credentials are being checked; try again')
  }
}

/** The client whose certificate the listener has verified. */
function certified({ clients }: AccessRules, { socket }: IncomingMessage): AccessClient | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  const name = socket.getPeerCertificate().subject?.CN
  return clients.find(({ certificateName }) => certificateName !== '' && certificateName === name)
}
