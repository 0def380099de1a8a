import { stringify } from 'yaml'
import { printPrometheusDuration } from '#base/duration.ts'
import type { Pairs, Rule, RuleGroup } from './rule-group.ts'

/** A group as YAML, the way Go's encoder lays it out: four columns a level. */
export function printGroup(group: RuleGroup): string {
  return `${groupLines(group, 0).join('\n')}\n`
}

/** Groups by namespace, as the rules API lists them. */
export function printNamespaces(namespaces: Iterable<readonly [string, readonly RuleGroup[]]>): string {
  const lines: string[] = []
  for (const [namespace, groups] of namespaces) {
    lines.push(`${scalar(namespace, 0)}:`, ...groupList(groups))
  }
  return lines.length === 0 ? '{}\n' : `${lines.join('\n')}\n`
}

/** A rule file. */
export function printRuleFile(groups: readonly RuleGroup[]): string {
  return `${['groups:', ...groupList(groups)].join('\n')}\n`
}

function groupList(groups: readonly RuleGroup[]): string[] {
  return groups.flatMap((group) => item(groupLines(group, 6), 4))
}

function groupLines({ name, intervalMs, limit, rules }: RuleGroup, column: number): string[] {
  const pad = ' '.repeat(column)
  const lines = [`${pad}name: ${scalar(name, column)}`]
  if (intervalMs > 0) lines.push(`${pad}interval: ${printPrometheusDuration(intervalMs)}`)
  if (limit !== 0) lines.push(`${pad}limit: ${limit}`)
  if (rules.length === 0) return [...lines, `${pad}rules: []`]
  const inner = nextColumn(column)
  return [...lines, `${pad}rules:`, ...rules.flatMap((rule) => item(ruleLines(rule, inner + 2), inner))]
}

function ruleLines(rule: Rule, column: number): string[] {
  const pad = ' '.repeat(column)
  const lines: string[] = []
  const text = (key: string, value: string): void => {
    if (value !== '') lines.push(`${pad}${key}: ${scalar(value, column)}`)
  }
  text('record', rule.record)
  text('alert', rule.alert)
  text('expr', rule.expr)
  if (rule.forMs > 0) text('for', printPrometheusDuration(rule.forMs))
  if (rule.keepFiringForMs > 0) text('keep_firing_for', printPrometheusDuration(rule.keepFiringForMs))
  return [
    ...lines,
    ...pairLines('labels', rule.labels, column),
    ...pairLines('annotations', rule.annotations, column),
  ]
}

function pairLines(key: string, pairs: Pairs, column: number): string[] {
  if (pairs.length === 0) return []
  const inner = nextColumn(column)
  const entries = pairs.map(
    ([name, value]) => `${' '.repeat(inner)}${scalar(name, inner)}: ${scalar(value, inner)}`,
  )
  return [`${' '.repeat(column)}${key}:`, ...entries]
}

/** Go's encoder aligns what is inside to the next multiple of four. */
function nextColumn(column: number): number {
  return 4 * Math.floor((column + 4) / 4)
}

/** Turns the first line of a mapping into that of a list item. */
function item(lines: readonly string[], column: number): string[] {
  return lines.map((line, i) => (i === 0 ? `${' '.repeat(column)}- ${line.slice(column + 2)}` : line))
}

/** One value; several lines of text become a block below the key. */
function scalar(value: string, column: number): string {
  if (!value.includes('\n')) return stringify(value, { lineWidth: 0 }).replace(/\n$/, '')
  // Blocks whose indentation or end would have to be told apart from the text's own are quoted instead.
  if (!/^[!-~][ -~]*(?:\n+[!-~][ -~]*)*\n?$/.test(value)) {
    return stringify(value, { lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE' }).replace(/\n$/, '')
  }
  const pad = ' '.repeat(nextColumn(column))
  const lines = value.replace(/\n$/, '').split('\n')
  const body = lines.map((line) => (line === '' ? '' : pad + line))
  return [value.endsWith('\n') ? '|' : '|-', ...body].join('\n')
}
