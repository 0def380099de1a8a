import { labelsText } from '#base/labels.ts'
import type { Rule } from '#config/rules/rule-group.ts'
import { type RestoreOptions, restoreAlerts } from './alerting.ts'
import type { GroupIdentity, GroupRunner } from './group-runner.ts'
import { newRuleRun, type RuleRun } from './rule-run.ts'
import type { RulerState } from './state-file.ts'

type SavedRule = RulerState['rules'][number]

/** Names that the rules of a group keep when the group is edited: name and labels, and which of several. */
export function ruleKeys(rules: readonly Rule[]): string[] {
  const seen = new Map<string, number>()
  return rules.map(({ alert, record, labels }) => {
    const key = `${alert === '' ? 'record' : 'alert'} ${alert || record} ${labelsText(labels)}`
    const count = seen.get(key) ?? 0
    seen.set(key, count + 1)
    return count === 0 ? key : `${key} ${count}`
  })
}

/** What is to be saved of a group: the alerts of its rules. */
export function savedRules({ tenant, namespace, group, runs }: GroupRunner): SavedRule[] {
  const keys = ruleKeys(group.rules)
  return runs.flatMap(({ active, evaluatedAtMs }, i) => {
    if (active.size === 0) return []
    const alerts = [...active.values()]
    return [{ tenant, namespace, group: group.name, rule: keys[i], evaluatedAtMs, alerts }]
  })
}

/** The rules of a group as they were when they were saved. */
export function restoreRuns(
  { tenant, namespace, group }: GroupIdentity,
  saved: readonly SavedRule[],
  nowMs: number,
  times: Omit<RestoreOptions, 'downAtMs'>,
): (RuleRun | undefined)[] {
  const mine = saved.filter(
    (rule) => rule.tenant === tenant && rule.namespace === namespace && rule.group === group.name,
  )
  return ruleKeys(group.rules).map((key, i) => {
    const found = mine.find((rule) => rule.rule === key)
    if (found === undefined) return undefined
    const rule = group.rules[i]
    const active = restoreAlerts(rule, found.alerts, nowMs, { ...times, downAtMs: found.evaluatedAtMs })
    return { ...newRuleRun(rule), active, evaluatedAtMs: found.evaluatedAtMs }
  })
}
