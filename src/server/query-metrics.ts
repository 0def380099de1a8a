import { Counter, Gauge, type Registry } from 'prom-client'
import type { FairQueue } from './query/fair-queue.ts'
import type { QueryReuse } from './query/query-reuse.ts'

/** Registers what queries wait for and what they could use again; values are read when they are asked for. */
export function registerQueryMetrics(
  registry: Registry,
  queue: FairQueue,
  reuse: QueryReuse | undefined,
): void {
  gauge(
    registry,
    'loki_query_scheduler_queue_length',
    'Queries that wait for their turn.',
    () => queue.waiting,
  )
  gauge(registry, 'logboom_queries_running', 'Queries that run.', () => queue.running)
  if (reuse === undefined) return
  const { ranges, panes, logs, joined } = reuse
  const points = 'Points of range queries that were asked for.'
  counter(registry, 'logboom_query_points_total', points, () => ranges.stats.points)
  const known = 'Of these, points that were known from an earlier query.'
  counter(registry, 'logboom_query_points_reused_total', known, () => ranges.stats.pointsReused)
  gauge(registry, 'logboom_query_reuse_bytes', 'Memory of known points.', () => ranges.stats.bytes)
  gauge(registry, 'logboom_query_panes_bytes', 'Memory of parts of windows.', () => panes.stats.bytes)
  gauge(registry, 'logboom_query_lines_bytes', 'Memory of known lines.', () => logs.stats.bytes)
  counter(registry, 'logboom_query_joined_total', 'Queries answered by the same one under way.', joined)
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read())
    },
  })
}

function counter(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset()
      this.inc(read())
    },
  })
}
