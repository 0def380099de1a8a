import { type Labels, labelValue } from '#base/labels.ts'
import type { Limits } from '#config/schema/limits.ts'
import { parseSelector } from '#logql/syntax/parser.ts'
import type { LabelMatcher } from '#store/types.ts'

interface Rule {
  readonly matchers: readonly LabelMatcher[]
  readonly priority: number
  readonly periodMs: number
}

/** Limits are one object until they change. */
const compiled = new WeakMap<Limits, readonly Rule[]>()

/**
 * How long the rows of a stream are kept, ms; 0 is for ever. Of the entries of `retention_stream` that fit,
 * that of the highest priority decides, among equals the shortest; where none fits, and without labels,
 * `retention_period`. A list of the tenant's own takes the place of the common one.
 */
export function retentionPeriod(limits: Limits, labels?: Labels): number {
  if (labels === undefined || limits.retention_stream.length === 0) return limits.retention_period
  let rules = compiled.get(limits)
  if (rules === undefined) compiled.set(limits, (rules = compileRules(limits)))
  let best: Rule | undefined
  for (const rule of rules) {
    if (best !== undefined && !comesBefore(rule, best)) continue
    if (rule.matchers.every((matcher) => matcher.matches(labelValue(labels, matcher.name)))) best = rule
  }
  return best?.periodMs ?? limits.retention_period
}

function compileRules(limits: Limits): Rule[] {
  return limits.retention_stream.map(({ selector, priority, period }) => ({
    matchers: parseSelector(selector),
    priority,
    periodMs: period,
  }))
}

function comesBefore(a: Rule, b: Rule): boolean {
  return a.priority > b.priority || (a.priority === b.priority && a.periodMs < b.periodMs)
}
