import { parse, TomlError } from 'smol-toml'
import { errorMessage } from '#base/errors.ts'
import { compileRegex, type Regex } from '#base/regex/regex.ts'
import { nearest } from '#base/suggest.ts'
import type { Allowlist } from './allowlist.ts'

/** A `[[rules]]` of a file. What it leaves out may come from a rule that it extends. */
export interface GitleaksRule {
  readonly id: string
  /** File, name and line of the rule, for messages. */
  readonly where: string
  readonly regex: Regex | undefined
  /** Which group is the secret; 0: not said. */
  readonly secretGroup: number
  /** Least Shannon entropy in bits per character; 0: not said. */
  readonly entropy: number
  /** In lower case. */
  readonly keywords: readonly string[]
  /** What the path of a file must match; a log line has an empty one. */
  readonly path: Regex | undefined
  /** Only there for other rules to ask for. */
  readonly isHidden: boolean
  readonly allowlists: readonly Allowlist[]
}

/** What a Gitleaks configuration file says, before anything it extends. */
export interface GitleaksFile {
  readonly path: string
  readonly extend: {
    /** Another file; empty for none. */
    readonly path: string
    readonly useDefault: boolean
    readonly disabledRules: readonly string[]
  }
  /** By id. */
  readonly rules: ReadonlyMap<string, GitleaksRule>
  readonly allowlists: readonly TargetedAllowlist[]
}

/** An allow list of a file's top level. */
export interface TargetedAllowlist {
  readonly allowlist: Allowlist
  /** Ids of the rules that it is for; empty: for all. */
  readonly targetRules: readonly string[]
}

/** A table of the file. Keys are in lower case, as Gitleaks takes them in any. */
interface Section {
  /** File and table, for messages. */
  readonly where: string
  readonly values: ReadonlyMap<string, unknown>
}

/** Takes a remark on something that has no effect. */
type Note = (remark: string) => void

const KEYS = {
  file: ['title', 'description', 'minVersion', 'extend', 'rules', 'allowlist', 'allowlists'],
  extend: ['path', 'useDefault', 'disabledRules'],
  rule: [
    ...['id', 'description', 'regex', 'secretGroup', 'entropy', 'keywords', 'path', 'tags'],
    ...['allowlist', 'allowlists', 'required', 'skipReport'],
  ],
  allowlist: [
    ...['description', 'condition', 'commits', 'paths', 'regexes', 'regexTarget', 'stopwords', 'targetRules'],
  ],
}

/**
 * Reads a file of rules in the format of Gitleaks 8.
 * @param note takes what has no effect, such as unknown keys
 * @throws Error that names the file, the line or rule, and what to do
 */
export function parseGitleaksFile(text: string, path: string, note: Note): GitleaksFile {
  const file = sectionOf(parseToml(text, path), path, KEYS.file, note)
  const [extend] = sectionsOf(file, 'extend', () => `${path}: [extend]`, KEYS.extend, note)
  const lines = ruleLines(text)
  const rules = new Map<string, GitleaksRule>()
  const whereOf = (i: number): string => `${path}:${lines.at(i) ?? 1}: rule ${i + 1}`
  for (const section of sectionsOf(file, 'rules', whereOf, KEYS.rule, note)) {
    const rule = readRule(section, note)
    if (rules.has(rule.id)) note(`${rule.where}: takes the place of an earlier rule of this id`)
    rules.set(rule.id, rule)
  }
  return {
    path,
    extend: {
      path: extend === undefined ? '' : stringAt(extend, 'path'),
      useDefault: extend !== undefined && booleanAt(extend, 'useDefault'),
      disabledRules: extend === undefined ? [] : stringsAt(extend, 'disabledRules'),
    },
    rules,
    allowlists: readAllowlists(file, note),
  }
}

function parseToml(text: string, path: string): unknown {
  try {
    return parse(text)
  } catch (thrown) {
    const place = thrown instanceof TomlError ? `${path}:${thrown.line}:${thrown.column}` : path
    const reason = errorMessage(thrown).split('\n', 1)[0].replace('Invalid TOML document: ', '')
    throw new Error(`${place}: not valid TOML: ${reason}`)
  }
}

/** Texts and comments, which may have what looks like a header in them, and the headers of rules. */
const HEADERS = new RegExp(
  [
    /'''[\s\S]*?'''/.source,
    /"""(?:\\[\s\S]|[^\\])*?"""/.source,
    /'[^'\n]*'/.source,
    /"(?:\\.|[^"\\\n])*"/.source,
    /#.*/.source,
    /^[ \t]*\[\[[ \t]*rules[ \t]*\]\]/.source,
  ].join('|'),
  'gim',
)

/** The line on which each `[[rules]]` stands, from 1. */
function ruleLines(text: string): number[] {
  const lines: number[] = []
  let line = 1
  let at = 0
  for (const { 0: token, index } of text.matchAll(HEADERS)) {
    for (; at < index; at++) if (text[at] === '\n') line++
    if (token.trimStart().startsWith('[')) lines.push(line)
  }
  return lines
}

function readRule(section: Section, note: Note): GitleaksRule {
  const id = stringAt(section, 'id').trim()
  if (id === '') throw new Error(`${section.where}: id is missing or empty, give the rule a name`)
  const named = { ...section, where: `${section.where} "${id}"` }
  if (section.values.has('required')) note(`${named.where}: required is not looked at, the rule counts alone`)
  const secretGroup = numberAt(named, 'secretGroup')
  if (!Number.isInteger(secretGroup) || secretGroup < 0)
    throw new Error(
      `${named.where}: secretGroup must be the number of a group of regex, it is ${secretGroup}`,
    )
  return {
    id,
    where: named.where,
    regex: regexAt(named, 'regex'),
    secretGroup,
    entropy: numberAt(named, 'entropy'),
    keywords: stringsAt(named, 'keywords').map((keyword) => keyword.toLowerCase()),
    path: regexAt(named, 'path'),
    isHidden: booleanAt(named, 'skipReport'),
    allowlists: readAllowlists(named, note).map(({ allowlist }) => allowlist),
  }
}

/** The allow lists of a rule or file, in the present form or the one before Gitleaks 8.21. */
function readAllowlists(parent: Section, note: Note): TargetedAllowlist[] {
  const [old, present] = ['allowlist', 'allowlists'].map((key) =>
    sectionsOf(parent, key, (i) => `${parent.where}: ${key} ${i + 1}`, KEYS.allowlist, note),
  )
  if (old.length > 0 && present.length > 0)
    throw new Error(`${parent.where}: [allowlist] and [[allowlists]] exclude each other, keep the second`)
  return [...old, ...present].flatMap((section) => {
    const allowlist = readAllowlist(section)
    return allowlist === undefined ? [] : [{ allowlist, targetRules: stringsAt(section, 'targetRules') }]
  })
}

/** An allow list; undefined for one that never counts, as a line has neither a path nor a commit. */
function readAllowlist(section: Section): Allowlist | undefined {
  const { where } = section
  const condition = stringAt(section, 'condition').toUpperCase()
  if (!['', 'OR', '||', 'AND', '&&'].includes(condition))
    throw new Error(`${where}: condition must be "OR" or "AND", it is "${stringAt(section, 'condition')}"`)
  const target = stringAt(section, 'regexTarget') || 'secret'
  if (target !== 'secret' && target !== 'match' && target !== 'line')
    throw new Error(`${where}: regexTarget must be "secret", "match" or "line", it is "${target}"`)
  const regexes = stringsAt(section, 'regexes').map((regex) => compile(regex, `${where}: regexes`))
  const stopwords = stringsAt(section, 'stopwords').map((word) => word.toLowerCase())
  const ofFiles = [...stringsAt(section, 'paths'), ...stringsAt(section, 'commits')]
  const isEmpty = regexes.length === 0 && stopwords.length === 0
  if (isEmpty && ofFiles.length === 0)
    throw new Error(`${where}: allows nothing; give it regexes or stopwords, or take it out`)
  const needsAll = condition === 'AND' || condition === '&&'
  return isEmpty || (needsAll && ofFiles.length > 0) ? undefined : { target, regexes, stopwords, needsAll }
}

function compile(source: string, where: string): Regex {
  try {
    return compileRegex(source)
  } catch (thrown) {
    throw new Error(`${where}: ${errorMessage(thrown)}; patterns are in the RE2 syntax of Gitleaks`)
  }
}

function sectionOf(value: unknown, where: string, known: readonly string[], note: Note): Section {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${where}: must be a table`)
  const values = new Map(Object.entries(value).map(([key, item]) => [key.toLowerCase(), item]))
  const lowerKnown = known.map((key) => key.toLowerCase())
  for (const key of Object.keys(value)) {
    if (lowerKnown.includes(key.toLowerCase())) continue
    const meant = nearest(key, known)
    note(`${where}: unknown key "${key}"${meant === undefined ? '' : `, is "${meant}" meant?`}`)
  }
  return { where, values }
}

/** The tables of that key: of an array of tables all, of a single table that one. */
function sectionsOf(
  parent: Section,
  key: string,
  whereOf: (index: number) => string,
  known: readonly string[],
  note: Note,
): Section[] {
  const value = parent.values.get(key) ?? []
  const items: unknown[] = Array.isArray(value) ? value : [value]
  return items.map((item, i) => sectionOf(item, whereOf(i), known, note))
}

function stringAt({ values, where }: Section, key: string): string {
  const value = values.get(key.toLowerCase()) ?? ''
  if (typeof value !== 'string') throw new Error(`${where}: ${key} must be a text in quotes`)
  return value
}

function numberAt({ values, where }: Section, key: string): number {
  const value = values.get(key.toLowerCase()) ?? 0
  if (typeof value !== 'number' || Number.isNaN(value)) throw new Error(`${where}: ${key} must be a number`)
  return value
}

function booleanAt({ values, where }: Section, key: string): boolean {
  const value = values.get(key.toLowerCase()) ?? false
  if (typeof value !== 'boolean') throw new Error(`${where}: ${key} must be true or false`)
  return value
}

function stringsAt({ values, where }: Section, key: string): readonly string[] {
  const value = values.get(key.toLowerCase()) ?? []
  const items: unknown[] = Array.isArray(value) ? value : [value]
  return items.map((item) => {
    if (typeof item !== 'string') throw new Error(`${where}: ${key} must be a list of texts in quotes`)
    return item
  })
}

function regexAt(section: Section, key: string): Regex | undefined {
  const source = stringAt(section, key)
  return source === '' ? undefined : compile(source, `${section.where}: ${key}`)
}
