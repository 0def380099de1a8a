import type { IncomingMessage } from 'node:http'
import type { Timestamp } from '#base/timestamp.ts'
import type { LokiConfig } from '#config/schema/root.ts'
import type { Expr } from '#logql/syntax/ast.ts'
import { parseExpr } from '#logql/syntax/parser.ts'
import { BadParam, parseAtoi, readBounds, readLimit } from '../http/params.ts'
import { firstParam } from '../http/query-string.ts'
import { singleTenant } from '../http/tenant.ts'
import { readEncodingFlags, readParams, readQueryTags } from '../query/request.ts'

/** What a client wants to follow. */
export interface TailRequest {
  readonly tenant: string
  readonly query: string
  readonly expr: Expr
  /** History is read from here on. */
  readonly start: Timestamp
  /** How many of the newest entries are sent first. */
  readonly limit: number
  /** How long entries are held back, so that later ones with an earlier time can go before them. */
  readonly delayMs: number
  readonly encodingFlags: readonly string[]
  readonly queryTags: ReadonlyMap<string, string>
}

const MAX_DELAY_S = 5

/**
 * Reads the parameters of a tail.
 * @throws TenantError, BadParam, BadQueryString, LogqlError, QueryError with Loki's text
 */
export async function readTailRequest(
  request: IncomingMessage,
  config: LokiConfig,
  nowMs: number,
): Promise<TailRequest> {
  const tenant = singleTenant(request.headers['x-scope-orgid'], config)
  const params = await readParams(request)
  const query = firstParam(params, 'query')
  const expr = parseExpr(query)
  const limit = readLimit(params)
  // A browser cannot send headers with a WebSocket.
  const flags = firstParam(params, 'encoding_flags')
    .split(',')
    .filter((flag) => flag !== '')
  const { start } = readBounds(params, nowMs)
  const delay = firstParam(params, 'delay_for')
  const delayS = delay === '' ? 0 : parseAtoi(delay)
  if (delayS > MAX_DELAY_S) throw new BadParam(`delay_for can't be greater than ${MAX_DELAY_S}`)
  if (delayS < 0) throw new BadParam('delay_for must not be negative')
  return {
    tenant,
    query,
    expr,
    start,
    limit,
    delayMs: delayS * 1000,
    encodingFlags: [...new Set([...readEncodingFlags(request), ...flags])],
    queryTags: readQueryTags(request),
  }
}
