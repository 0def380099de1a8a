import { parseGoDuration, printGoDuration } from '#base/duration.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { LogqlError } from '#logql/error.ts'
import type { DeleteRequest, LogDeletes } from '#store/delete-types.ts'
import { compileDelete } from '../delete-selection.ts'
import { readRfc3339 } from '../http/params.ts'
import { BadQueryString, firstParam, type Params, parseQueryString } from '../http/query-string.ts'
import { JSON_TYPE, send, sendEmpty, sendError } from '../http/reply.ts'
import { singleTenant } from '../http/tenant.ts'
import type { RouteCall } from './table.ts'

/** A call that Loki answers with a plain text and this status. */
class DeleteFault extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * `/loki/api/v1/delete`: POST and PUT make a request to delete lines, GET lists the tenant's, DELETE takes
 * one back. Parameters come from the URL alone. There only with `compactor.retention_enabled`.
 */
export async function serveDelete(call: RouteCall): Promise<void> {
  const { context, request, response } = call
  const { config, limits, store } = context
  const { deletes } = store
  if (!config.compactor.retention_enabled || deletes === undefined) {
    sendError(response, 404, '404 page not found\n')
    return
  }
  // Whatever a client sends as a body is of no interest.
  request.resume()
  try {
    const tenant = singleTenant(request.headers['x-scope-orgid'], config)
    if (limits.of(tenant).deletion_mode === 'disabled') {
      throw new DeleteFault(403, 'deletion is not available for this tenant')
    }
    const params = urlParams(request.url ?? '')
    if (request.method === 'GET') list(call, deletes, tenant, params)
    else if (request.method === 'DELETE') await cancel(call, deletes, tenant, params)
    else await create(call, deletes, tenant, params)
  } catch (error) {
    if (!(error instanceof DeleteFault)) throw error
    sendError(response, error.status, `${error.message}\n`)
  }
}

function urlParams(url: string): Params {
  try {
    return parseQueryString(url.split('?').slice(1).join('?'))
  } catch (error) {
    if (error instanceof BadQueryString) throw new DeleteFault(400, error.message)
    throw error
  }
}

async function create(
  { context, response }: RouteCall,
  deletes: LogDeletes,
  tenant: string,
  params: Params,
): Promise<void> {
  const query = firstParam(params, 'query')
  if (query === '') throw new DeleteFault(400, 'query not set')
  const hasFilters = looksAtLines(query)
  const nowMs = Date.now()
  const start = readStart(params)
  const end = readEnd(params, start, nowMs)
  if (hasFilters) checkInterval(params, start, end, context.config.compactor.delete_max_interval)
  const spec = { query, fromMs: start.ms, fromNs: start.ns, toMs: end.ms, toNs: end.ns }
  const { id } = await deletes.add(tenant, spec)
  context.logger.info({ tenant, request: id, ...spec }, 'lines are to be deleted')
  sendEmpty(response, 204, { 'x-delete-request-id': id })
}

function looksAtLines(query: string): boolean {
  try {
    return compileDelete(query).hasFilters
  } catch (error) {
    if (error instanceof LogqlError) throw new DeleteFault(400, 'invalid query expression')
    throw error
  }
}

function readStart(params: Params): Timestamp {
  const text = firstParam(params, 'start')
  if (text === '') throw new DeleteFault(400, 'start time not set')
  const start = readMoment(text)
  if (start === undefined) {
    throw new DeleteFault(400, 'invalid start time: require unix seconds or RFC3339 format')
  }
  return start
}

function readEnd(params: Params, start: Timestamp, nowMs: number): Timestamp {
  const text = firstParam(params, 'end')
  const end = text === '' ? { ms: nowMs, ns: 0 } : readMoment(text)
  if (end === undefined) {
    throw new DeleteFault(400, 'invalid end time: require unix seconds or RFC3339 format')
  }
  if (end.ms > nowMs) throw new DeleteFault(400, 'deletes in the future are not allowed')
  if (start.ms > end.ms || (start.ms === end.ms && start.ns >= end.ns)) {
    throw new DeleteFault(400, "start time can't be greater than or equal to end time")
  }
  return end
}

/** Unix seconds, exactly ten digits, or RFC 3339. */
function readMoment(text: string): Timestamp | undefined {
  return /^\d{10}$/.test(text) ? { ms: Number(text) * 1000, ns: 0 } : readRfc3339(text)
}

/**
 * Loki works through requests with filters in pieces of `max_interval`; here they are taken whole, and the
 * parameter is only checked.
 */
function checkInterval(params: Params, start: Timestamp, end: Timestamp, capMs: number): void {
  const text = firstParam(params, 'max_interval')
  if (text === '') return
  let intervalMs: number
  try {
    intervalMs = parseGoDuration(text)
  } catch {
    throw new DeleteFault(400, "invalid max_interval: valid time units are 's', 'm', 'h'")
  }
  if (intervalMs > capMs) {
    throw new DeleteFault(400, `max_interval can't be greater than ${printGoDuration(capMs)}`)
  }
  const lengthMs = end.ms - start.ms
  if (intervalMs > lengthMs) {
    const length = printGoDuration(lengthMs)
    throw new DeleteFault(400, `max_interval can't be greater than the interval to be deleted (${length})`)
  }
}

function list({ response }: RouteCall, deletes: LogDeletes, tenant: string, params: Params): void {
  const all = deletes.list(tenant)
  const isBounded = firstParam(params, 'start') !== '' && firstParam(params, 'end') !== ''
  const shown = isBounded ? all.filter(within(params)) : all
  send(response, 200, JSON_TYPE, `${JSON.stringify(shown.map(published))}\n`)
}

function within(params: Params): (request: DeleteRequest) => boolean {
  const start = readStart(params)
  const end = readEnd(params, start, Infinity)
  return ({ fromMs, toMs }) => fromMs <= end.ms && toMs >= start.ms
}

/** Whole seconds: logcli cannot read fractions. */
function published({ id, fromMs, toMs, query, createdMs, processed, percent }: DeleteRequest): object {
  return {
    request_id: id,
    start_time: Math.floor(fromMs / 1000),
    end_time: Math.floor(toMs / 1000),
    query,
    status: processed ? 'processed' : percent > 0 ? `${percent}% Complete` : 'received',
    created_at: Math.floor(createdMs / 1000),
    user_id: '',
  }
}

async function cancel(
  { context, response }: RouteCall,
  deletes: LogDeletes,
  tenant: string,
  params: Params,
): Promise<void> {
  const id = firstParam(params, 'request_id')
  if (id === '') throw new DeleteFault(400, 'request_id not set')
  const force = /^(?:1|t|T|true|TRUE|True)$/.test(firstParam(params, 'force'))
  switch (await deletes.cancel(tenant, id, force)) {
    case 'unknown':
      throw new DeleteFault(404, 'could not find delete request with given id')
    case 'processed':
      throw new DeleteFault(
        400,
        'deletion of request which is in process or already processed is not allowed',
      )
    case 'too_late':
      throw new DeleteFault(400, tooLate(context.config.compactor.delete_request_cancel_period))
    case 'cancelled':
      context.logger.info({ tenant, request: id }, 'a request to delete lines was taken back')
      sendEmpty(response, 204)
  }
}

function tooLate(cancelPeriodMs: number): string {
  return (
    'Cancellation of partially completed delete request or delete request past the deadline of ' +
    `${printGoDuration(cancelPeriodMs)} since its creation is not allowed. To force, use the ?force query ` +
    'parameter'
  )
}
