import type { Logger } from '#base/logger.ts'
import type { RuleGroup } from '#config/rules/rule-group.ts'
import type { Notice } from './active-alert.ts'
import { noticeOf } from './alerting.ts'
import { type Evaluate, hashText } from './evaluate.ts'
import type { RulerMetrics } from './metrics.ts'
import type { WriteSample } from './remote-write-request.ts'
import { newRuleRun, type RuleRun, type RuleRunOptions, runRule } from './rule-run.ts'
import { startTicker } from './ticker.ts'

/** What every group works with. */
export interface GroupWorld {
  readonly evaluate: Evaluate
  readonly notify: (tenant: string, notices: readonly Notice[]) => void
  readonly write: (tenant: string, samples: readonly WriteSample[]) => void
  readonly onChange: () => void
  readonly metrics: RulerMetrics
  readonly logger: Logger
  /** `ruler.evaluation_interval`. */
  readonly intervalMs: number
  readonly resendDelayMs: number
  readonly externalUrl: string
  /** `ruler.disable_rule_group_label`. */
  readonly hideGroupLabel: boolean
}

/** Which group it is. */
export interface GroupIdentity {
  readonly tenant: string
  readonly namespace: string
  readonly group: RuleGroup
}

/** A group that is evaluated again and again. */
export interface GroupRunner extends GroupIdentity {
  readonly intervalMs: number
  readonly runs: readonly RuleRun[]
  /** When it was last evaluated, ms; 0 is never. */
  readonly evaluatedAtMs: number
  readonly durationMs: number
  /** Ends the evaluation that is under way and begins no other. */
  stop(): Promise<void>
  /** Takes the group out of the metrics. */
  forget(): void
}

/**
 * Begins to evaluate a group, at moments that its name decides, so that groups of one interval spread over
 * it. Each rule goes on where the one at its place in `previous` was.
 */
export function startGroup(
  world: GroupWorld,
  identity: GroupIdentity,
  previous: readonly (RuleRun | undefined)[],
): GroupRunner {
  const { tenant, namespace, group } = identity
  const { metrics } = world
  const intervalMs = group.intervalMs || world.intervalMs
  const labels = { user: tenant, rule_group: world.hideGroupLabel ? '' : `${namespace};${group.name}` }
  const runs = group.rules.map((rule, i) => ({ ...(previous[i] ?? newRuleRun(rule)), rule }))
  const abort = new AbortController()
  const options: RuleRunOptions = {
    tenant,
    limit: group.limit,
    intervalMs,
    resendDelayMs: world.resendDelayMs,
    externalUrl: world.externalUrl,
    evaluate: world.evaluate,
    logger: world.logger.child({ tenant, namespace, group: group.name }),
    signal: abort.signal,
  }
  let evaluatedAtMs = 0
  let durationMs = 0
  metrics.groupInterval.set(labels, intervalMs / 1000)
  metrics.groupRules.set(labels, runs.length)
  metrics.iterationsMissed.inc(labels, 0)
  metrics.evaluationFailures.inc(labels, 0)
  const ticker = startTicker({
    intervalMs,
    offsetMs: hashText(`${tenant}/${namespace}/${group.name}`) % intervalMs,
    onMissed: (count) => metrics.iterationsMissed.inc(labels, count),
    onTick: async (tsMs) => {
      const begun = performance.now()
      metrics.iterations.inc(labels)
      const samples = await evaluateRules(world, labels, runs, tsMs, options)
      evaluatedAtMs = tsMs
      durationMs = performance.now() - begun
      metrics.groupSeconds.observe({ user: tenant }, durationMs / 1000)
      metrics.lastDuration.set(labels, durationMs / 1000)
      metrics.lastEvaluation.set(labels, tsMs / 1000)
      metrics.lastSamples.set(labels, samples)
      world.onChange()
    },
  })
  return {
    ...identity,
    intervalMs,
    runs,
    get evaluatedAtMs() {
      return evaluatedAtMs
    },
    get durationMs() {
      return durationMs
    },
    async stop() {
      abort.abort()
      await ticker.stop()
    },
    forget: () => removeMetrics(metrics, labels),
  }
}

/** Evaluates one rule after the other; how many samples they gave. */
async function evaluateRules(
  world: GroupWorld,
  labels: { readonly user: string; readonly rule_group: string },
  runs: readonly RuleRun[],
  tsMs: number,
  options: RuleRunOptions,
): Promise<number> {
  let count = 0
  for (const run of runs) {
    if (options.signal.aborted) break
    const { notices, samples } = await runRule(run, tsMs, options)
    world.notify(labels.user, notices)
    world.write(labels.user, samples)
    count += samples.length
    world.metrics.evaluations.inc(labels)
    if (run.health === 'err') world.metrics.evaluationFailures.inc(labels)
    world.metrics.evaluationSeconds.observe({ user: labels.user }, run.durationMs / 1000)
  }
  return count
}

/** Says what is to be said of rules that are gone for good: their alerts are over, their series end. */
export function farewell(world: GroupWorld, tenant: string, runs: readonly RuleRun[], nowMs: number): void {
  for (const run of runs) {
    world.notify(tenant, lastNotices(run, nowMs))
    const ends = [...run.written.values()].map(({ labels }): WriteSample => {
      return { labels, value: Number.NaN, timeMs: nowMs, stale: true }
    })
    world.write(tenant, ends)
  }
}

function lastNotices({ rule, active }: RuleRun, nowMs: number): Notice[] {
  const firing = [...active.values()].filter(({ state }) => state === 'firing')
  return firing.map((alert) => noticeOf(rule, { ...alert, resolvedAtMs: nowMs }, nowMs, 0))
}

function removeMetrics(metrics: RulerMetrics, labels: { user: string; rule_group: string }): void {
  const { groupInterval, groupRules, lastEvaluation, lastDuration, lastSamples } = metrics
  for (const gauge of [groupInterval, groupRules, lastEvaluation, lastDuration, lastSamples]) {
    gauge.remove(labels)
  }
}
