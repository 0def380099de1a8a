import { RE2JS } from 're2js'
import { emitPattern } from './emit.ts'
import { requiredLiterals } from './literals.ts'
import { parsePattern } from './parse.ts'
import { v8IsLinear } from './v8-engine.ts'

/**
 * How a pattern is anchored and what its dot matches. Source: the places where Loki and Prometheus wrap
 * patterns.
 */
export interface RegexOptions {
  /** The whole text must match (`^(?:…)$`), as in matchers and relabel rules. */
  readonly anchored?: boolean
  /** `.` matches a newline too (`(?s:…)`), as in matchers and relabel rules, not in line filters. */
  readonly dotAll?: boolean
}

/** A compiled pattern of RE2's language: linear time for every pattern and input. */
export interface Regex {
  /** The pattern as written. */
  readonly source: string
  /** Texts of which every match contains at least one; undefined where none are known. For pruning. */
  readonly requiredLiterals: readonly string[] | undefined
  /** Whether the pattern matches anywhere (or wholly, when anchored). */
  test(text: string): boolean
  /** Leftmost match: index 0 the whole, then each group; `undefined` for a group that took no part. */
  exec(text: string): (string | undefined)[] | undefined
  /** Replaces every match; `$1`, `${1}`, `${name}` and `$$` in `template` expand as Go's `Expand` does. */
  replaceAll(text: string, template: string): string
  /** How many matches there are, one after the other. */
  countMatches(text: string): number
  /**
   * Every match, one after the other: where it and each of its groups start and end, `[start, end, start1,
   * end1, …]`, -1 for a group that took no part.
   */
  spans(text: string): readonly (readonly number[])[]
  /** Group names in order of their numbers; index 0 is always `''`, unnamed groups are `''`. */
  readonly groupNames: readonly string[]
}

/** Patterns compiled last, by how they were wrapped; dashboards ask the same ones every few seconds. */
const compiledLast = new Map<string, Regex>()
const MAX_KEPT = 256
/** Longer ones are not kept: compiled, they take much memory. */
const MAX_KEPT_LENGTH = 1024

/**
 * Compiles a pattern of RE2's syntax. V8 runs what it runs in linear time and with RE2's results, `re2js` the
 * rest.
 * @throws Error with Go's text: ``error parsing regexp: missing closing ]: `[` ``
 */
export function compileRegex(source: string, options: RegexOptions = {}): Regex {
  const key = `${options.anchored === true ? '^' : ''}${options.dotAll === true ? '.' : ''} ${source}`
  const known = compiledLast.get(key)
  if (known !== undefined) return known
  const regex = compileAnew(source, options)
  if (source.length > MAX_KEPT_LENGTH) return regex
  if (compiledLast.size === MAX_KEPT) compiledLast.delete([...compiledLast.keys()][0])
  compiledLast.set(key, regex)
  return regex
}

function compileAnew(source: string, options: RegexOptions): Regex {
  const wrapped = wrap(source, options)
  // Compiled bare first, so that an error quotes the pattern as it was written.
  if (wrapped !== source) RE2JS.compile(source)
  const exact = makeExactEngine(wrapped)
  const tree = parsePattern(wrapped)
  const emitted = tree === undefined || !v8IsLinear ? undefined : emitPattern(tree)
  const literals = tree === undefined ? undefined : requiredLiterals(tree)
  const { groupNames } = exact
  if (emitted === undefined) return { source, requiredLiterals: literals, ...exact }
  const tester = new RegExp(emitted.source)
  const fast = {
    source,
    groupNames,
    requiredLiterals: literals,
    test: (text: string) => tester.test(text),
    spans: (text: string) => (tester.test(text) ? exact.spans(text) : []),
  }
  if (!emitted.exact) return { ...exact, ...fast }
  const global = new RegExp(emitted.source, 'g')
  return {
    ...fast,
    exec: (text) => tester.exec(text) ?? undefined,
    countMatches: (text) => exact.countMatches(text),
    replaceAll: (text, template) => {
      // Where a match is empty the two differ in how they step on.
      if (tester.test('')) return exact.replaceAll(text, template)
      return text.replace(global, (...args: unknown[]) => {
        const groups = args.slice(0, groupNames.length) as (string | undefined)[]
        return expandTemplate(template, groups, groupNames)
      })
    },
  }
}

function wrap(source: string, options: RegexOptions): string {
  const open = options.dotAll ? '(?s:' : '(?:'
  if (options.anchored) return `^${open}${source})$`
  return options.dotAll ? `${open}${source})` : source
}

/** The engine that is right for every pattern. */
function makeExactEngine(source: string): Omit<Regex, 'source' | 'requiredLiterals'> {
  const compiled = RE2JS.compile(source)
  const groupNames = Array.from({ length: compiled.groupCount() + 1 }, () => '')
  for (const [name, index] of Object.entries(compiled.namedGroups() as Record<string, number>)) {
    groupNames[index] = name
  }
  return {
    groupNames,
    test: (text) => compiled.matcher(text).find(),
    exec: (text) => {
      const matcher = compiled.matcher(text)
      return matcher.find() ? groupNames.map((_, i) => matcher.group(i) ?? undefined) : undefined
    },
    countMatches: (text) => {
      const matcher = compiled.matcher(text)
      let count = 0
      while (matcher.find()) count++
      return count
    },
    spans: (text) => {
      const matcher = compiled.matcher(text)
      const all: number[][] = []
      while (matcher.find()) all.push(groupNames.flatMap((_, i) => [matcher.start(i), matcher.end(i)]))
      return all
    },
    replaceAll: (text, template) => {
      const matcher = compiled.matcher(text)
      let out = ''
      let last = 0
      while (matcher.find()) {
        const groups = groupNames.map((_, i) => matcher.group(i) ?? undefined)
        out += text.slice(last, matcher.start()) + expandTemplate(template, groups, groupNames)
        last = matcher.end()
      }
      return out + text.slice(last)
    },
  }
}

/** Go's `Regexp.Expand`: `$name` takes the longest run of word characters, unknown groups become empty. */
export function expandTemplate(
  template: string,
  groups: readonly (string | undefined)[],
  groupNames: readonly string[],
): string {
  return template.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (whole, bare: string, braced: string) => {
    if (whole === '$$') return '$'
    const name = bare ?? braced
    const index = /^\d+$/.test(name) ? Number(name) : groupNames.indexOf(name)
    return groups[index] ?? ''
  })
}
