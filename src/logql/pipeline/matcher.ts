import { compileRegex } from '#base/regex/regex.ts'
import type { LabelMatcher } from '#store/types.ts'
import type { Matcher } from '../syntax/ast.ts'

/**
 * A matcher that can be asked. Patterns match the whole value, and their dot matches a newline too.
 * @throws Error ``error parsing regexp: …`` where the pattern is none
 */
export function compileMatcher({ name, op, value }: Matcher): LabelMatcher {
  switch (op) {
    case '=':
      return { name, op, value, matches: (text) => text === value }
    case '!=':
      return { name, op, value, matches: (text) => text !== value }
    default: {
      const regex = compileRegex(value, { anchored: true, dotAll: true })
      const wanted = op === '=~'
      return { name, op, value, matches: (text) => regex.test(text) === wanted }
    }
  }
}
