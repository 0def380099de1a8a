import type { BinaryOperator } from '../syntax/ast.ts'
import { isUint64Only } from '../syntax/literal.ts'
import { deepEqual } from './deep-equal.ts'
import { isSecret, makeSecret } from './secret.ts'
import { isArray, isCapsule, isFunction, isNumber, isObject, typeName, type Value } from './value.ts'

/** A wrong operand: which of the two, and what to say after its text (`should be number, got string`). */
export class OperandError extends Error {
  readonly side: 'left' | 'right'

  constructor(side: 'left' | 'right', message: string) {
    super(message)
    this.side = side
  }
}

/**
 * Applies a binary operator to evaluated operands.
 * @throws OperandError for an operand of the wrong type, Error for a division by zero.
 */
export function applyBinary(operator: BinaryOperator, left: Value, right: Value): Value {
  switch (operator) {
    case '||':
    case '&&': {
      const a = requireBool(left, 'left')
      const b = requireBool(right, 'right')
      return operator === '||' ? a || b : a && b
    }
    case '==':
      return valuesEqual(left, right)
    case '!=':
      return !valuesEqual(left, right)
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compare(operator, left, right)
    case '+':
      return add(left, right)
    default:
      return arithmetic(
        operator,
        requireNumber(operator, left, 'left'),
        requireNumber(operator, right, 'right'),
      )
  }
}

function requireBool(value: Value, side: 'left' | 'right'): boolean {
  if (typeof value === 'boolean') return value
  throw new OperandError(side, `should be bool, got ${typeName(value)}`)
}

function requireNumber(operator: BinaryOperator, value: Value, side: 'left' | 'right'): bigint | number {
  if (isNumber(value)) return value
  throw new OperandError(side, `should be one of [number] for binop ${operator}, got ${typeName(value)}`)
}

/** The language's `==`: numbers by value whatever their kind, functions never, the rest by content. */
export function valuesEqual(a: Value, b: Value): boolean {
  // JavaScript compares a BigInt with a number by value.
  // biome-ignore lint/suspicious/noDoubleEquals: the loose comparison is the point
  if (isNumber(a) && isNumber(b)) return a == b
  if (a === null || b === null) return a === b
  if (isFunction(a) || isFunction(b)) return false
  if (isArray(a)) {
    return isArray(b) && a.length === b.length && a.every((item, i) => valuesEqual(item, b[i]))
  }
  if (isObject(a)) {
    if (!isObject(b) || a.size !== b.size) return false
    return [...a].every(([key, item]) => {
      const other = b.get(key)
      return other !== undefined && valuesEqual(item, other)
    })
  }
  if (isCapsule(a)) return isCapsule(b) && a.type === b.type && deepEqual(a.value, b.value)
  return isSecret(a) ? deepEqual(a, b) : a === b
}

function compare(operator: '<' | '<=' | '>' | '>=', left: Value, right: Value): boolean {
  if (!isNumber(left) && typeof left !== 'string') {
    const got = typeName(left)
    throw new OperandError('left', `should be one of [number string] for binop ${operator}, got ${got}`)
  }
  if (typeName(left) !== typeName(right)) {
    throw new OperandError('right', `should be ${typeName(left)}, got ${typeName(right)}`)
  }
  const order = order3(left, right)
  if (operator === '<') return order < 0
  if (operator === '<=') return order <= 0
  return operator === '>' ? order > 0 : order >= 0
}

/** Negative, zero, positive; NaN where a float is not a number, so that every comparison is false. */
function order3(left: bigint | number | string, right: Value): number {
  if (typeof left === 'string') return Buffer.compare(Buffer.from(left), Buffer.from(String(right)))
  const other = right as bigint | number
  if (left < other) return -1
  if (left > other) return 1
  return Number.isNaN(Number(left)) || Number.isNaN(Number(other)) ? Number.NaN : 0
}

function add(left: Value, right: Value): Value {
  if (isSecret(left) || isSecret(right)) {
    return makeSecret(secretPart(left, 'left') + secretPart(right, 'right'))
  }
  if (!isNumber(left) && typeof left !== 'string') {
    throw new OperandError(
      'left',
      `should be one of [number string capsule] for binop +, got ${typeName(left)}`,
    )
  }
  if (typeof left === 'string') {
    if (typeof right === 'string') return left + right
    throw new OperandError('right', `should be string, got ${typeName(right)}`)
  }
  if (!isNumber(right)) throw new OperandError('right', `should be number, got ${typeName(right)}`)
  return arithmetic('+', left, right)
}

function secretPart(value: Value, side: 'left' | 'right'): string {
  if (isSecret(value)) return value.reveal()
  if (typeof value === 'string') return value
  throw new OperandError(side, `should be string, got ${typeName(value)}`)
}

type Arithmetic = '+' | '-' | '*' | '/' | '%' | '^'

function arithmetic(operator: Arithmetic, left: bigint | number, right: bigint | number): bigint | number {
  if ((operator === '/' || operator === '%') && Number(right) === 0) throw new Error('divide by zero error')
  if (typeof left === 'number' || typeof right === 'number') {
    return floatArithmetic(operator, Number(left), Number(right))
  }
  const result = integerArithmetic(operator, left, right)
  // Two unsigned operands stay unsigned, anything else wraps as a signed 64-bit number does.
  const unsigned = isUint64Only(left) && isUint64Only(right)
  return unsigned ? BigInt.asUintN(64, result) : BigInt.asIntN(64, result)
}

function floatArithmetic(operator: Arithmetic, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return left / right
    case '%':
      return left % right
    case '^':
      return left ** right
  }
}

function integerArithmetic(operator: Arithmetic, left: bigint, right: bigint): bigint {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return left / right
    case '%':
      return left % right
    case '^':
      return integerPower(left, right)
  }
}

/**
 * Wraps at 64 bits on the way, so that the cost stays bounded; a negative exponent multiplies nothing and
 * gives 1.
 */
function integerPower(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let factor = BigInt.asIntN(64, base)
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asIntN(64, result * factor)
    factor = BigInt.asIntN(64, factor * factor)
  }
  return result
}

/**
 * Applies a unary operator.
 * @throws OperandError for an operand of the wrong type.
 */
export function applyUnary(operator: '!' | '-', value: Value): Value {
  if (operator === '!') return !requireBool(value, 'left')
  if (!isNumber(value)) throw new OperandError('left', `should be number, got ${typeName(value)}`)
  return typeof value === 'bigint' ? BigInt.asIntN(64, -value) : -value
}
