import type { Regex } from '#base/regex/regex.ts'
import type { SecretMatch } from './secret-pattern.ts'

/** What is no secret although a rule matches it. Source: `[[allowlists]]` of a Gitleaks configuration. */
export interface Allowlist {
  /** What `regexes` look at: the secret, the whole match, or the line around it. */
  readonly target: 'secret' | 'match' | 'line'
  /** One that matches anywhere suffices. */
  readonly regexes: readonly Regex[]
  /** In lower case; one that the secret contains, in any case, suffices. */
  readonly stopwords: readonly string[]
  /** Both a pattern and a word must be found, of the two those that are given. */
  readonly needsAll: boolean
}

/** Whether one of the lists says that what was found is no secret. */
export function isAllowed(lists: readonly Allowlist[], text: string, match: SecretMatch): boolean {
  return lists.some((list) => allows(list, text, match))
}

function allows(
  { target, regexes, stopwords, needsAll }: Allowlist,
  text: string,
  match: SecretMatch,
): boolean {
  const looked = lookedAt(target, text, match)
  const secret = text.slice(match.from, match.to).toLowerCase()
  const hasPattern = regexes.some((regex) => regex.test(looked))
  const hasWord = stopwords.some((word) => secret.includes(word))
  if (!needsAll) return hasPattern || hasWord
  return (hasPattern || regexes.length === 0) && (hasWord || stopwords.length === 0)
}

function lookedAt(target: Allowlist['target'], text: string, { start, end, from, to }: SecretMatch): string {
  if (target === 'secret') return text.slice(from, to)
  if (target === 'match') return text.slice(start, end)
  const lineEnd = text.indexOf('\n', end)
  return text.slice(text.lastIndexOf('\n', start - 1) + 1, lineEnd === -1 ? text.length : lineEnd)
}
