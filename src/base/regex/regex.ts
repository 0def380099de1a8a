import { RE2JS } from 're2js'

/** How a pattern is anchored and what its dot matches. Source: the places where Loki and Prometheus wrap patterns. */
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
  /** Whether the pattern matches anywhere (or wholly, when anchored). */
  test(text: string): boolean
  /** Leftmost match: index 0 the whole, then each group; `undefined` for a group that took no part. */
  exec(text: string): (string | undefined)[] | undefined
  /** Replaces every match; `$1`, `${1}`, `${name}` and `$$` in `template` expand as Go's `Expand` does. */
  replaceAll(text: string, template: string): string
  /** How many matches there are, one after the other. */
  countMatches(text: string): number
  /** Group names in order of their numbers; index 0 is always `''`, unnamed groups are `''`. */
  readonly groupNames: readonly string[]
}

/**
 * Compiles a pattern of RE2's syntax.
 * @throws Error with Go's text: ``error parsing regexp: missing closing ]: `[` ``
 */
export function compileRegex(source: string, options: RegexOptions = {}): Regex {
  const open = options.dotAll ? '(?s:' : '(?:'
  let wrapped = source
  if (options.anchored) wrapped = `^${open}${source})$`
  else if (options.dotAll) wrapped = `${open}${source})`
  // Compiled bare first, so that an error quotes the pattern as it was written.
  if (wrapped !== source) RE2JS.compile(source)
  const compiled = RE2JS.compile(wrapped)
  const groupNames = Array.from({ length: compiled.groupCount() + 1 }, () => '')
  for (const [name, index] of Object.entries(compiled.namedGroups() as Record<string, number>)) {
    groupNames[index] = name
  }
  const exec = (text: string): (string | undefined)[] | undefined => {
    const matcher = compiled.matcher(text)
    if (!matcher.find()) return undefined
    return groupNames.map((_, i) => matcher.group(i) ?? undefined)
  }
  return {
    source,
    groupNames,
    test: (text) => compiled.matcher(text).find(),
    exec,
    countMatches: (text) => {
      const matcher = compiled.matcher(text)
      let count = 0
      while (matcher.find()) count++
      return count
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
