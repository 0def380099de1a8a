import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml'
import { parsePrometheusDuration } from '#base/duration.ts'
import { errorMessage } from '#base/errors.ts'
import type { ConfigProblem } from '../problem.ts'
import type { Pairs, Rule, RuleGroup } from './rule-group.ts'

/** Text that is no rule group or rule file. `problems` say where. */
export class RuleSyntaxError extends Error {
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(`yaml: unmarshal errors:\n  ${problems.map(({ message }) => message).join('\n  ')}`)
    this.name = 'RuleSyntaxError'
    this.problems = problems
  }
}

/** A rule file, read: what `validateGroups` complains about can be placed. */
export interface RuleFile {
  readonly groups: readonly RuleGroup[]
  /** Where a key of a group or rule stands, e.g. `['groups', 0, 'rules', 1, 'expr']`. */
  place(path: readonly (string | number)[]): { line: number; column: number }
}

/**
 * Reads the group that a client posts. Keys that are not known are ignored, as Loki does.
 * @throws RuleSyntaxError for anything that is not a mapping with values of the right kind
 */
export function parseRuleGroup(text: string): RuleGroup {
  const reader = new RuleReader(text, false)
  const group = reader.group([])
  reader.end()
  return group
}

/**
 * Reads a rule file: `groups`, and below it nothing but keys that are known.
 * @throws RuleSyntaxError naming the lines
 */
export function parseRuleFile(text: string): RuleFile {
  const reader = new RuleReader(text, true)
  reader.checkKeys([], ['groups'], 'RuleGroups')
  const groups = reader.items(['groups']).map((path) => reader.group(path))
  reader.end()
  return { groups, place: (path) => reader.place(path) }
}

/** A rule file as the tools of the field have it: `namespace` stands beside `groups`. */
export interface NamespaceFile extends RuleFile {
  /** Empty where the file names none. */
  readonly namespace: string
}

/**
 * Reads a rule file that may name its namespace.
 * @throws RuleSyntaxError naming the lines
 */
export function parseNamespaceFile(text: string): NamespaceFile {
  const reader = new RuleReader(text, true)
  reader.checkKeys([], ['namespace', 'groups'], 'RuleNamespace')
  const namespace = reader.text(['namespace'])
  const groups = reader.items(['groups']).map((path) => reader.group(path))
  reader.end()
  return { namespace, groups, place: (path) => reader.place(path) }
}

type Path = readonly (string | number)[]

const GROUP_KEYS = ['name', 'interval', 'query_offset', 'limit', 'rules', 'labels', 'remote_write']
const RULE_KEYS = ['record', 'alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations']

/** Reads values as texts (YAML's failsafe schema), so that `severity: 1` and `limit: 1` both mean `1`. */
class RuleReader {
  readonly #doc: Document.Parsed
  readonly #lines = new LineCounter()
  readonly #strict: boolean
  readonly #problems: ConfigProblem[] = []

  constructor(text: string, strict: boolean) {
    this.#strict = strict
    this.#doc = parseDocument(text, { schema: 'failsafe', lineCounter: this.#lines, logLevel: 'silent' })
    for (const { message, pos } of this.#doc.errors) {
      const { line, col } = this.#lines.linePos(pos[0])
      this.#problems.push({ message: `line ${line}: ${message.split(' at line ')[0]}`, line, column: col })
    }
    this.end()
  }

  /** Throws where something was wrong. */
  end(): void {
    if (this.#problems.length > 0) throw new RuleSyntaxError(this.#problems)
  }

  place(path: Path): { line: number; column: number } {
    for (let length = path.length; length >= 0; length--) {
      const node = this.#node(path.slice(0, length))
      if (isNode(node) && node.range) {
        const { line, col } = this.#lines.linePos(node.range[0])
        return { line, column: col }
      }
    }
    return { line: 1, column: 1 }
  }

  group(path: Path): RuleGroup {
    this.checkKeys(path, GROUP_KEYS, 'RuleGroup')
    return {
      name: this.text([...path, 'name']),
      intervalMs: this.#duration([...path, 'interval']),
      limit: this.#int([...path, 'limit']),
      rules: this.items([...path, 'rules']).map((rule) => this.#rule(rule)),
    }
  }

  #rule(path: Path): Rule {
    this.checkKeys(path, RULE_KEYS, 'Rule')
    return {
      record: this.text([...path, 'record']),
      alert: this.text([...path, 'alert']),
      expr: this.text([...path, 'expr']),
      forMs: this.#duration([...path, 'for']),
      keepFiringForMs: this.#duration([...path, 'keep_firing_for']),
      labels: this.#pairs([...path, 'labels']),
      annotations: this.#pairs([...path, 'annotations']),
    }
  }

  /** Refuses what is not a mapping and, in files, keys that are not known. */
  checkKeys(path: Path, known: readonly string[], type: string): void {
    for (const key of this.#keys(path)) {
      if (!this.#strict || known.includes(key)) continue
      this.#refuse([...path, key], `field ${key} not found in type rulefmt.${type}`)
    }
  }

  /** The paths of the items of a list. */
  items(path: Path): Path[] {
    const value: unknown = this.#value(path)
    if (value === undefined) return []
    if (Array.isArray(value)) return value.map((_item, i) => [...path, i])
    this.#refuse(path, 'a list is wanted here')
    return []
  }

  #keys(path: Path): string[] {
    const value: unknown = this.#value(path)
    if (value === undefined) return []
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.keys(value)
    this.#refuse(path, 'a mapping is wanted here')
    return []
  }

  #pairs(path: Path): Pairs {
    const pairs = this.#keys(path).map((key): [string, string] => [key, this.text([...path, key])])
    return pairs.sort(([a], [b]) => (a < b ? -1 : 1))
  }

  /** A text; empty where there is none. */
  text(path: Path): string {
    const value = this.#value(path)
    if (value === undefined) return ''
    if (typeof value === 'string') return value
    this.#refuse(path, 'a text is wanted here')
    return ''
  }

  #int(path: Path): number {
    const text = this.text(path)
    if (text === '' || /^[+-]?\d{1,15}$/.test(text)) return Number(text)
    this.#refuse(path, `cannot unmarshal !!str \`${text}\` into int`)
    return 0
  }

  #duration(path: Path): number {
    const text = this.text(path)
    if (text === '') return 0
    try {
      return parsePrometheusDuration(text)
    } catch (error) {
      this.#refuse(path, errorMessage(error))
      return 0
    }
  }

  #refuse(path: Path, message: string): void {
    const place = this.place(path)
    this.#problems.push({ message: `line ${place.line}: ${message}`, path: path.join('.'), ...place })
  }

  /** `undefined` where there is nothing, which is YAML's null, too. */
  #value(path: Path): unknown {
    const node: unknown = this.#node(path)
    if (node === undefined || node === null) return undefined
    if (isScalar(node) && isPlainNull(node.source, node.type)) return undefined
    try {
      return isNode(node) ? (node.toJS(this.#doc) as unknown) : node
    } catch (error) {
      this.#refuse(path.slice(0, -1), errorMessage(error))
      return undefined
    }
  }

  #node(path: Path): unknown {
    if (path.length === 0) return this.#doc.contents
    const contents: unknown = this.#doc.contents
    return isMap(contents) ? this.#doc.getIn(path, true) : undefined
  }
}

function isPlainNull(source: string | undefined, type: string | undefined): boolean {
  return type === 'PLAIN' && /^(?:|~|null|Null|NULL)$/.test(source ?? '')
}
