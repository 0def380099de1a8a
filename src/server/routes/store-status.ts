import { JSON_TYPE, send, sendError } from '../http/reply.ts'
import type { RouteCall } from './table.ts'

/**
 * `GET /logboom/api/v1/status`, a route of Logboom's own: what is kept, by tenant and day, what goes next and
 * what went, and the disk; for `logboom status`. docs/operations.md names the fields.
 */
export function serveStoreStatus({ context, response }: RouteCall): void {
  const status = context.store.status?.()
  if (status === undefined) sendError(response, 404, 'this store tells nothing about itself\n')
  else send(response, 200, JSON_TYPE, `${JSON.stringify(status)}\n`)
}
