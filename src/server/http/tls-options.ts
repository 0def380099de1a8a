import { readFileSync } from 'node:fs'
import type { ServerOptions } from 'node:https'
import { errorMessage, OperatorError } from '#base/errors.ts'
import type { LokiConfig } from '#config/schema/root.ts'

/** Go's names of what is asked of clients, and Node's settings for them. */
const CLIENT_AUTH: Record<string, Pick<ServerOptions, 'requestCert' | 'rejectUnauthorized'>> = {
  '': {},
  NoClientCert: {},
  RequestClientCert: { requestCert: true, rejectUnauthorized: false },
  RequireAndVerifyClientCert: { requestCert: true, rejectUnauthorized: true },
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
  if (auth.rejectUnauthorized === true && ca === undefined) {
    throw fault('wants certificates of clients verified; set `client_ca_file` to who signs them')
  }
  return { ...pem, ...auth, ...(ca === undefined ? {} : { ca }) }
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
