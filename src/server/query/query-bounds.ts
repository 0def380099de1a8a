import { availableParallelism, totalmem } from 'node:os'
import type { LokiConfig } from '#config/schema/root.ts'
import type { FairQueueOptions } from './fair-queue.ts'

/**
 * How many queries run and wait: the smaller of the two settings for the latter, as either may be used.
 */
export function queueBounds({ querier, frontend, query_scheduler: scheduler }: LokiConfig): FairQueueOptions {
  const limits = [frontend.max_outstanding_per_tenant, scheduler.max_outstanding_requests_per_tenant]
  return {
    maxRunning: querier.max_concurrent > 0 ? querier.max_concurrent : availableParallelism(),
    maxWaiting: Math.min(...limits.filter((limit) => limit > 0), Number.MAX_SAFE_INTEGER),
  }
}

/** The results cache may be as large as the file says, but no more than this part of the memory. */
const MEMORY_PART = 1 / 16

/** Bytes of points that are kept: `query_range.results_cache.cache.embedded_cache.max_size_mb`. */
export function reuseBytes({ query_range: range }: LokiConfig): number {
  const { max_size_mb: sizeMb } = range.results_cache.cache.embedded_cache
  const memory = process.constrainedMemory() || totalmem()
  return Math.round(Math.min(sizeMb * 2 ** 20, memory * MEMORY_PART))
}
