import { errorMessage } from '#base/errors.ts'
import { parseExpr } from '#logql/syntax/parser.ts'
import { LABEL_NAME, METRIC_NAME, type Pairs, type Rule, type RuleGroup } from './rule-group.ts'
import { checkRuleTemplate } from './rule-template.ts'

/** What is wrong with a group, with Loki's text. */
export interface RuleProblem {
  readonly message: string
  /** From the list of groups on: `[0, 'rules', 1, 'expr']`. */
  readonly path: readonly (string | number)[]
}

/** Checks the groups of one namespace as Loki does before it takes them; of each rule the first fault. */
export function validateGroups(groups: readonly RuleGroup[]): RuleProblem[] {
  const problems: RuleProblem[] = []
  const seen = new Set<string>()
  for (const [i, group] of groups.entries()) {
    if (group.name === '') {
      problems.push({ message: `group ${i}: Groupname must not be empty`, path: [i, 'name'] })
    }
    if (seen.has(group.name)) {
      const message = `groupname: "${group.name}" is repeated in the same file`
      problems.push({ message, path: [i, 'name'] })
    }
    seen.add(group.name)
    for (const [j, rule] of group.rules.entries()) {
      const fault = ruleFault(rule, group.name)
      if (fault !== undefined) problems.push({ message: fault[0], path: [i, 'rules', j, ...fault.slice(1)] })
    }
  }
  return problems
}

/** A message and the key it is about. */
type Fault = readonly [message: string, ...key: string[]]

function ruleFault(rule: Rule, group: string): Fault | undefined {
  const { alert, record, expr } = rule
  if (alert !== '' && record !== '') return ["only one of 'record' and 'alert' must be set", 'record']
  if (alert === '' && record === '') return ["one of 'record' or 'alert' must be set"]
  if (expr === '') return ["field 'expr' must be set in rule"]
  try {
    parseExpr(expr)
  } catch (error) {
    const what = alert === '' ? `record '${record}'` : `alert '${alert}'`
    const message = `could not parse expression for ${what} in group '${group}': ${errorMessage(error)}`
    return [message, 'expr']
  }
  return (record === '' ? undefined : recordingFault(rule)) ?? pairsFault(rule)
}

function recordingFault({ record, annotations, forMs, keepFiringForMs }: Rule): Fault | undefined {
  if (annotations.length > 0) return ["invalid field 'annotations' in recording rule", 'annotations']
  if (forMs !== 0) return ["invalid field 'for' in recording rule", 'for']
  if (keepFiringForMs !== 0) return ["invalid field 'keep_firing_for' in recording rule", 'keep_firing_for']
  return METRIC_NAME.test(record) ? undefined : [`invalid recording rule name: ${record}`, 'record']
}

function pairsFault({ alert, labels, annotations }: Rule): Fault | undefined {
  for (const [name, value] of labels) {
    if (!LABEL_NAME.test(name) || name === '__name__') return [`invalid label name: ${name}`, 'labels', name]
    if (!value.isWellFormed()) return [`invalid label value: ${value}`, 'labels', name]
  }
  for (const [name] of annotations) {
    if (!LABEL_NAME.test(name)) return [`invalid annotation name: ${name}`, 'annotations', name]
  }
  if (alert === '') return undefined
  return (
    templateFault('label', 'labels', labels, alert) ??
    templateFault('annotation', 'annotations', annotations, alert)
  )
}

function templateFault(what: string, key: string, pairs: Pairs, alert: string): Fault | undefined {
  for (const [name, text] of pairs) {
    try {
      checkRuleTemplate(alert, text)
    } catch (error) {
      return [`${what} "${name}": ${errorMessage(error)}`, key, name]
    }
  }
  return undefined
}
