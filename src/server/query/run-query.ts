import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorMessage } from '#base/errors.ts'
import type { Limits } from '#config/schema/limits.ts'
import type { ScanParts } from '#logql/engine/parts.ts'
import type { LogStore } from '#store/types.ts'
import type { ServerContext } from '../context.ts'
import { sendPieces, wantsGzip } from '../http/compressed-reply.ts'
import { firstParam, type Params } from '../http/query-string.ts'
import { sendEmpty, sendError } from '../http/reply.ts'
import { requestTenants } from '../http/tenant.ts'
import { withRequestLimits } from '../tenants/request-limits.ts'
import { strictestLimits } from '../tenants/strictest-limits.ts'
import { makeTenantsStore } from '../tenants/tenants-store.ts'
import { QueryError } from './query-error.ts'
import type { QueryReuse } from './query-reuse.ts'
import { refusalOf } from './refusal.ts'
import { readParams } from './request.ts'
import { keptForMs } from './run-engine.ts'

/** What a query route is given. */
export interface QueryCall {
  readonly request: IncomingMessage
  readonly params: Params
  readonly tenant: string
  readonly store: LogStore
  readonly limits: Limits
  readonly nowMs: number
  /** {@link ServerContext.shortcuts}. */
  readonly shortcuts: boolean
  /** What may be used of other queries; undefined where nothing may. */
  readonly reuse: QueryReuse | undefined
  /** {@link ServerContext.parts}; undefined where several tenants are read as one. */
  readonly parts: ScanParts | undefined
  /** How long lines are kept at least, ms. */
  readonly keptMs: number
  /** Ends when the client leaves or `query_timeout` has passed. */
  readonly signal: AbortSignal
}

/** Answers a query: the JSON of the body in pieces, or `not-found` for a feature that is off. */
export type QueryHandler = (call: QueryCall) => Promise<Iterable<string> | NotFound>

/** Loki's 404 of a read route whose feature is off. */
export interface NotFound {
  readonly notFound: string
}

const TIMEOUT_TEXT =
  'request timed out, decrease the duration of the request or add more label matchers (prefer exact ' +
  'match over regex ' +
  'match) to reduce the amount of data processed'

/**
 * Runs a handler with its tenant, parameters, limits and deadline, and turns what it throws into Loki's
 * answers.
 */
export async function serveQuery(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
  handler: QueryHandler,
): Promise<void> {
  const abort = new AbortController()
  const onClose = (): void => {
    if (!response.writableFinished)
      abort.abort(new QueryError('the request was cancelled by the client', 499))
  }
  response.on('close', onClose)
  let timer: NodeJS.Timeout | undefined
  try {
    if (!context.isOpen()) throw new QueryError('the server is shutting down', 503)
    const tenants = requestTenants(request.headers['x-scope-orgid'], context.config)
    const { tenant, store, limits } = readScope(context, tenants, request)
    if (limits.query_timeout > 0) {
      timer = setTimeout(() => abort.abort(new QueryError(TIMEOUT_TEXT, 504)), limits.query_timeout)
    }
    const params = await readParams(request, context.config.frontend.max_body_size)
    const nowMs = Date.now()
    const { shortcuts } = context
    const { reuse, parts } = tenants.length === 1 ? context : { reuse: undefined, parts: undefined }
    const keptMs = keptForMs(context.config, limits)
    const call = {
      request,
      params,
      tenant,
      store,
      limits,
      nowMs,
      shortcuts,
      reuse,
      parts,
      keptMs,
      signal: abort.signal,
    }
    const begunMs = performance.now()
    const answer = await context.queue.run(tenant, abort.signal, () => handler(call))
    logSlow(context, call, performance.now() - begunMs)
    abort.signal.throwIfAborted()
    if ('notFound' in answer) {
      if (answer.notFound === '') sendEmpty(response, 404)
      else sendError(response, 404, answer.notFound)
      return
    }
    await sendPieces(response, answer, wantsGzip(request, context.config.frontend.compress_responses))
  } catch (error) {
    answerFault(context, response, abort.signal.aborted ? abort.signal.reason : error)
  } finally {
    clearTimeout(timer)
    response.off('close', onClose)
  }
}

/** `frontend.log_queries_longer_than`: 0 is never, less than that always. */
function logSlow(
  { config, logger }: ServerContext,
  { tenant, params, request }: QueryCall,
  tookMs: number,
): void {
  const { log_queries_longer_than: thresholdMs } = config.frontend
  if (thresholdMs === 0 || tookMs <= thresholdMs) return
  const names = ['query', 'start', 'end', 'step', 'limit', 'time']
  const asked = Object.fromEntries(names.map((name) => [name, firstParam(params, name) || undefined]))
  const path = (request.url ?? '').split('?', 1)[0]
  logger.info({ tenant, path, ...asked, tookMs: Math.round(tookMs) }, 'a slow query')
}

/** What a query reads: the rows of one tenant, or of several as if they were one. */
function readScope(
  { config, limits, store }: ServerContext,
  tenants: readonly string[],
  request: IncomingMessage,
): Pick<QueryCall, 'tenant' | 'store' | 'limits'> {
  const [tenant, ...others] = tenants
  const bounded = (own: Limits): Limits =>
    config.querier.per_request_limits_enabled ? withRequestLimits(own, request) : own
  if (others.length === 0) return { tenant, store, limits: bounded(limits.of(tenant)) }
  if (!config.querier.multi_tenant_queries_enabled) throw new QueryError('multiple org IDs present')
  return {
    tenant: tenants.join('|'),
    store: makeTenantsStore(store, tenants),
    limits: bounded(strictestLimits([limits.of(tenant), ...others.map(limits.of)])),
  }
}

function answerFault(context: ServerContext, response: ServerResponse, error: unknown): void {
  const refusal = refusalOf(error)
  if (refusal !== undefined) {
    sendError(response, refusal.status, refusal.text)
    return
  }
  context.logger.error(
    { err: errorMessage(error), stack: error instanceof Error ? error.stack : undefined },
    'query failed',
  )
  if (response.headersSent) response.destroy()
  else sendError(response, 500, errorMessage(error))
}
