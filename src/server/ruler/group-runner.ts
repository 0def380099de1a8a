import type { Logger } from '#base/logger.ts'
import type { RuleGroup } from '#config/rules/rule-group.ts'
import type { Notice } from './active-alert.ts'
import { noticeOf } from './alerting.ts'
import { type Evaluate, hashText } from './evaluate.ts'
import type { RulerMetrics } from './metrics.ts'
import type { WriteSample } from './remote-write-request.ts'
import { newRuleRun, type RuleRun, type RuleRunOptions, runRule } from './rule-run.ts'

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

/** `setTimeout` cannot wait longer. */
const MAX_DELAY_MS = 2 ** 31 - 1

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
  const intervalMs = group.intervalMs || world.intervalMs
  const labels = { user: tenant, rule_group: world.hideGroupLabel ? '' : `${namespace};${group.name}` }
  const logger = world.logger.child({ tenant, namespace, group: group.name })
  const runs = group.rules.map((rule, i) => ({ ...(previous[i] ?? newRuleRun(rule)), rule }))
  const abort = new AbortController()
  const { resendDelayMs, externalUrl, evaluate, metrics } = world
  const { limit } = group
  const { signal } = abort
  const options: RuleRunOptions = {
    ...{ tenant, limit, intervalMs, resendDelayMs, externalUrl, evaluate, logger, signal },
  }
  const offsetMs = hashText(`${tenant}/${namespace}/${group.name}`) % intervalMs
  let evaluatedAtMs = 0
  let durationMs = 0
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  metrics.groupInterval.set(labels, intervalMs / 1000)
  metrics.groupRules.set(labels, runs.length)
  metrics.iterationsMissed.inc(labels, 0)
  metrics.evaluationFailures.inc(labels, 0)

  const evaluateAll = async (tsMs: number): Promise<void> => {
    const begun = performance.now()
    let sampleCount = 0
    metrics.iterations.inc(labels)
    for (const run of runs) {
      if (signal.aborted) return
      const { notices, samples } = await runRule(run, tsMs, options)
      world.notify(tenant, notices)
      world.write(tenant, samples)
      sampleCount += samples.length
      metrics.evaluations.inc(labels)
      if (run.health === 'err') metrics.evaluationFailures.inc(labels)
      metrics.evaluationSeconds.observe({ user: tenant }, run.durationMs / 1000)
    }
    evaluatedAtMs = tsMs
    durationMs = performance.now() - begun
    metrics.groupSeconds.observe({ user: tenant }, durationMs / 1000)
    metrics.lastDuration.set(labels, durationMs / 1000)
    metrics.lastEvaluation.set(labels, tsMs / 1000)
    metrics.lastSamples.set(labels, sampleCount)
    world.onChange()
  }

  const schedule = (afterMs: number): void => {
    if (signal.aborted) return
    const dueMs = nextTick(Math.max(afterMs, Date.now()), intervalMs, offsetMs)
    const missed = Math.round((dueMs - nextTick(afterMs, intervalMs, offsetMs)) / intervalMs)
    if (missed > 0) metrics.iterationsMissed.inc(labels, missed)
    waitUntil(dueMs)
  }

  const waitUntil = (dueMs: number): void => {
    const delayMs = Math.min(Math.max(dueMs - Date.now(), 0), MAX_DELAY_MS)
    timer = setTimeout(() => {
      if (Date.now() < dueMs) {
        waitUntil(dueMs)
        return
      }
      running = evaluateAll(dueMs).then(() => schedule(dueMs))
    }, delayMs)
    timer.unref()
  }

  schedule(Date.now())
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
      clearTimeout(timer)
      await running
    },
    forget: () => removeMetrics(metrics, labels),
  }
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

/** The first moment after `afterMs` that is `offsetMs` past a multiple of the interval. */
export function nextTick(afterMs: number, intervalMs: number, offsetMs: number): number {
  return Math.floor((afterMs - offsetMs) / intervalMs) * intervalMs + offsetMs + intervalMs
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
