import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LabelMatcher, LogStore, ScanRequest } from '#store/types.ts'
import { countLines, patternOf } from './cluster.ts'
import { type CountRules, countBatch } from './count-batch.ts'
import { makeMiner } from './miner.ts'

/** What patterns are looked for in, and how hard. */
export interface PatternRequest {
  readonly matchers: readonly LabelMatcher[]
  /** Whole milliseconds; from inclusive, to exclusive. */
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  readonly keys: readonly string[]
  readonly maxLineBytes: number
  /** Patterns in the answer. */
  readonly maxPatterns: number
  readonly evictionRatio: number
  /** Rows to read at most; of a range that has more, even shares of its parts are read. */
  readonly maxRows: number
  /** Rows to look at word by word at most, about. */
  readonly maxMined: number
}

/** Lines of one pattern and level. */
export interface Pattern {
  readonly pattern: string
  readonly level: string
  /** Start of a step, ms, and lines in it; by time. */
  readonly samples: readonly (readonly [stepMs: number, lines: number])[]
  readonly total: number
}

/** Patterns with fewer lines say nothing. */
const LEAST_LINES = 30
/** Clusters while reading, per pattern of the answer. */
const SPARE = 8
/** Parts of a range that is too large to be read whole. */
const PARTS = 60

/**
 * Finds the patterns of a range of time, the most frequent first. Where the range has more rows than are to
 * be read, equal shares of equal parts of it are, and their counts are scaled up, and laid into steps as the
 * store's counters say how many lines there were in each.
 */
export async function findPatterns(
  store: LogStore,
  tenant: string,
  request: PatternRequest,
  signal: AbortSignal,
): Promise<Pattern[]> {
  const { matchers, fromMs, toMs, stepMs, maxRows, maxMined } = request
  const { entries } = await store.indexStats(tenant, matchers, { fromMs, toMs })
  const share = Math.min(1, maxRows / Math.max(entries, 1))
  const miner = makeMiner({
    maxClusters: request.maxPatterns * SPARE,
    evictionRatio: request.evictionRatio,
  })
  const turns = { rows: 0 }
  const stride = Math.max(1, Math.ceil((entries * share) / maxMined))
  const read = async (partFromMs: number, partToMs: number, bucketOf: CountRules['bucketOf']) => {
    const rules = { ...request, miner, stride, bucketOf }
    const scan = store.scan(tenant, scanOf(matchers, partFromMs, partToMs), signal)
    for await (const { batches } of scan) {
      for (const batch of batches) countBatch(rules, batch, turns)
      await nextTurn()
      signal.throwIfAborted()
    }
  }
  const bucketOf = (tsMs: number): number => Math.floor(tsMs / stepMs)
  if (share === 1) await read(fromMs, toMs, bucketOf)
  else {
    const spread = await makeSpread(store, tenant, request)
    const partMs = (toMs - fromMs) / PARTS
    for (let part = 0; part < PARTS; part++) {
      const beginMs = Math.floor(fromMs + part * partMs)
      const endMs = Math.floor(fromMs + (part + 1) * partMs)
      const skipMs = Math.floor(((endMs - beginMs) * (1 - share)) / 2)
      // Bucket −1 holds what was read of the part until it is laid into its steps.
      await read(beginMs + skipMs, endMs - skipMs, () => -1)
      for (const cluster of miner.clusters()) {
        const lines = cluster.counts.get(-1)
        if (lines === undefined) continue
        cluster.counts.delete(-1)
        cluster.total -= lines
        for (const [bucket, part] of spread(beginMs, endMs))
          countLines(cluster, bucket, (lines / share) * part)
      }
    }
  }
  return [...miner.clusters()]
    .filter(({ total }) => total >= LEAST_LINES)
    .sort((a, b) => b.total - a.total)
    .slice(0, request.maxPatterns)
    .map((cluster): Pattern => {
      const samples = [...cluster.counts]
        .sort(([a], [b]) => a - b)
        .map(([bucket, lines]) => [bucket * stepMs, Math.round(lines)] as const)
        .filter(([, lines]) => lines > 0)
      return { pattern: patternOf(cluster), level: cluster.frame.level, samples, total: cluster.total }
    })
}

function scanOf(matchers: readonly LabelMatcher[], fromMs: number, toMs: number): ScanRequest {
  return { matchers, fromMs, fromNs: 0, toMs, toNs: 0, direction: 'forward' }
}

/** How the lines of a part of the range are spread over its steps: shares that add up to 1. */
type Spread = (fromMs: number, toMs: number) => (readonly [bucket: number, share: number])[]

const MINUTE_MS = 60_000

/** By the store's counters where it keeps any, else evenly. */
async function makeSpread(store: LogStore, tenant: string, request: PatternRequest): Promise<Spread> {
  const { matchers, fromMs, toMs, stepMs } = request
  const range = { fromMs: Math.floor(fromMs / MINUTE_MS) * MINUTE_MS, toMs }
  const lines = new Map<number, number>()
  for (const { columns, from, to } of (await store.counts(tenant, matchers, range)) ?? []) {
    for (let i = from; i < to; i++) {
      const minute = columns.minute[i]
      lines.set(minute, (lines.get(minute) ?? 0) + columns.lines[i])
    }
  }
  const density = (tsMs: number): number => lines.get(Math.floor(tsMs / MINUTE_MS)) ?? 0
  return (partFromMs, partToMs) => {
    const weights = new Map<number, number>()
    const tickMs = Math.min(stepMs, MINUTE_MS)
    let all = 0
    for (let at = partFromMs; at < partToMs; at += tickMs) {
      const weight = lines.size === 0 ? 1 : density(at)
      if (weight === 0) continue
      const bucket = Math.floor(at / stepMs)
      weights.set(bucket, (weights.get(bucket) ?? 0) + weight)
      all += weight
    }
    if (all === 0) return [[Math.floor(partFromMs / stepMs), 1]]
    return [...weights].map(([bucket, weight]) => [bucket, weight / all] as const)
  }
}
