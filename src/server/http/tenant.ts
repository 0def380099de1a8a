import type { LokiConfig } from '#config/schema/root.ts'

/** A request whose tenant cannot be told, with Loki's status and text (the newline that ends it left off). */
export class TenantError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * The tenants a request is about, sorted, each once. Without `auth_enabled` there is one, and the header
 * means nothing.
 * @throws TenantError 401 without header, 400 for a name that is none
 */
export function requestTenants(header: string | string[] | undefined, config: LokiConfig): string[] {
  if (!config.auth_enabled) return [config.no_auth_tenant]
  const text = Array.isArray(header) ? header[0] : header
  if (text === undefined || text === '') throw new TenantError(401, 'no org id')
  const names = text.split('|').map((name) => name.split(':')[0])
  for (const name of names) checkTenant(name)
  return [...new Set(names)].sort()
}

/**
 * The one tenant of a request that cannot span several.
 * @throws TenantError as {@link requestTenants}, and 400 for several
 */
export function singleTenant(header: string | string[] | undefined, config: LokiConfig): string {
  const tenants = requestTenants(header, config)
  if (tenants.length > 1) throw new TenantError(400, 'multiple org IDs present')
  return tenants[0]
}

function checkTenant(name: string): void {
  if (name === '') throw new TenantError(401, 'no org id')
  if (name === '.' || name === '..') throw new TenantError(400, "tenant ID is '.' or '..'")
  const bad = /[^A-Za-z0-9!\-_.*'()]/u.exec(name)
  if (bad !== null)
    throw new TenantError(400, `tenant ID '${name}' contains unsupported character '${bad[0]}'`)
  if (name.length > 150) throw new TenantError(400, 'tenant ID is too long: max 150 characters')
}
