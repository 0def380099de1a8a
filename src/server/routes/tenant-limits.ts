import type { IncomingMessage, ServerResponse } from 'node:http'
import { stringify } from 'yaml'
import { printable } from '#config/print.ts'
import { limitsSchema } from '#config/schema/limits.ts'
import type { ServerContext } from '../context.ts'
import { send, sendError, sendText } from '../http/reply.ts'
import { singleTenant, TenantError } from '../http/tenant.ts'

/** The limits of a tenant that the configuration lets everybody see (`tenant_limits_allow_publish`). */
function publishedLimits(context: ServerContext, tenant: string): Record<string, unknown> {
  const all = printable(limitsSchema, context.limits.of(tenant)) as Record<string, unknown>
  const published = context.config.tenant_limits_allow_publish
  return Object.fromEntries(published.filter((key) => key in all).map((key) => [key, all[key]]))
}

/** `GET /loki/api/v1/drilldown-limits`: what Logs Drilldown asks before it shows its tabs. */
export function serveDrilldownLimits(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  withTenant(context, request, response, (tenant) => {
    const body = {
      limits: publishedLimits(context, tenant),
      pattern_ingester_enabled: context.config.pattern_ingester.enabled,
      version: 'unknown',
    }
    send(response, 200, 'application/json', JSON.stringify(body))
  })
}

/** `GET /config/tenant/v1/limits`: the same selection as YAML. */
export function serveTenantLimits(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  withTenant(context, request, response, (tenant) => {
    sendText(response, 200, stringify(publishedLimits(context, tenant), { aliasDuplicateObjects: false }))
  })
}

function withTenant(
  { config }: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
  answer: (tenant: string) => void,
): void {
  try {
    answer(singleTenant(request.headers['x-scope-orgid'], config))
  } catch (error) {
    if (!(error instanceof TenantError)) throw error
    sendError(response, error.status, `${error.message}\n`)
  }
}
