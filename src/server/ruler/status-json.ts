import { formatGoFloatExponent } from '#base/gofloat.ts'
import { labelsObject } from '#base/labels.ts'
import { printRfc3339Nano } from '#base/rfc3339.ts'
import { parseExpr } from '#logql/syntax/parser.ts'
import { LOKI_STYLE, printExpr } from '#logql/syntax/printer.ts'
import { type ActiveAlert, alertKey } from './active-alert.ts'
import { ruleState } from './alerting.ts'
import type { GroupRunner } from './group-runner.ts'
import type { RuleRun } from './rule-run.ts'

/** What a list of rules is narrowed down to; empty lists are no filter. */
export interface RuleFilter {
  readonly type: '' | 'alert' | 'record'
  readonly ruleNames: readonly string[]
  readonly groups: readonly string[]
  readonly files: readonly string[]
}

/** The groups as Prometheus' rules API shows them. Groups without a rule that fits are left out. */
export function groupsStatus(runners: readonly GroupRunner[], filter: RuleFilter): object[] {
  const fits = (wanted: readonly string[], name: string): boolean =>
    wanted.length === 0 || wanted.includes(name)
  const isWanted = ({ rule }: RuleRun): boolean =>
    (filter.type === '' || (filter.type === 'alert') === (rule.alert !== '')) &&
    fits(filter.ruleNames, rule.alert || rule.record)
  const narrow = filter.type !== '' || filter.ruleNames.length > 0
  const out: object[] = []
  for (const runner of runners) {
    if (!fits(filter.groups, runner.group.name) || !fits(filter.files, runner.namespace)) continue
    const runs = runner.runs.filter(isWanted)
    if (narrow && runs.length === 0) continue
    out.push({
      name: runner.group.name,
      file: runner.namespace,
      rules: runs.map(ruleStatus),
      interval: runner.intervalMs / 1000,
      limit: runner.group.limit,
      lastEvaluation: timeText(runner.evaluatedAtMs),
      evaluationTime: runner.durationMs / 1000,
    })
  }
  return out
}

function ruleStatus(run: RuleRun): object {
  const { rule, active } = run
  const query = printExpr(parseExpr(rule.expr), LOKI_STYLE)
  const health = { health: run.health, lastError: run.lastError }
  const evaluation = { lastEvaluation: timeText(run.evaluatedAtMs), evaluationTime: run.durationMs / 1000 }
  const labels = labelsObject(rule.labels)
  if (rule.alert === '') {
    return { name: rule.record, query, labels, ...health, type: 'recording', ...evaluation }
  }
  return {
    state: ruleState(active),
    name: rule.alert,
    query,
    duration: rule.forMs / 1000,
    labels,
    annotations: labelsObject(rule.annotations),
    alerts: alertsStatus(run),
    ...health,
    type: 'alerting',
    ...evaluation,
  }
}

/** The alerts of a rule that are pending or firing, as Prometheus' API shows them. */
export function alertsStatus({ active }: RuleRun): object[] {
  return [...active.values()]
    .filter(({ state }) => state !== 'inactive')
    .sort((a, b) => (alertKey(a.labels) < alertKey(b.labels) ? -1 : 1))
    .map(alertStatus)
}

function alertStatus({ labels, annotations, state, activeAtMs, value }: ActiveAlert): object {
  return {
    labels: labelsObject(labels),
    annotations: labelsObject(annotations),
    state,
    activeAt: timeText(activeAtMs),
    value: valueText(value),
  }
}

/** Go's zero time where something has never been. */
function timeText(ms: number): string {
  return ms === 0 ? '0001-01-01T00:00:00Z' : printRfc3339Nano({ ms, ns: 0 }, 'UTC')
}

/** Go's format `e` with the fewest digits: `1.23e+02`. */
function valueText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0e+00' : '0e+00'
  return formatGoFloatExponent(value, Number.NEGATIVE_INFINITY)
}
