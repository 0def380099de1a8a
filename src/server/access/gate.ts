import type { IncomingMessage, ServerResponse } from 'node:http'
import { send, TEXT_TYPE } from '../http/reply.ts'
import { TenantError } from '../http/tenant.ts'
import { type AccessControl, AccessError } from './access-control.ts'
import type { AuditLog } from './audit.ts'
import { type Demand, demandOf } from './demand.ts'

/** What the gate needs of the server. */
export interface Gate {
  readonly access: AccessControl
  readonly audit: AuditLog
}

/** A request that may go on. */
export interface Admission {
  /** Name of the client, `''` where nobody had to say it. */
  readonly client: string
  readonly demand: Demand
}

/** Browsers ask for name and password when they see the first; the page needs no login form. */
const CHALLENGE = 'Basic realm="Logboom", charset="UTF-8", Bearer realm="Logboom"'

/**
 * Lets a request for a path (as it stands in the table of routes) through, or answers it: `undefined`.
 * What is let through and changes something is audited by the caller, who knows how it ended.
 */
export async function admitRequest(
  { access, audit }: Gate,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<Admission | undefined> {
  const demand = demandOf(request.method ?? 'GET', path)
  try {
    checkSite(request, demand)
    return { client: await access.admit(request, path, demand), demand }
  } catch (error) {
    if (!(error instanceof AccessError || error instanceof TenantError)) throw error
    const headers: Record<string, string> = { 'x-content-type-options': 'nosniff' }
    if (error instanceof AccessError && error.status === 401) headers['www-authenticate'] = CHALLENGE
    // What comes after the headers is of no interest, and may be large.
    if (request.method !== 'GET') headers.connection = 'close'
    send(response, error.status, TEXT_TYPE, `${error.message}\n`, headers)
    audit(request, { client: '', status: error.status, reason: error.message })
    return undefined
  }
}

/**
 * A page of another site can send a form to any server its visitor reaches, with the password the browser
 * remembers, and so delete logs or stop the server. Browsers say so.
 */
function checkSite({ headers }: IncomingMessage, { audited }: Demand): void {
  if (audited && headers['sec-fetch-site'] === 'cross-site') {
    throw new AccessError(403, 'administrative calls are not taken from pages of other sites')
  }
}
