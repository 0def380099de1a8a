import type { ServerResponse } from 'node:http'
import { labelsObject } from '#base/labels.ts'
import { printRfc3339Nano } from '#base/rfc3339.ts'
import type { LogBatch, LogEntry } from '../pipeline.ts'
import { textOf } from '../stages/entry.ts'
import type { Collector } from './collector.ts'

/** People cannot read more; what goes beyond it is counted. */
const LINES_PER_TICK = 25
const TICK_MS = 250
/** UTF-16 units of a line that are shown. */
const MAX_LINE_CHARS = 8192
/** A reader that is this far behind misses lines; the collector does not wait for it. */
const MAX_WAITING_BYTES = 1024 * 1024

/**
 * Streams what goes into and out of a component as NDJSON, until the reader leaves: objects
 * `{direction, time, labels, metadata, line, chars}`, at most 100 a second, with lines cut at 8,192
 * characters, and `{skipped}` for how many were left out. Unlike Alloy's text it cannot be broken by what a
 * line says.
 */
export function feedDebug(
  collector: Collector,
  id: string,
  probability: number,
  response: ServerResponse,
): void {
  response.writeHead(200, {
    'content-type': 'application/x-ndjson; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  })
  response.flushHeaders()
  let room = LINES_PER_TICK
  let skipped = 0
  const unwatch = collector.watchFlow(id, (direction, batch) => {
    for (const entry of batch.entries) {
      if (probability < 1 && Math.random() >= probability) continue
      if (room === 0) skipped++
      else {
        room--
        response.write(entryLine(direction === 'IN' ? 'in' : 'out', batch, entry))
      }
    }
  })
  const timer = setInterval(() => {
    const isSlow = response.writableLength > MAX_WAITING_BYTES
    room = isSlow ? 0 : LINES_PER_TICK
    if (skipped === 0 || isSlow) return
    response.write(`{"skipped":${skipped}}\n`)
    skipped = 0
  }, TICK_MS)
  response.on('close', () => {
    clearInterval(timer)
    unwatch()
  })
}

function entryLine(direction: 'in' | 'out', { labels }: LogBatch, entry: LogEntry): string {
  const line = textOf(entry.line)
  const shown = {
    direction,
    time: printRfc3339Nano({ ms: entry.tsMs, ns: entry.tsNs }, 'UTC'),
    labels: labelsObject(labels),
    metadata: labelsObject(entry.metadata),
    line: line.slice(0, MAX_LINE_CHARS),
    chars: line.length,
  }
  return `${JSON.stringify(shown)}\n`
}
