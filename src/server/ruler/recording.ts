import { makeLabels } from '#base/labels.ts'
import type { Rule } from '#config/rules/rule-group.ts'
import type { ResultSample } from '#logql/engine/types.ts'
import { alertKey } from './active-alert.ts'
import type { ActiveAlerts } from './alerting.ts'
import type { WriteSample } from './remote-write-request.ts'
import { RuleError } from './rule-error.ts'

/**
 * The series that a recording rule makes of what its expression gave.
 * @throws RuleError where two become the same, or there are more than `limit`
 */
export function recordedSamples(
  rule: Rule,
  samples: readonly ResultSample[],
  tsMs: number,
  limit: number,
): WriteSample[] {
  const seen = new Set<string>()
  const recorded = samples.map(({ labels, value }): WriteSample => {
    const named = makeLabels([...labels, ...rule.labels, ['__name__', rule.record]])
    seen.add(alertKey(named))
    return { labels: named, value, timeMs: tsMs }
  })
  if (seen.size < recorded.length) {
    throw new RuleError('vector contains metrics with the same labelset after applying rule labels')
  }
  if (limit > 0 && recorded.length > limit) {
    throw new RuleError(`exceeded limit of ${limit} with ${recorded.length} series`)
  }
  return recorded
}

/** The series `ALERTS` and `ALERTS_FOR_STATE` of a rule, as Prometheus writes them. */
export function alertSamples(active: ActiveAlerts, tsMs: number): WriteSample[] {
  const samples: WriteSample[] = []
  for (const { labels, state, activeAtMs } of active.values()) {
    if (state === 'inactive') continue
    const shown = makeLabels([...labels, ['__name__', 'ALERTS'], ['alertstate', state]])
    const since = makeLabels([...labels, ['__name__', 'ALERTS_FOR_STATE']])
    samples.push({ labels: shown, value: 1, timeMs: tsMs })
    samples.push({ labels: since, value: Math.floor(activeAtMs / 1000), timeMs: tsMs })
  }
  return samples
}

/** Marks for series that were written at the last evaluation and are gone at this one. */
export function staleSamples(
  before: ReadonlyMap<string, WriteSample>,
  now: ReadonlyMap<string, WriteSample>,
  tsMs: number,
): WriteSample[] {
  const gone: WriteSample[] = []
  for (const [key, { labels }] of before) {
    if (!now.has(key)) gone.push({ labels, value: Number.NaN, timeMs: tsMs, stale: true })
  }
  return gone
}
