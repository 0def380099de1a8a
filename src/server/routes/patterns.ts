import type { LokiConfig } from '#config/schema/root.ts'
import { parseSelector } from '#logql/syntax/parser.ts'
import { readBounds, readStep } from '../http/params.ts'
import { firstParam } from '../http/query-string.ts'
import { lineJson } from '../json/text.ts'
import { findPatterns, type Pattern } from '../patterns/find-patterns.ts'
import { messageKeys } from '../patterns/message-keys.ts'
import { checkLength, checkSelectorLimits, clampToLookback } from '../query/check-limits.ts'
import type { NotFound, QueryCall } from '../query/run-query.ts'

/** Rows that are read for one answer, and those of them that are looked at word by word. */
const MAX_ROWS = 4_000_000
const MAX_MINED = 400_000
/** Steps of an answer, as Loki allows points of a series; a finer step is made coarser. */
const MAX_STEPS = 11_000
/** Loki collects patterns in steps of this length; a finer one is not asked for. */
const LEAST_STEP_MS = 1000

/**
 * `GET|POST /loki/api/v1/patterns`: what lines of a selector have in common, over the whole of the range;
 * 404 where the pattern ingester is off, which hides the tab in Grafana.
 */
export async function servePatterns(
  call: QueryCall,
  { pattern_ingester: settings }: LokiConfig,
): Promise<Iterable<string> | NotFound> {
  if (!settings.enabled) return { notFound: '' }
  const { params, limits, nowMs, store, tenant, signal } = call
  const bounds = readBounds(params, nowMs)
  const askedMs = readStep(params, bounds)
  const matchers = parseSelector(firstParam(params, 'query'))
  checkSelectorLimits(matchers, limits)
  const clamped = clampToLookback(bounds, limits, nowMs)
  if (clamped === undefined || clamped.end.ms <= clamped.start.ms) return patternsJson([])
  checkLength(clamped, limits)
  const [fromMs, toMs] = [clamped.start.ms, clamped.end.ms + 1]
  const leastMs = Math.ceil((toMs - fromMs) / MAX_STEPS / LEAST_STEP_MS) * LEAST_STEP_MS
  const request = {
    matchers,
    fromMs,
    toMs,
    stepMs: Math.max(Math.round(askedMs / LEAST_STEP_MS) * LEAST_STEP_MS, leastMs),
    keys: messageKeys(limits),
    maxLineBytes: settings.max_allowed_line_length,
    maxPatterns: settings.max_clusters,
    evictionRatio: settings.max_eviction_ratio,
    maxRows: MAX_ROWS,
    maxMined: MAX_MINED,
  }
  return patternsJson(await findPatterns(store, tenant, request, signal))
}

function* patternsJson(patterns: readonly Pattern[]): Generator<string> {
  yield '{"status":"success","data":['
  for (const [i, { pattern, level, samples }] of patterns.entries()) {
    const points = samples.map(([ms, lines]) => `[${ms / 1000},${lines}]`).join(',')
    const comma = i === 0 ? '' : ','
    yield `${comma}{"pattern":${lineJson(pattern)},"level":${JSON.stringify(level)},"samples":[${points}]}`
  }
  yield ']}\n'
}
