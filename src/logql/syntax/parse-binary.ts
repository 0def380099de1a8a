import type { BinaryExpr, BinaryOp, Expr, VectorMatching } from './ast.ts'
import { type Cursor, MAX_CHAIN, tooDeep } from './cursor.ts'
import { foldLiterals } from './fold.ts'
import { parseLabelList } from './parse-range.ts'

const PRECEDENCE: ReadonlyMap<string, number> = new Map([
  ['or', 1],
  ['and', 2],
  ['unless', 2],
  ['==', 3],
  ['!=', 3],
  ['>', 3],
  ['>=', 3],
  ['<', 3],
  ['<=', 3],
  ['+', 4],
  ['-', 4],
  ['*', 5],
  ['/', 5],
  ['%', 5],
  ['^', 6],
])

/** Whether the operator joins sets of series. */
export function isSetOp(op: BinaryOp): op is 'and' | 'or' | 'unless' {
  return op === 'and' || op === 'or' || op === 'unless'
}

/**
 * Precedence climbing over binary operators; `^` alone is right-associative. Log expressions parse as
 * operands, because Loki finds fault with them only afterwards.
 */
export function parseBinary(cursor: Cursor, parseOperand: (cursor: Cursor) => Expr, minPrecedence = 1): Expr {
  let left = parseOperand(cursor)
  for (let chained = 0; ; chained++) {
    const op = cursor.token.kind
    const precedence = PRECEDENCE.get(op)
    if (precedence === undefined || precedence < minPrecedence) return left
    if (chained > MAX_CHAIN) throw tooDeep()
    cursor.take()
    const bool = cursor.accept('bool')
    const matching = parseMatching(cursor)
    const rightPrecedence = op === '^' ? precedence : precedence + 1
    const right = cursor.nested(() => parseBinary(cursor, parseOperand, rightPrecedence))
    left = makeBinary(cursor, op as BinaryOp, bool, matching, left, right)
  }
}

function parseMatching(cursor: Cursor): VectorMatching | undefined {
  if (!cursor.is('on') && !cursor.is('ignoring')) return undefined
  const on = cursor.take().kind === 'on'
  const labels = parseLabelList(cursor)
  if (!cursor.is('group_left') && !cursor.is('group_right')) {
    return { on, labels, many: 'none', include: [] }
  }
  const many = cursor.take().kind === 'group_left' ? 'left' : 'right'
  return { on, labels, many, include: cursor.is('(') ? parseIncluded(cursor) : [] }
}

/**
 * The list after `group_left`. Where no label follows the parenthesis, it opens the right operand instead.
 */
function parseIncluded(cursor: Cursor): string[] {
  return cursor.nextKind === 'IDENTIFIER' || cursor.nextKind === ')' ? parseLabelList(cursor) : []
}

function makeBinary(
  cursor: Cursor,
  op: BinaryOp,
  bool: boolean,
  matching: VectorMatching | undefined,
  left: Expr,
  right: Expr,
): Expr {
  checkLeg(cursor, op, 'left', left)
  checkLeg(cursor, op, 'right', right)
  // A log expression as a leg is an error that is reported when the whole query has parsed.
  if (left.kind === 'log' || right.kind === 'log') return { kind: 'literal', value: 0 }
  if (left.kind === 'literal' && right.kind === 'literal' && !isSetOp(op)) {
    return { kind: 'literal', value: foldLiterals(op, left.value, right.value) }
  }
  const expr: BinaryExpr = { kind: 'binary', op, bool, matching, left, right }
  return expr
}

function checkLeg(cursor: Cursor, op: BinaryOp, side: 'left' | 'right', leg: Expr): void {
  if (leg.kind === 'log') {
    const type = leg.stages.length === 0 ? '*syntax.MatchersExpr' : '*syntax.PipelineExpr'
    cursor.defer(`unexpected type for ${side} leg of binary operation (${op}): ${type}`)
  } else if (leg.kind === 'literal' && isSetOp(op)) {
    const value = leg.value.toFixed(6)
    cursor.defer(`unexpected literal for ${side} leg of logical/set binary operation (${op}): ${value}`)
  }
}
