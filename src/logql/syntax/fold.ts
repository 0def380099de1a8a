import type { ArithmeticOp, CompareOp } from './ast.ts'

/**
 * Arithmetic and comparison of two numbers, as LogQL has them: division and remainder by zero are NaN,
 * `%` keeps the dividend's sign, a comparison is 1 or 0.
 */
export function foldLiterals(op: ArithmeticOp | CompareOp, left: number, right: number): number {
  switch (op) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return right === 0 ? Number.NaN : left / right
    case '%':
      return right === 0 ? Number.NaN : left % right
    case '^':
      return power(left, right)
    default:
      return compareNumbers(op, left, right) ? 1 : 0
  }
}

/** IEEE's pow, where JavaScript differs: 1 to anything is 1, and −1 to ±Inf is 1. */
function power(left: number, right: number): number {
  if (left === 1 || (left === -1 && !Number.isFinite(right) && !Number.isNaN(right))) return 1
  return left ** right
}

/** Whether the comparison holds; NaN is unequal to everything. */
export function compareNumbers(op: CompareOp | '=', left: number, right: number): boolean {
  switch (op) {
    case '=':
    case '==':
      return left === right
    case '!=':
      return left !== right
    case '>':
      return left > right
    case '>=':
      return left >= right
    case '<':
      return left < right
    case '<=':
      return left <= right
  }
}
