import type { ServerResponse } from 'node:http'
import { labelsText } from '#base/labels.ts'
import type { LogBatch } from '../pipeline.ts'
import { textOf } from '../stages/entry.ts'
import type { Collector } from './collector.ts'
import { feedDebug } from './debug-feed.ts'

/** What ends a chunk of Alloy's streams. */
const DELIMITER = '|;|'
/** A reader that is this far behind misses lines; the collector does not wait for it. */
const MAX_WAITING_BYTES = 1024 * 1024
const STREAM_HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }
const DISABLED =
  'The live debugging service is disabled. Put livedebugging { enabled = true } into the configuration.\n'

/** Paths of the two streams, below the prefix of the API. */
export const DEBUG_PATH = '/api/v0/web/debug/'
/** Rates of all edges, or of those of one module. */
export const GRAPH_PATH = '/api/v0/web/graph'

/**
 * Streams what goes into and out of a component, a chunk for each line, until the reader leaves.
 * `sampleProb` is the part of the lines that is shown; with `format=ndjson` they come as {@link feedDebug}
 * says.
 */
export function streamDebug(
  collector: Collector,
  id: string,
  query: URLSearchParams,
  response: ServerResponse,
): void {
  const probability = Number(query.get('sampleProb') ?? 1)
  const refusal = debugRefusal(collector, id, probability)
  if (refusal !== undefined) {
    fail(response, refusal.status, refusal.body)
    return
  }
  if (query.get('format') === 'ndjson') {
    feedDebug(collector, id, probability, response)
    return
  }
  response.writeHead(200, STREAM_HEADERS)
  response.flushHeaders()
  const unwatch = collector.watchFlow(id, (direction, batch) => {
    for (const chunk of chunksOf(direction, batch, probability)) {
      if (response.writableLength < MAX_WAITING_BYTES) response.write(chunk + DELIMITER)
    }
  })
  response.on('close', unwatch)
}

function debugRefusal(
  collector: Collector,
  id: string,
  probability: number,
): { status: number; body: string } | undefined {
  if (!collector.liveDebugging()) return { status: 500, body: DISABLED }
  if (collector.component(id) === undefined) return { status: 404, body: `component ${id} does not exist\n` }
  const isProbability = probability >= 0 && probability <= 1
  return isProbability ? undefined : { status: 400, body: 'sampleProb must be from 0 to 1\n' }
}

function* chunksOf(direction: string, { labels, entries }: LogBatch, probability: number): Iterable<string> {
  const shownLabels = labelsText(labels)
  for (const { tsMs, tsNs, line, metadata } of entries) {
    if (probability < 1 && Math.random() >= probability) continue
    const more = metadata.length === 0 ? '' : `, structured_metadata: ${labelsText(metadata)}`
    const time = `${new Date(tsMs).toISOString().slice(0, -1)}${String(tsNs).padStart(6, '0')}Z`
    yield `[${direction}]: timestamp: ${time}, entry: ${textOf(line)}, labels: ${shownLabels}${more}`
  }
}

/**
 * Streams an array of edges every `window` seconds (1 to 60, default 5): entries per second from a component
 * to another. Works without live debugging.
 */
export function streamGraph(
  collector: Collector,
  moduleId: string,
  query: URLSearchParams,
  response: ServerResponse,
): void {
  const windowSeconds = Number(query.get('window') ?? 5)
  if (!(windowSeconds >= 1 && windowSeconds <= 60)) {
    fail(response, 400, 'window must be from 1 to 60\n')
    return
  }
  response.writeHead(200, STREAM_HEADERS)
  response.flushHeaders()
  const counts = (): Map<string, number> =>
    new Map(collector.flowEdges().map(({ from, to, entries }) => [JSON.stringify([from, to]), entries]))
  let before = counts()
  const timer = setInterval(() => {
    const now = counts()
    const edges = [...now].flatMap(([key, entries]) => {
      const [from, to] = JSON.parse(key) as [string, string]
      const rate = (entries - (before.get(key) ?? 0)) / windowSeconds
      const isShown = to !== '' && moduleOf(from) === moduleId
      return isShown ? [{ componentID: from, targetComponentIDs: [to], rate, type: 'loki_log' }] : []
    })
    before = now
    if (response.writableLength < MAX_WAITING_BYTES) response.write(JSON.stringify(edges) + DELIMITER)
  }, windowSeconds * 1000)
  response.on('close', () => clearInterval(timer))
}

function moduleOf(id: string): string {
  const slash = id.lastIndexOf('/')
  return slash < 0 ? '' : id.slice(0, slash)
}

function fail(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, STREAM_HEADERS)
  response.end(body)
}
