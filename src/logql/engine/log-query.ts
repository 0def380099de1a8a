import { compareTimestamps } from '#base/timestamp.ts'
import type { LogStore } from '#store/types.ts'
import { compilePipeline, type Pipeline } from '../pipeline/compile.ts'
import type { LogExpr } from '../syntax/ast.ts'
import { printExpr } from '../syntax/printer.ts'
import { EntryCollector } from './entry-collector.ts'
import { explainRead } from './explain.ts'
import { LogParts, logRequest } from './log-parts.ts'
import { type Merging, mergeWindow } from './merge-window.ts'
import { Pace } from './pace.ts'
import { StatsCollector } from './stats.ts'
import type { QueryLimits, QueryResult, RangeQuery } from './types.ts'

/**
 * Runs a log query: the newest or oldest `limit` entries of [start, end) that pass the pipeline, grouped by
 * their final labels.
 * @throws LogqlError for a stage that cannot be compiled, and for more lines than memory allows; the signal's
 * reason when aborted
 */
export async function runLogQuery(
  store: LogStore,
  tenant: string,
  expr: LogExpr,
  query: RangeQuery,
  limits: QueryLimits,
  signal: AbortSignal,
): Promise<QueryResult> {
  const pipeline = compilePipeline(expr.stages, undefined, query.shortcuts)
  const stats = new StatsCollector()
  const read = explainRead(printExpr(expr), pipeline, 'all')
  stats.addRead(read)
  const collector = new EntryCollector(query, limits.max_query_memory)
  const merging: Merging = { pipeline, cache: new Map(), pace: new Pace(signal) }
  const isEmpty = compareTimestamps(query.startMs, query.startNs, query.endMs, query.endNs) >= 0
  const { parts } = query
  if (!isEmpty && parts !== undefined && parts.threads > 0 && isDivisible(pipeline, query)) {
    const maxHeldBytes = limits.max_query_memory
    const options = { parts, tenant, expr, query, merging, collector, stats, read, signal, maxHeldBytes }
    await new LogParts(options).run()
  } else if (!isEmpty) {
    const scan = store.scan(tenant, logRequest(expr, pipeline, query), signal)
    read.scans.push(scan.stats)
    for await (const window of scan) {
      merging.pace.check()
      if (await mergeWindow(window, merging, collector, stats)) break
    }
  }
  return {
    type: 'streams',
    streams: collector.streams(),
    stats: stats.total(collector.count),
    warnings: [],
    ...stats.explain(query),
  }
}

/**
 * Whether other threads may look for lines: without filters the first ones are those, and which entries an
 * interval leaves depends on the ones before.
 */
function isDivisible({ predicates, stages }: Pipeline, { intervalMs }: RangeQuery): boolean {
  return intervalMs <= 0 && (predicates.length > 0 || stages.length > 0)
}
