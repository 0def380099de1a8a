import type { Regex } from '#base/regex/regex.ts'

/** Where in a line a pattern matched, and where in the match the secret stands. */
export interface SecretMatch {
  /** The match's first character. */
  readonly start: number
  /** Behind the match's last character. */
  readonly end: number
  /** The secret's first character. */
  readonly from: number
  /** Behind the secret's last character. */
  readonly to: number
}

/** Finds what a rule is about in a line, one match after the other. */
export type SecretPattern = (line: string) => readonly SecretMatch[]

const NONE: readonly SecretMatch[] = []

/** A global RegExp whose group 1 is the secret, or the whole match where there is no group. */
export function regExpPattern(regExp: RegExp): SecretPattern {
  return (line) => {
    let matches: SecretMatch[] | undefined
    for (const match of line.matchAll(regExp)) {
      const start = match.index
      const text = match[1] ?? match[0]
      // The group stands at the end of a match but for a fixed text, so its last place is the right one.
      const from = start + (match[1] === undefined ? 0 : match[0].lastIndexOf(text))
      matches ??= []
      matches.push({ start, end: start + match[0].length, from, to: from + text.length })
    }
    return matches ?? NONE
  }
}

/**
 * A pattern of RE2's language. The secret is the group of that number; for 0 the first group that is not
 * empty, or else the whole match, as Gitleaks has it.
 */
export function regexPattern(regex: Regex, secretGroup: number): SecretPattern {
  return (line) =>
    regex.spans(line).map((span) => {
      let group = secretGroup
      if (group === 0) {
        group = regex.groupNames.findIndex((_, i) => i > 0 && span[2 * i] < span[2 * i + 1])
        if (group === -1) group = 0
      }
      return { start: span[0], end: span[1], from: span[2 * group], to: span[2 * group + 1] }
    })
}
