import { LogqlError } from '../error.ts'
import type { CompareOp, LabelFilter } from './ast.ts'
import { type Cursor, MAX_CHAIN, tooDeep } from './cursor.ts'
import { parseNumber } from './parse-number.ts'
import { isMatcherOp, makeMatcher } from './parse-selector.ts'

const COMPARE_OPS: ReadonlySet<string> = new Set(['=', '==', '!=', '>', '>=', '<', '<='])

/**
 * A label filter. `and` binds tighter than `or`, both from the left. A comma, or nothing, between two
 * conditions is also "and", but without precedence: everything to its right becomes its right operand, and
 * the group it forms is the right operand of whatever operator is pending on its left.
 */
export function parseLabelFilter(cursor: Cursor): LabelFilter {
  return parseOr(cursor)
}

function parseOr(cursor: Cursor): LabelFilter {
  let left = parseAnd(cursor)
  for (let chained = 0; cursor.is('or'); chained++) {
    if (chained > MAX_CHAIN) throw tooDeep()
    cursor.take()
    expectOperand(cursor)
    left = { kind: 'or', left, right: parseAnd(cursor) }
  }
  return left
}

function parseAnd(cursor: Cursor): LabelFilter {
  let left = parseGroup(cursor)
  for (let chained = 0; cursor.is('and'); chained++) {
    if (chained > MAX_CHAIN) throw tooDeep()
    cursor.take()
    expectOperand(cursor)
    left = { kind: 'and', left, right: parseGroup(cursor) }
  }
  return left
}

/** One condition, and what a comma or juxtaposition ties to it. */
function parseGroup(cursor: Cursor): LabelFilter {
  const left = parseAtom(cursor)
  if (cursor.accept(',')) {
    expectOperand(cursor)
    return { kind: 'and', left, right: cursor.nested(() => parseOr(cursor)) }
  }
  if (cursor.is('IDENTIFIER') || cursor.is('(')) {
    return { kind: 'and', left, right: cursor.nested(() => parseOr(cursor)) }
  }
  return left
}

function expectOperand(cursor: Cursor): void {
  if (!cursor.is('IDENTIFIER') && !cursor.is('(')) cursor.unexpected('IDENTIFIER or (')
}

function parseAtom(cursor: Cursor): LabelFilter {
  if (cursor.accept('(')) {
    const inner = cursor.nested(() => parseOr(cursor))
    cursor.expectAmongOthers(')')
    return inner
  }
  if (!cursor.is('IDENTIFIER')) cursor.unexpected()
  const nameToken = cursor.take()
  const name = nameToken.text
  const op = cursor.token.kind
  if (!isMatcherOp(op) && !COMPARE_OPS.has(op)) cursor.unexpected()
  cursor.take()
  if (!/^[a-zA-Z_]\w*$/.test(name)) {
    throw new LogqlError(
      `parse error at line ${nameToken.line}, col ${nameToken.col}: syntax error: unexpected IDENTIFIER`,
    )
  }
  if (op === '=~' || op === '!~') {
    return { kind: 'string', matcher: makeMatcher(name, op, cursor.expect('STRING').text) }
  }
  if ((op === '=' || op === '!=') && cursor.is('STRING')) {
    return { kind: 'string', matcher: makeMatcher(name, op, cursor.take().text) }
  }
  if ((op === '=' || op === '!=') && cursor.accept('ip')) {
    cursor.expect('(')
    const pattern = cursor.expect('STRING').text
    cursor.expect(')')
    return { kind: 'ip', name, op, pattern }
  }
  return parseComparison(cursor, name, op as CompareOp | '=')
}

function parseComparison(cursor: Cursor, name: string, op: CompareOp | '='): LabelFilter {
  const { kind, value } = cursor.token
  if (kind === 'DURATION' || kind === 'BYTES') {
    cursor.take()
    return { kind: 'compare', unit: kind === 'BYTES' ? 'bytes' : 'duration', name, op, value }
  }
  if (kind === '+' || kind === '-' || kind === 'NUMBER') {
    return { kind: 'compare', unit: 'number', name, op, value: parseNumber(cursor) }
  }
  cursor.unexpected()
}
