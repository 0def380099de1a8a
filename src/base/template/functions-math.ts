import { parseGoFloat } from '../gofloat.ts'
import {
  addDecimals,
  type Decimal,
  divideDecimals,
  fromDecimal,
  multiplyDecimals,
  subtractDecimals,
  toDecimal,
} from './decimal.ts'
import { type FunctionTable, fn } from './functions.ts'
import { parseInteger } from './numbers.ts'
import { isNamedInt, type Value } from './values.ts'

/** Sprig's lenient `int64`: texts lose a decimal tail; what is no number is 0. */
export function toInt(value: Value): bigint {
  switch (typeof value) {
    case 'bigint':
      return value
    case 'number':
      return Number.isFinite(value) ? BigInt.asIntN(64, BigInt(Math.trunc(value))) : 0n
    case 'boolean':
      return value ? 1n : 0n
    case 'string':
      // A tail of zeros counts as none; any other is cut.
      return parseInteger(value.replace(/\.\d*$/, '')) ?? 0n
    default:
      return value !== undefined && isNamedInt(value) ? value.value : 0n
  }
}

/** Sprig's lenient `float64`. */
export function toFloat(value: Value): number {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return Number(toInt(value))
  try {
    return parseGoFloat(value)
  } catch {
    return 0
  }
}

const wrap = (value: bigint): bigint => BigInt.asIntN(64, value)

function divide(a: Value, b: Value, remainder: boolean): bigint {
  const divisor = toInt(b)
  if (divisor === 0n) throw new Error('runtime error: integer divide by zero')
  return wrap(remainder ? toInt(a) % divisor : toInt(a) / divisor)
}

/** The argument that beats all others. */
function pick(args: readonly Value[], beats: (a: bigint, b: bigint) => boolean): bigint {
  let best = toInt(args[0])
  for (const arg of args) if (beats(toInt(arg), best)) best = toInt(arg)
  return best
}

/** A chain of exact decimal operations from the left; one argument is its own result. */
function chain(operate: (a: Decimal, b: Decimal) => Decimal): (...args: Value[]) => number {
  return (...args) => {
    const decimals = args.map((arg) => toDecimal(toFloat(arg)))
    return decimals.length === 0 ? 0 : fromDecimal(decimals.reduce(operate))
  }
}

function round(value: Value, places: bigint, on = 0.5): number {
  const factor = 10 ** Number(places)
  const scaled = factor * toFloat(value)
  const fraction = scaled % 1
  const up = Math.abs(fraction) >= on
  const rounded =
    scaled < 0 ? (up ? Math.floor(scaled) : Math.ceil(scaled)) : up ? Math.ceil(scaled) : Math.floor(scaled)
  return rounded / factor
}

/** Functions on numbers. */
export const MATH_FUNCTIONS: FunctionTable = {
  int: fn('any', toInt),
  float64: fn('any', toFloat),
  add: fn('…any', (...args: Value[]) => args.reduce<bigint>((sum, arg) => wrap(sum + toInt(arg)), 0n)),
  sub: fn('any, any', (a: Value, b: Value) => wrap(toInt(a) - toInt(b))),
  mul: fn('any, …any', (...args: Value[]) =>
    args.reduce<bigint>((product, arg) => wrap(product * toInt(arg)), 1n),
  ),
  div: fn('any, any', (a: Value, b: Value) => divide(a, b, false)),
  mod: fn('any, any', (a: Value, b: Value) => divide(a, b, true)),
  max: fn('any, …any', (...args: Value[]) => pick(args, (a, b) => a > b)),
  min: fn('any, …any', (...args: Value[]) => pick(args, (a, b) => a < b)),
  addf: fn('…any', chain(addDecimals)),
  subf: fn('any, …any', chain(subtractDecimals)),
  mulf: fn('any, …any', chain(multiplyDecimals)),
  divf: fn('any, …any', chain(divideDecimals)),
  maxf: fn('any, …any', (...args: Value[]) => Math.max(...args.map(toFloat))),
  minf: fn('any, …any', (...args: Value[]) => Math.min(...args.map(toFloat))),
  ceil: fn('any', (value: Value) => Math.ceil(toFloat(value))),
  floor: fn('any', (value: Value) => Math.floor(toFloat(value))),
  round: fn('any, int, …float64', (value: Value, places: bigint, on?: number) => round(value, places, on)),
}
