import { goQuote } from './goquote.ts'
import { type Labels, makeLabels } from './labels.ts'
import { nodeCrypto } from './node-crypto.ts'
import { compileRegex, expandTemplate, type Regex } from './regex/regex.ts'

const ACTIONS = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const

type Action = (typeof ACTIONS)[number]

/** A rule as it is configured: Alloy's `rule {}` blocks and Prometheus' relabel configs name it alike. */
export interface RuleArgs {
  readonly action: string
  readonly source_labels: readonly string[]
  readonly separator: string
  readonly regex: string
  readonly replacement: string
  readonly target_label: string
  readonly modulus: number
}

/** What a rule does where it does not say. */
export const RULE_DEFAULTS: Omit<RuleArgs, 'action' | 'source_labels'> = {
  separator: ';',
  regex: '(.*)',
  replacement: '$1',
  target_label: '',
  modulus: 0,
}

interface CompiledRule extends RuleArgs {
  readonly action: Action
  /** The groups of the regex over a text, `undefined` where it does not match. */
  readonly match: (text: string) => Groups | undefined
  readonly groupNames: readonly string[]
}

type Groups = readonly (string | undefined)[]

/**
 * Results a rule remembers. Discovery asks for the same values again and again; see {@link rememberMatches}.
 */
const MAX_REMEMBERED = 4096

/**
 * An ordered list of rules, ready to apply. What the `rules` exports hold and `relabel_rules` arguments take.
 */
export interface RelabelRules {
  readonly kind: 'RelabelRules'
  readonly rules: readonly CompiledRule[]
}

/** No rules: leaves every label set as it is. */
export const noRules: RelabelRules = { kind: 'RelabelRules', rules: [] }

/** Whether a value of the configuration is a list of relabel rules. */
export function isRelabelRules(value: unknown): value is RelabelRules {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'RelabelRules'
}

/**
 * Compiles the rules of one component, in order.
 * @throws Error with Prometheus' text when a rule's combination of arguments or its regex is wrong.
 */
export function compileRules(args: readonly RuleArgs[]): RelabelRules {
  return { kind: 'RelabelRules', rules: args.map(compileRule) }
}

function compileRule(rule: RuleArgs): CompiledRule {
  const action = ACTIONS.find((name) => name === rule.action)
  if (action === undefined) throw new Error(`unrecognized action type ${goQuote(rule.action)}`)
  const compiled = compileRegex(rule.regex, { anchored: true, dotAll: true })
  checkCombination(action, rule)
  return { ...rule, action, match: rememberMatches(compiled), groupNames: compiled.groupNames }
}

/**
 * Matches with a memory: every refresh of a discovery brings the same names and values, and a look-up costs a
 * small part of a match. The default regex, which most rules have, needs no engine at all.
 */
function rememberMatches(regex: Regex): (text: string) => Groups | undefined {
  if (regex.source === RULE_DEFAULTS.regex) return (text) => [text, text]
  const known = new Map<string, Groups | undefined>()
  return (text) => {
    const remembered = known.get(text)
    if (remembered !== undefined || known.has(text)) return remembered
    if (known.size >= MAX_REMEMBERED) known.clear()
    const groups = regex.exec(text)
    known.set(text, groups)
    return groups
  }
}

const NEEDS_TARGET: readonly Action[] = [
  'replace',
  'hashmod',
  'lowercase',
  'uppercase',
  'keepequal',
  'dropequal',
]

/** The order of these checks is Prometheus' own, so that a rule wrong in two ways gives the same message. */
function checkCombination(action: Action, rule: RuleArgs): void {
  if (!Number.isSafeInteger(rule.modulus) || rule.modulus < 0) {
    throw new Error(`modulus must be a whole number of at least 0, got ${rule.modulus}`)
  }
  if (rule.modulus === 0 && action === 'hashmod') {
    throw new Error('relabel configuration for hashmod requires non-zero modulus')
  }
  if (NEEDS_TARGET.includes(action) && rule.target_label === '') {
    throw new Error(`relabel configuration for ${action} action requires 'target_label' value`)
  }
  if ((action === 'lowercase' || action === 'uppercase') && rule.replacement !== RULE_DEFAULTS.replacement) {
    throw new Error(`'replacement' can not be set for ${action} action`)
  }
  if (action === 'labelmap' && rule.replacement === '') {
    throw new Error(`${goQuote(rule.replacement)} is invalid 'replacement' for labelmap action`)
  }
  if (action === 'keepequal' || action === 'dropequal') {
    if (!hasDefaults(rule, ['regex', 'modulus', 'separator', 'replacement'])) {
      throw new Error(
        `${action} action requires only 'source_labels' and 'target_label', and no other fields`,
      )
    }
  }
  if (action === 'labeldrop' || action === 'labelkeep') {
    const rest = ['target_label', 'modulus', 'separator', 'replacement'] as const
    if (rule.source_labels.length > 0 || !hasDefaults(rule, rest)) {
      throw new Error(`${action} action requires only 'regex', and no other fields`)
    }
  }
}

function hasDefaults(rule: RuleArgs, names: readonly (keyof typeof RULE_DEFAULTS)[]): boolean {
  return names.every((name) => rule[name] === RULE_DEFAULTS[name])
}

/**
 * Applies rules to the labels of a log stream. `undefined` when a rule drops it. Targets outside
 * `[a-zA-Z_][a-zA-Z0-9_]*` are skipped in silence, as Alloy's log components do.
 */
export function applyRules(rules: RelabelRules, labels: Labels): Labels | undefined {
  if (rules.rules.length === 0) return labels
  const byName = new Map(labels)
  return applyToMap(rules, byName, isLegacyName) ? makeLabels(byName) : undefined
}

/**
 * Applies rules to a discovered target. `undefined` when a rule drops it. Any non-empty label name is
 * allowed, as in Alloy's discovery.relabel; labels set to the empty text are removed.
 */
export function applyRulesToTarget(
  rules: RelabelRules,
  target: Readonly<Record<string, string>>,
): Record<string, string> | undefined {
  const byName = new Map(Object.entries(target))
  if (!applyToMap(rules, byName, (name) => name !== '')) return undefined
  return Object.fromEntries([...byName].filter(([, value]) => value !== ''))
}

type NameCheck = (name: string) => boolean

function isLegacyName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)
}

/** Runs the rules over `labels` in place; false as soon as a rule drops the entry. */
function applyToMap(rules: RelabelRules, labels: Map<string, string>, isValidName: NameCheck): boolean {
  for (const rule of rules.rules) if (!applyRule(rule, labels, isValidName)) return false
  return true
}

function applyRule(rule: CompiledRule, labels: Map<string, string>, isValidName: NameCheck): boolean {
  switch (rule.action) {
    case 'keep':
      return rule.match(sourceValue(rule, labels)) !== undefined
    case 'drop':
      return rule.match(sourceValue(rule, labels)) === undefined
    case 'keepequal':
      return (labels.get(rule.target_label) ?? '') === sourceValue(rule, labels)
    case 'dropequal':
      return (labels.get(rule.target_label) ?? '') !== sourceValue(rule, labels)
    case 'replace':
      replaceLabel(rule, labels, isValidName)
      return true
    case 'hashmod':
      setLabel(labels, rule.target_label, hashMod(sourceValue(rule, labels), rule.modulus))
      return true
    case 'lowercase':
      setLabel(labels, rule.target_label, sourceValue(rule, labels).toLowerCase())
      return true
    case 'uppercase':
      setLabel(labels, rule.target_label, sourceValue(rule, labels).toUpperCase())
      return true
    case 'labelmap':
      mapLabels(rule, labels, isValidName)
      return true
    case 'labeldrop':
    case 'labelkeep':
      for (const name of [...labels.keys()]) {
        if ((rule.match(name) !== undefined) !== (rule.action === 'labelkeep')) labels.delete(name)
      }
      return true
  }
}

function sourceValue(rule: CompiledRule, labels: ReadonlyMap<string, string>): string {
  const names = rule.source_labels
  if (names.length === 1) return labels.get(names[0]) ?? ''
  return names.map((name) => labels.get(name) ?? '').join(rule.separator)
}

function setLabel(labels: Map<string, string>, name: string, value: string): void {
  if (value === '') labels.delete(name)
  else labels.set(name, value)
}

function replaceLabel(rule: CompiledRule, labels: Map<string, string>, isValidName: NameCheck): void {
  const groups = rule.match(sourceValue(rule, labels))
  if (groups === undefined) return
  const target = expandTemplate(rule.target_label, groups, rule.groupNames)
  if (!isValidName(target)) return
  setLabel(labels, target, expandTemplate(rule.replacement, groups, rule.groupNames))
}

function mapLabels(rule: CompiledRule, labels: Map<string, string>, isValidName: NameCheck): void {
  for (const [name, value] of [...labels]) {
    const groups = rule.match(name)
    if (groups === undefined) continue
    const mapped = expandTemplate(rule.replacement, groups, rule.groupNames)
    if (isValidName(mapped)) setLabel(labels, mapped, value)
  }
}

/** The last eight bytes of the MD5 sum, big-endian, modulo `modulus`: Prometheus' way to shard. */
function hashMod(value: string, modulus: number): string {
  const digest = nodeCrypto().createHash('md5').update(value).digest()
  return (digest.readBigUInt64BE(8) % BigInt(modulus)).toString()
}
