import type { ServerResponse } from 'node:http'
import type { Collector } from '#collector/runtime/collector.ts'
import { serveWebApi, splitTarget, WEB_API_PREFIX } from '#collector/runtime/web-api.ts'
import { sendText } from '#server/http/reply.ts'
import type { Route, RouteCall } from '#server/routes/table.ts'

/** The collector's API as a route of the server that runs in the same process. */
export interface CollectorRoute {
  readonly route: Route
  /** Ends the streams that are open, which nothing else would. */
  close(): void
}

/**
 * Makes the route, so that the server's page can show the collector. The server's rules of access hold: what
 * is neither about pushing nor about querying is for clients that may `admin` the server as a whole.
 * `collector` says which one runs at the moment.
 */
export function makeCollectorRoute(collector: () => Collector | undefined): CollectorRoute {
  const open = new Set<ServerResponse>()
  const serve = async ({ request, response }: RouteCall): Promise<void> => {
    const running = collector()
    if (running === undefined) {
      sendText(response, 503, 'no collector runs yet\n')
      return
    }
    open.add(response)
    response.on('close', () => open.delete(response))
    await serveWebApi(running, splitTarget(request), response)
  }
  const serveSlash = (call: RouteCall): void => {
    serve(call).catch(() => call.response.destroy())
  }
  return {
    route: { methods: ['GET'], path: `${WEB_API_PREFIX}*`, serve, serveSlash },
    close: () => {
      for (const response of open) response.destroy()
    },
  }
}
