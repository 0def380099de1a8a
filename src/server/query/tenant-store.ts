import type { LogStore } from '#store/types.ts'

/** The store as a request sees it, and the tenant name to use with it. */
export function tenantStore(
  store: LogStore,
  tenants: readonly string[],
): { store: LogStore; tenant: string } {
  return { store, tenant: tenants[0] }
}
