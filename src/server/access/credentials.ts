import type { IncomingMessage } from 'node:http'

/** What a request shows to say who it is from. */
export interface Credentials {
  readonly scheme: 'basic' | 'bearer'
  /** The user; `''` for a token. */
  readonly name: string
  readonly secret: string
}

/** Longer ones are nobody's, and are not computed with. */
const MAX_CHARS = 4096

/** Reads `Authorization` (RFC 7617, RFC 6750); `undefined` where it says nothing that is understood. */
export function readCredentials({ headers }: Pick<IncomingMessage, 'headers'>): Credentials | undefined {
  const match = /^(Basic|Bearer) +(\S+) *$/i.exec(headers.authorization ?? '')
  if (match === null || match[2].length > MAX_CHARS) return undefined
  if (match[1].toLowerCase() === 'bearer') return { scheme: 'bearer', name: '', secret: match[2] }
  const text = Buffer.from(match[2], 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  return { scheme: 'basic', name: text.slice(0, colon), secret: text.slice(colon + 1) }
}
