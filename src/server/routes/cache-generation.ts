import type { ServerContext } from '../context.ts'
import { sendEmpty, sendError, sendText } from '../http/reply.ts'
import { singleTenant } from '../http/tenant.ts'
import type { RouteCall } from './table.ts'

const GENERATIONS = new WeakMap<ServerContext, Map<string, string>>()

/**
 * `GET /loki/api/v1/cache/generation_numbers`, `POST …/increase`: which answers of caches elsewhere are
 * void. What this server itself remembers is void by itself as soon as something is deleted. There only
 * where deletes are.
 */
export function serveCacheGeneration({ context, request, response }: RouteCall): void {
  const { config, store } = context
  if (!config.compactor.retention_enabled || store.deletes === undefined) {
    sendError(response, 404, '404 page not found\n')
    return
  }
  request.resume()
  const tenant = singleTenant(request.headers['x-scope-orgid'], config)
  const generations = GENERATIONS.get(context) ?? new Map<string, string>()
  GENERATIONS.set(context, generations)
  if ((request.url ?? '').split('?', 1)[0].endsWith('/increase')) {
    generations.set(tenant, `${Date.now()}000000`)
    sendEmpty(response, 204)
  } else sendText(response, 200, JSON.stringify(generations.get(tenant) ?? ''))
}
