import { readFileSync } from 'node:fs'
import { errorMessage } from '#base/errors.ts'
import type { Regex } from '#base/regex/regex.ts'
import { nearest } from '#base/suggest.ts'
import type { Allowlist } from './allowlist.ts'
import {
  type GitleaksFile,
  type GitleaksRule,
  parseGitleaksFile,
  type TargetedAllowlist,
} from './gitleaks-file.ts'
import { regexPattern } from './secret-pattern.ts'
import { SECRET_RULES, type SecretRule } from './secret-rules.ts'

/** What a configuration file of Gitleaks amounts to for lines. */
export interface GitleaksConfig {
  readonly rules: readonly SecretRule[]
  /** What no rule counts. */
  readonly allowlists: readonly Allowlist[]
  /** What of the file has no effect, one sentence each. */
  readonly notes: readonly string[]
}

/** How many files one may extend, one the other. Source: Gitleaks' README. */
const MAX_EXTEND_DEPTH = 2

/** A rule, with the one of Logboom that it extends. */
interface MergedRule extends GitleaksRule {
  readonly builtIn?: SecretRule
}

/** A file and what it extends. */
interface Assembled {
  readonly rules: ReadonlyMap<string, MergedRule>
  readonly allowlists: readonly TargetedAllowlist[]
  /** Whether Logboom's own rules are in it. */
  readonly hasDefault: boolean
}

/**
 * Reads a file in the format of Gitleaks 8, and the files that it extends. The default that a file may extend
 * are Logboom's own rules.
 * @throws Error that names the file, the line or rule, and what to do
 */
export function loadGitleaksConfig(path: string): GitleaksConfig {
  const notes: string[] = []
  const note = (remark: string): void => void notes.push(remark)
  const assembled = assemble(path, 0, note)
  const targeted = allowlistsByRule(assembled, path, note)
  const rules: SecretRule[] = []
  for (const rule of assembled.rules.values()) {
    const lists = [...rule.allowlists, ...(targeted.get(rule.id) ?? [])]
    const made = makeRule({ ...rule, allowlists: lists }, assembled.hasDefault, note)
    if (made !== undefined) rules.push(made)
  }
  if (rules.length === 0) note(`${path}: has no rule for lines, nothing is redacted`)
  const allowlists = assembled.allowlists
    .filter(({ targetRules }) => targetRules.length === 0)
    .map(({ allowlist }) => allowlist)
  return { rules, allowlists, notes }
}

function assemble(path: string, depth: number, note: (remark: string) => void): Assembled {
  const file = parseGitleaksFile(readText(path), path, note)
  const base = baseOf(file, depth, note)
  const rules = new Map<string, MergedRule>(file.rules)
  for (const id of file.extend.disabledRules) {
    if (!base.rules.has(id)) note(`${path}: disabledRules: what is extended has no rule "${id}"`)
  }
  for (const [id, rule] of base.rules) {
    if (file.extend.disabledRules.includes(id)) continue
    const own = file.rules.get(id)
    rules.set(id, own === undefined ? rule : merge(rule, own))
  }
  return { rules, allowlists: [...file.allowlists, ...base.allowlists], hasDefault: base.hasDefault }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    throw new Error(`gitleaks_config: cannot read the file: ${errorMessage(thrown)}`)
  }
}

function baseOf({ path, extend }: GitleaksFile, depth: number, note: (remark: string) => void): Assembled {
  if (extend.useDefault && extend.path !== '')
    throw new Error(`${path}: [extend]: path and useDefault exclude each other, take one out`)
  const isLast = depth === MAX_EXTEND_DEPTH
  if (isLast && (extend.useDefault || extend.path !== ''))
    note(`${path}: [extend]: not looked at, more than ${MAX_EXTEND_DEPTH} files would extend each other`)
  if (isLast || (!extend.useDefault && extend.path === ''))
    return { rules: new Map(), allowlists: [], hasDefault: false }
  if (extend.path !== '') return assemble(extend.path, depth + 1, note)
  return { rules: new Map(SECRET_RULES.map(asExtended)), allowlists: [], hasDefault: true }
}

function asExtended(rule: SecretRule): [string, MergedRule] {
  const { id, keywords } = rule
  const unsaid = { regex: undefined, secretGroup: 0, entropy: 0, path: undefined, isHidden: false }
  return [id, { id, where: `rule "${id}"`, keywords, allowlists: [], ...unsaid, builtIn: rule }]
}

/** What a rule says wins over the one of the same id that it extends; lists are put together. */
function merge(base: MergedRule, own: GitleaksRule): MergedRule {
  return {
    ...base,
    where: own.where,
    regex: own.regex ?? base.regex,
    secretGroup: own.secretGroup || base.secretGroup,
    entropy: own.entropy || base.entropy,
    path: own.path ?? base.path,
    keywords: [...base.keywords, ...own.keywords],
    allowlists: [...base.allowlists, ...own.allowlists],
  }
}

/** The lists that name the rules that they are for, by rule. */
function allowlistsByRule(
  { rules, allowlists, hasDefault }: Assembled,
  path: string,
  note: (remark: string) => void,
): ReadonlyMap<string, readonly Allowlist[]> {
  const byRule = new Map<string, Allowlist[]>()
  for (const { allowlist, targetRules } of allowlists) {
    for (const id of targetRules) {
      byRule.set(id, [...(byRule.get(id) ?? []), allowlist])
      if (rules.has(id)) continue
      const message = `${path}: [[allowlists]]: targetRules: there is no rule "${id}"`
      const meant = nearest(id, rules.keys())
      if (!hasDefault) throw new Error(`${message}${meant === undefined ? '' : `, is "${meant}" meant?`}`)
      note(`${message} among the rules of docs/secretfilter.md`)
    }
  }
  return byRule
}

/** The rule to look for; undefined where it is not about lines. */
function makeRule(
  rule: MergedRule,
  hasDefault: boolean,
  note: (remark: string) => void,
): SecretRule | undefined {
  const { id, where, regex, secretGroup, builtIn, allowlists } = rule
  if (regex !== undefined && secretGroup >= regex.groupNames.length) {
    const groups = `regex has ${regex.groupNames.length - 1} groups`
    throw new Error(`${where}: secretGroup is ${secretGroup}, ${groups}; name one of them, or take it out`)
  }
  if (rule.path?.test('') === false) {
    note(`${where}: is about the paths of files, which lines do not have`)
    return undefined
  }
  if (rule.isHidden) {
    note(`${where}: has skipReport, and hides nothing`)
    return undefined
  }
  const minEntropy = rule.entropy || (regex === undefined ? builtIn?.minEntropy : undefined)
  const common = { id, allowlists, ...(minEntropy === undefined ? {} : { minEntropy }) }
  if (regex !== undefined) {
    return { ...common, pattern: regexPattern(regex, secretGroup), keywords: keywordsOf(rule, regex) }
  }
  if (builtIn !== undefined) return { ...common, pattern: builtIn.pattern, keywords: rule.keywords }
  if (rule.path !== undefined) return undefined
  if (!hasDefault) throw new Error(`${where}: has no regex, and finds nothing; give it one, or take it out`)
  note(`${where}: has no regex, and extends none of the rules of docs/secretfilter.md`)
  return undefined
}

/** What a line must have for the rule to look at it; empty for every line. */
function keywordsOf({ builtIn, keywords }: MergedRule, regex: Regex): readonly string[] {
  // Logboom's words go with its own pattern; those that Gitleaks has for the rule are not known here.
  const words = builtIn === undefined ? keywords : []
  const wanted = words.length > 0 ? words : (regex.requiredLiterals ?? []).map((text) => text.toLowerCase())
  // The search for them knows ASCII alone.
  return wanted.every((word) => /^[\0-\x7f]+$/.test(word)) ? wanted : []
}
