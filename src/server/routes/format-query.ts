import type { ServerResponse } from 'node:http'
import { errorMessage } from '#base/errors.ts'
import { formatQuery } from '#logql/syntax/pretty.ts'
import { firstParam, type Params } from '../http/query-string.ts'
import { send } from '../http/reply.ts'

/** `GET|POST /loki/api/v1/format_query`: a query in its canonical form. */
export function serveFormatQuery(response: ServerResponse, params: Params): void {
  const type = 'application/json; charset=utf-8'
  try {
    const data = formatQuery(firstParam(params, 'query'))
    send(response, 200, type, JSON.stringify({ status: 'success', data }))
  } catch (error) {
    send(response, 400, type, JSON.stringify({ status: 'invalid-query', error: errorMessage(error) }))
  }
}
