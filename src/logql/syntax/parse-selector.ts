import { errorMessage } from '#base/errors.ts'
import { compileRegex } from '#base/regex/regex.ts'
import type { MatcherOp } from '#store/types.ts'
import { LogqlError } from '../error.ts'
import type { Matcher } from './ast.ts'
import type { Cursor } from './cursor.ts'

const MATCHER_OPS: ReadonlySet<string> = new Set(['=', '=~', '!~', '!='])

/** Whether a token's kind is one of the four operators of a matcher. */
export function isMatcherOp(kind: string): kind is MatcherOp {
  return MATCHER_OPS.has(kind)
}

/** `{a="b", c=~"d"}`. */
export function parseSelectorBraces(cursor: Cursor): Matcher[] {
  cursor.expect('{')
  const matchers: Matcher[] = []
  if (cursor.accept('}')) return matchers
  let expecting = 'IDENTIFIER or }'
  for (;;) {
    const name = cursor.expect('IDENTIFIER', expecting).text
    if (!/^[a-zA-Z_]\w*$/.test(name)) throw unsupportedName()
    const op = cursor.token.kind
    if (!isMatcherOp(op)) cursor.unexpected('= or =~ or !~ or !=')
    cursor.take()
    matchers.push(makeMatcher(name, op, cursor.expect('STRING').text))
    if (cursor.accept('}')) return matchers
    cursor.expect(',', '} or ,')
    expecting = 'IDENTIFIER'
  }
}

/** Loki prints such a name in quotes and then fails to read its own text; its message is kept. */
function unsupportedName(): LogqlError {
  return new LogqlError(
    'parse error at line 1, col 2: syntax error: unexpected STRING, expecting IDENTIFIER or }',
  )
}

/**
 * A matcher whose pattern, if it has one, compiles.
 * @throws LogqlError ``parse error : error parsing regexp: …``
 */
export function makeMatcher(name: string, op: MatcherOp, value: string): Matcher {
  if (op === '=~' || op === '!~') {
    try {
      compileRegex(value, { anchored: true, dotAll: true })
    } catch (thrown) {
      throw new LogqlError(`parse error : ${errorMessage(thrown)}`)
    }
  }
  return { name, op, value }
}
