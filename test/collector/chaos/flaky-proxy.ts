import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { uncompressSync } from 'snappy'
import { parseProtobufPush } from '#collector/api/push-request.ts'

/** What happens to a push on its way to the server. */
export type Weather =
  | { readonly kind: 'fine' }
  /** The connection is closed without an answer, after the server has got the push or before. */
  | { readonly kind: 'reset'; readonly isForwarded: boolean }
  /** The server gets the push at once, its answer comes late. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** This status is answered, whether or not the server got the push. */
  | { readonly kind: 'status'; readonly status: number; readonly isForwarded: boolean }

/** Stands between the collector and the server, at an address that outlives both. */
export interface FlakyProxy {
  readonly url: string
  setWeather(weather: Weather): void
  /** The longest time for which no push has reached the server, in ms. */
  longestSilenceMs(): number
  /** How many pushes each kind of weather has met. */
  readonly met: ReadonlyMap<string, number>
  stop(): Promise<void>
}

/** Starts a proxy to the server at `target`; `onRefused` is told each line that was refused for good. */
export async function startFlakyProxy(
  target: string,
  onRefused: (labels: ReadonlyMap<string, string>, line: string) => void,
): Promise<FlakyProxy> {
  let weather: Weather = { kind: 'fine' }
  const met = new Map<string, number>()
  let lastTakenMs = Date.now()
  let longestSilenceMs = 0
  const note = (body: Buffer): void => {
    for (const { labels, entries } of parseProtobufPush(uncompressSync(body, { asBuffer: true }) as Buffer)) {
      for (const { line } of entries) onRefused(new Map(labels), Buffer.from(line).toString())
    }
  }
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const now = weather
    const name = 'status' in now ? `${now.status}${now.isForwarded ? ' after the fact' : ''}` : now.kind
    met.set(name, (met.get(name) ?? 0) + 1)
    const body = Buffer.concat(await Array.fromAsync(request))
    const isForwarded = !('isForwarded' in now) || now.isForwarded
    const answer = isForwarded ? await forward(target, request, body) : undefined
    if (answer !== undefined && answer.status < 300) {
      longestSilenceMs = Math.max(longestSilenceMs, Date.now() - lastTakenMs)
      lastTakenMs = Date.now()
    }
    if (now.kind === 'reset' || (isForwarded && answer === undefined)) return void response.destroy()
    if (now.kind === 'slow') await sleep(now.delayMs)
    // What the server did not take must not be called refused for good.
    const isTaken = answer === undefined || answer.status < 300
    if (now.kind === 'status' && isTaken) {
      if (now.status === 400 && !isForwarded) note(body)
      return void response.writeHead(now.status).end('bad weather\n')
    }
    response.writeHead(answer?.status ?? 500).end(answer?.text)
  }
  const server = createServer((request, response) => {
    void handle(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    url: `http://127.0.0.1:${port}`,
    setWeather: (next) => {
      weather = next
    },
    met,
    longestSilenceMs: () => longestSilenceMs,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function forward(
  target: string,
  request: IncomingMessage,
  body: Buffer,
): Promise<{ status: number; text: string } | undefined> {
  const headers = new Headers()
  for (const name of ['content-type', 'content-encoding', 'x-scope-orgid']) {
    const value = request.headers[name]
    if (typeof value === 'string') headers.set(name, value)
  }
  const url = target + (request.url ?? '')
  const sent = { method: 'POST', headers, body: new Uint8Array(body) }
  const response = await fetch(url, sent).catch(() => undefined)
  return response === undefined ? undefined : { status: response.status, text: await response.text() }
}
