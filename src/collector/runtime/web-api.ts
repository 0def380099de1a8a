import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Collector } from './collector.ts'
import { DEBUG_PATH, GRAPH_PATH, streamDebug, streamGraph } from './http-streams.ts'

/** What all paths of the API begin with. */
export const WEB_API_PREFIX = '/api/v0/web/'

const COMPONENTS = `${WEB_API_PREFIX}components`
const MODULES = /^\/api\/v0\/web\/modules\/(.+)\/components$/
const NOT_FOUND = '404 page not found\n'

/**
 * Answers a GET below {@link WEB_API_PREFIX}: Alloy's components API, its two streams, and `flow`, the
 * counters of what has gone through. `path` is that of the request, still encoded.
 */
export async function serveWebApi(
  collector: Collector,
  { path, query }: { readonly path: string; readonly query: URLSearchParams },
  response: ServerResponse,
): Promise<void> {
  const ofModule = (id: string) => collector.components().filter((info) => info.moduleID === id)
  const below = (prefix: string): string | undefined =>
    path.startsWith(prefix) ? decode(path.slice(prefix.length)) : undefined
  const module = MODULES.exec(path)
  const debugged = below(DEBUG_PATH)
  const graphed = path === GRAPH_PATH ? '' : below(`${GRAPH_PATH}/`)
  if (path === COMPONENTS)
    sendJson(response, query.get('modules') === 'all' ? collector.components() : ofModule(''))
  else if (path === `${WEB_API_PREFIX}flow`) sendJson(response, await collector.flow())
  else if (module !== null) sendJson(response, ofModule(decode(module[1]) ?? ''))
  else if (debugged !== undefined) streamDebug(collector, debugged, query, response)
  else if (graphed !== undefined) streamGraph(collector, graphed, query, response)
  else {
    const detail = collector.component(below(`${COMPONENTS}/`) ?? '')
    if (detail === undefined) sendText(response, 404, NOT_FOUND)
    else sendJson(response, detail)
  }
}

/** Splits the address of a request; what is no address has no path. */
export function splitTarget({ url = '/' }: IncomingMessage): { path: string; query: URLSearchParams } {
  const [path, query = ''] = url.split('?', 2)
  return { path, query: new URLSearchParams(query) }
}

/** Answers with text that no browser may take for anything else. */
export function sendText(
  response: ServerResponse,
  status: number,
  body: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' })
  response.end(body)
}

function sendJson(response: ServerResponse, value: unknown): void {
  sendText(response, 200, JSON.stringify(value), 'application/json')
}

/** A part of a path as it was meant; `undefined` where its escapes are broken. */
function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}
