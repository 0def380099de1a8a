import { compileRegex, type Regex } from '#base/regex/regex.ts'

/** The expression of a `| regexp` stage and the labels its groups set. */
export interface RegexpCaptures {
  readonly regex: Regex
  /** Per group number: the label, or `''` for groups without a name. */
  readonly names: readonly string[]
}

/**
 * Compiles the argument of `| regexp`.
 * @throws Error without a named group, with one name twice, or where the expression is none
 */
export function compileRegexpCaptures(pattern: string): RegexpCaptures {
  // RE2's port refuses repeated names itself, with another text than Loki's.
  const named = [...pattern.matchAll(/\(\?P?<([A-Za-z_]\w*)>/g)].map((match) => match[1])
  const repeated = named.find((name, i) => named.indexOf(name) !== i)
  if (repeated !== undefined) throw new Error(`duplicate extracted label name '${repeated}'`)
  const regex = compileRegex(pattern)
  if (regex.groupNames.every((name) => name === '')) {
    throw new Error('at least one named capture must be supplied')
  }
  return { regex, names: regex.groupNames }
}
