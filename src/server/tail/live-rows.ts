import type { Labels } from '#base/labels.ts'
import { labelValue } from '#base/labels.ts'
import { compileLogPipeline } from '#logql/engine/log-pipeline.ts'
import { compileMatcher } from '#logql/pipeline/matcher.ts'
import type { LogExpr } from '#logql/syntax/ast.ts'
import type { EntryBatch, StreamRef } from '#store/types.ts'
import type { TailQueue } from './tail-queue.ts'

/** Streams whose fitting is remembered. */
const MAX_REMEMBERED = 10_000

/**
 * Makes the listener that takes rows as they are stored through a query and into a queue. What passes is
 * copied: the rows lie in borrowed memory.
 */
export function makeLiveRows(expr: LogExpr, queue: TailQueue): (batch: EntryBatch) => void {
  const pipeline = compileLogPipeline(expr)
  const fits = streamTest(expr)
  return (batch) => {
    const nowMs = Date.now()
    for (const run of batch.runs) {
      const stream = fits(run.labels, run.key)
      if (stream === undefined) continue
      for (let row = run.from; row < run.to && !queue.isSaturated; row++) {
        const tsMs = batch.tsMs[row]
        const tsNs = batch.tsNs[row]
        const line = batch.bytes.subarray(batch.lineFrom[row], batch.lineTo[row])
        const passed = pipeline(stream, batch.metadata[batch.rowMetadata[row]], tsMs, tsNs, line)
        if (passed === undefined) continue
        const { all, split } = passed.labels
        const entry = {
          tsMs,
          tsNs,
          line: passed.line,
          labels: all,
          streamLabels: split.stream,
          metadata: split.metadata,
          parsed: split.parsed,
        }
        queue.push(entry, nowMs)
      }
    }
  }
}

function streamTest({ matchers }: LogExpr): (labels: Labels, key: string) => StreamRef | undefined {
  const compiled = matchers.map(compileMatcher)
  const known = new Map<string, StreamRef | undefined>()
  return (labels, key) => {
    if (known.has(key)) return known.get(key)
    const fits = compiled.every((matcher) => matcher.matches(labelValue(labels, matcher.name)))
    const stream = fits ? { labels, key } : undefined
    if (known.size >= MAX_REMEMBERED) known.clear()
    known.set(key, stream)
    return stream
  }
}
