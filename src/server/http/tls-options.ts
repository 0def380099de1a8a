import { readFileSync } from 'node:fs'
import type { Server, ServerOptions } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { errorMessage, OperatorError } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import type { LokiConfig } from '#config/schema/root.ts'

interface ClientAuth {
  readonly options: Pick<ServerOptions, 'requestCert' | 'rejectUnauthorized'>
  /** Whether a connection is cut after all, which Node has let through. */
  readonly refuses?: (hasCertificate: boolean, isVerified: boolean) => boolean
  readonly needsCa?: true
}

const ASKING = { requestCert: true, rejectUnauthorized: false } as const

/** Go's names of what is asked of clients, and what they mean here. */
const CLIENT_AUTH: Readonly<Record<string, ClientAuth>> = {
  '': { options: {} },
  NoClientCert: { options: {} },
  RequestClientCert: { options: ASKING },
  RequireAnyClientCert: { options: ASKING, refuses: (given) => !given },
  VerifyClientCertIfGiven: {
    options: ASKING,
    refuses: (given, verified) => given && !verified,
    needsCa: true,
  },
  RequireAndVerifyClientCert: { options: { requestCert: true, rejectUnauthorized: true }, needsCa: true },
}

/**
 * What `server.http_tls_config` says, for Node; undefined where it says nothing. Serving in the clear where
 * encryption is asked for would be worse than not serving.
 * @throws OperatorError `tls_config` for files that cannot be read and settings that cannot be met
 */
export function tlsOptions({ server }: LokiConfig): ServerOptions | undefined {
  const { cert, key, cert_file, key_file, client_ca, client_ca_file, client_auth_type } =
    server.http_tls_config
  if ([cert, key, cert_file, key_file, client_ca, client_ca_file, client_auth_type].every((v) => v === '')) {
    return undefined
  }
  const pem = { cert: readPem('cert', cert, cert_file), key: readPem('key', key, key_file) }
  if (pem.cert === undefined || pem.key === undefined) {
    throw fault('names no certificate or no key; set `cert_file` and `key_file`')
  }
  const auth = CLIENT_AUTH[client_auth_type]
  if (auth === undefined) {
    const known = Object.keys(CLIENT_AUTH).slice(1).join(', ')
    throw fault(`has client_auth_type "${client_auth_type}", which is not supported; use one of ${known}`)
  }
  const ca = readPem('client_ca', client_ca, client_ca_file)
  if (auth.needsCa === true && ca === undefined) {
    throw fault('wants certificates of clients verified; set `client_ca_file` to who signs them')
  }
  return { ...pem, ...auth.options, ...(ca === undefined ? {} : { ca }) }
}

/** Cuts the connections that `client_auth_type` does not want and Node cannot be told to refuse. */
export function guardClients(listener: Server, { server }: LokiConfig): void {
  const refuses = CLIENT_AUTH[server.http_tls_config.client_auth_type]?.refuses
  if (refuses === undefined) return
  listener.on('secureConnection', (socket: TLSSocket) => {
    const isGiven = socket.getPeerX509Certificate() !== undefined
    if (refuses(isGiven, socket.authorized)) socket.destroy()
  })
}

/** How often the files are looked at: certificates are renewed while the server runs. */
const RENEWAL_CHECK_MS = 60_000

/**
 * Takes renewed certificate files into use for new connections. A pair that does not fit, as while one of two
 * files is written, is left for the next look.
 */
export function followRenewals(listener: Server, config: LokiConfig, logger: Logger): () => void {
  const { cert_file: file } = config.server.http_tls_config
  if (file === '') return () => undefined
  let current = JSON.stringify(tlsOptions(config))
  const timer = setInterval(() => {
    try {
      const options = tlsOptions(config)
      const text = JSON.stringify(options)
      if (options === undefined || text === current) return
      listener.setSecureContext(options)
      current = text
      logger.info({ file }, 'the renewed certificate is in use')
    } catch (error) {
      logger.warn(
        { file, err: errorMessage(error) },
        'the certificate files cannot be used; the previous stay',
      )
    }
  }, RENEWAL_CHECK_MS)
  timer.unref()
  return () => clearInterval(timer)
}

function fault(message: string): OperatorError {
  return new OperatorError('tls_config', `server.http_tls_config ${message}`)
}

function readPem(name: string, inline: string, file: string): string | undefined {
  if (inline !== '' || file === '') return inline === '' ? undefined : inline
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw fault(`names ${name}_file ${file}, which cannot be read: ${errorMessage(error)}`)
  }
}
