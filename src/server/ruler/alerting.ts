import { type Labels, makeLabels } from '#base/labels.ts'
import type { Rule } from '#config/rules/rule-group.ts'
import type { ResultSample } from '#logql/engine/types.ts'
import { type ActiveAlert, alertKey, type Notice } from './active-alert.ts'
import { RuleError } from './rule-error.ts'

/** How long a resolved alert is remembered, so that its end reaches an Alertmanager that was away. */
const RESOLVED_RETENTION_MS = 15 * 60_000

/** Fills in the templates of labels and annotations for one sample. */
export type Expand = (text: string, sample: ResultSample) => Promise<string>

/** The alerts of one rule, by {@link alertKey}. */
export type ActiveAlerts = Map<string, ActiveAlert>

/**
 * Brings the alerts of a rule up to date with what its expression gave at `tsMs`, as Prometheus does:
 * https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/
 * @throws RuleError where two series become the same alert, or there are more than `limit`
 */
export async function updateAlerts(
  rule: Rule,
  active: ActiveAlerts,
  samples: readonly ResultSample[],
  tsMs: number,
  limit: number,
  expand: Expand,
): Promise<void> {
  const found = await alertsOf(rule, samples, tsMs, expand)
  for (const [key, alert] of found) {
    const known = active.get(key)
    if (known === undefined || known.state === 'inactive') active.set(key, alert)
    else Object.assign(known, { value: alert.value, annotations: alert.annotations })
  }
  let count = 0
  for (const [key, alert] of active) {
    if (found.has(key)) alert.keepFiringSinceMs = 0
    else if (!staysWithout(rule, active, key, alert, tsMs)) continue
    count++
    if (alert.state === 'pending' && tsMs - alert.activeAtMs >= rule.forMs) {
      alert.state = 'firing'
      alert.firedAtMs = tsMs
    }
  }
  if (limit > 0 && count > limit) {
    active.clear()
    throw new RuleError(`exceeded limit of ${limit} with ${count} alerts`)
  }
}

async function alertsOf(
  rule: Rule,
  samples: readonly ResultSample[],
  tsMs: number,
  expand: Expand,
): Promise<ActiveAlerts> {
  const found: ActiveAlerts = new Map()
  for (const sample of samples) {
    const labels = await alertLabels(rule, sample, expand)
    const annotations: [string, string][] = []
    for (const [name, text] of rule.annotations) annotations.push([name, await expand(text, sample)])
    const key = alertKey(labels)
    if (found.has(key)) {
      throw new RuleError('vector contains metrics with the same labelset after applying alert labels')
    }
    found.set(key, {
      labels,
      annotations: makeLabels(annotations),
      value: sample.value,
      state: 'pending',
      activeAtMs: tsMs,
      firedAtMs: 0,
      resolvedAtMs: 0,
      lastSentAtMs: 0,
      keepFiringSinceMs: 0,
    })
  }
  return found
}

async function alertLabels(rule: Rule, sample: ResultSample, expand: Expand): Promise<Labels> {
  const pairs = new Map(sample.labels)
  pairs.delete('__name__')
  for (const [name, text] of rule.labels) pairs.set(name, await expand(text, sample))
  pairs.set('alertname', rule.alert)
  return makeLabels(pairs)
}

/** What becomes of an alert whose series is gone; whether it still counts as active. */
function staysWithout(
  rule: Rule,
  active: ActiveAlerts,
  key: string,
  alert: ActiveAlert,
  tsMs: number,
): boolean {
  if (alert.state === 'firing' && rule.keepFiringForMs > 0) {
    if (alert.keepFiringSinceMs === 0) alert.keepFiringSinceMs = tsMs
    if (tsMs - alert.keepFiringSinceMs < rule.keepFiringForMs) return true
  }
  const forgotten = alert.resolvedAtMs > 0 && tsMs - alert.resolvedAtMs > RESOLVED_RETENTION_MS
  if (alert.state === 'pending' || forgotten) active.delete(key)
  if (alert.state !== 'inactive') {
    alert.state = 'inactive'
    alert.resolvedAtMs = tsMs
  }
  return false
}

/**
 * The alerts that are to be told of now: those that fire, every `resendDelayMs`, and those that have ended
 * since they were told of. Marks them as told.
 */
export function takeNotices(
  rule: Rule,
  active: ActiveAlerts,
  tsMs: number,
  resendDelayMs: number,
  intervalMs: number,
): Notice[] {
  const notices: Notice[] = []
  for (const alert of active.values()) {
    if (!needsSending(alert, tsMs, resendDelayMs)) continue
    alert.lastSentAtMs = tsMs
    notices.push(noticeOf(rule, alert, tsMs, Math.max(resendDelayMs, intervalMs)))
  }
  return notices
}

/** What is said of an alert that fires or has ended. Four `deltaMs` without word, and it counts as over. */
export function noticeOf(rule: Rule, alert: ActiveAlert, tsMs: number, deltaMs: number): Notice {
  const { labels, annotations, firedAtMs, resolvedAtMs } = alert
  return {
    labels,
    annotations,
    status: resolvedAtMs > 0 ? 'resolved' : 'firing',
    startsAtMs: firedAtMs,
    endsAtMs: resolvedAtMs > 0 ? resolvedAtMs : tsMs + 4 * deltaMs,
    expr: rule.expr,
  }
}

function needsSending(alert: ActiveAlert, tsMs: number, resendDelayMs: number): boolean {
  if (alert.state === 'pending') return false
  if (alert.resolvedAtMs > alert.lastSentAtMs) return true
  return alert.lastSentAtMs + resendDelayMs < tsMs
}

/** The state of a rule: that of its most advanced alert. */
export function ruleState(active: ActiveAlerts): ActiveAlert['state'] {
  let state: ActiveAlert['state'] = 'inactive'
  for (const alert of active.values()) {
    if (alert.state === 'firing') return 'firing'
    if (alert.state === 'pending') state = 'pending'
  }
  return state
}

/** What restoring needs to know. */
export interface RestoreOptions {
  /** The last moment the alerts were seen at. */
  readonly downAtMs: number
  /** `ruler.for_outage_tolerance`. */
  readonly outageToleranceMs: number
  /** `ruler.for_grace_period`. */
  readonly gracePeriodMs: number
}

/**
 * Alerts of a ruler that was away until `nowMs`. What fired fires on. What was pending has its wait prolonged
 * by the outage, and by at least the grace period; where `for` is shorter than that, it begins anew. After
 * more than the tolerance all are forgotten.
 */
export function restoreAlerts(
  rule: Rule,
  alerts: readonly ActiveAlert[],
  nowMs: number,
  { downAtMs, outageToleranceMs, gracePeriodMs }: RestoreOptions,
): ActiveAlerts {
  const active: ActiveAlerts = new Map()
  if (nowMs - downAtMs > outageToleranceMs) return active
  for (const alert of alerts) {
    if (alert.state !== 'pending') {
      active.set(alertKey(alert.labels), { ...alert })
      continue
    }
    if (rule.forMs < gracePeriodMs) continue
    const leftMs = rule.forMs - (downAtMs - alert.activeAtMs)
    const activeAtMs =
      leftMs < gracePeriodMs ? nowMs + gracePeriodMs - rule.forMs : alert.activeAtMs + (nowMs - downAtMs)
    active.set(alertKey(alert.labels), { ...alert, activeAtMs })
  }
  return active
}
