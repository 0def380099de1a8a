import { isRelabelRules } from '#base/relabel.ts'
import { isSecret, type Secret } from './secret.ts'

/**
 * A value of the configuration language. Integers are BigInts, floats are numbers; objects are Maps, so that
 * no key can be mistaken for a property of JavaScript's own.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | readonly Value[]
  | ObjectValue
  | FunctionValue
  | Capsule
  | Secret

/** An object of the language. */
export type ObjectValue = ReadonlyMap<string, Value>

/** A function of the standard library. */
export interface FunctionValue {
  readonly kind: 'function'
  readonly name: string
  /** Throws an Error with a message for people; the caller adds the place. */
  readonly call: (args: readonly Value[]) => Value
}

/** A value of the host that the language only passes on, e.g. a receiver of log lines. */
export interface Capsule {
  readonly kind: 'capsule'
  /** The name in messages: `LogsReceiver`, `RelabelRules`. */
  readonly type: string
  readonly value: unknown
}

/** Whether a value is an object of the language. */
export function isObject(value: Value): value is ObjectValue {
  return value instanceof Map
}

/** Whether a value is an array of the language. */
export function isArray(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

/** Whether a value is an integer or a float. */
export function isNumber(value: Value): value is bigint | number {
  return typeof value === 'bigint' || typeof value === 'number'
}

/** Whether a value is a function. */
export function isFunction(value: Value): value is FunctionValue {
  return isTagged(value) && value.kind === 'function'
}

/** Whether a value is a capsule other than a secret. */
export function isCapsule(value: Value): value is Capsule {
  return isTagged(value) && value.kind === 'capsule'
}

function isTagged(value: Value): value is FunctionValue | Capsule | Secret {
  return typeof value === 'object' && value !== null && !isArray(value) && !isObject(value)
}

/** The type's name in messages, as Alloy has it. */
export function typeName(value: Value): string {
  if (value === null) return 'null'
  if (isNumber(value)) return 'number'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  if (isArray(value)) return 'array'
  if (isObject(value)) return 'object'
  return isFunction(value) ? 'function' : 'capsule'
}

/** As {@link typeName}, with the kind of a capsule: `capsule("LogsReceiver")`. */
export function detailedTypeName(value: Value): string {
  if (isSecret(value)) return 'capsule("secret")'
  return isCapsule(value) ? `capsule("${value.type}")` : typeName(value)
}

/** Go's text for a number: integers in decimal, floats in fixed notation with the shortest exact digits. */
export function numberText(value: bigint | number): string {
  if (typeof value === 'bigint' || Number.isInteger(value)) return BigInt(value).toString()
  const text = String(value)
  if (!text.includes('e')) return text === 'Infinity' ? '+Inf' : text === '-Infinity' ? '-Inf' : text
  // Only tiny fractions are left: 1.5e-7.
  const [mantissa, exponent] = text.split('e')
  const digits = mantissa.replace('-', '').replace('.', '')
  const sign = mantissa.startsWith('-') ? '-' : ''
  return `${sign}0.${'0'.repeat(-Number(exponent) - 1)}${digits}`
}

/**
 * Takes what a component exports into the language. Whole numbers become integers; what is not data a
 * capsule.
 */
export function fromHost(value: unknown): Value {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint') return value
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (isSecret(value)) return value
  if (Array.isArray(value)) return value.map(fromHost)
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [String(key), fromHost(item)]))
  if (isRelabelRules(value)) return { kind: 'capsule', type: 'RelabelRules', value }
  if (typeof value === 'object' && 'push' in value && typeof value.push === 'function') {
    return { kind: 'capsule', type: 'LogsReceiver', value }
  }
  if (typeof value === 'object') return objectFromHost(value as Record<string, unknown>)
  return { kind: 'capsule', type: typeof value, value }
}

/** As {@link fromHost}, for what is an object for certain: a component's exports. */
export function objectFromHost(record: Readonly<Record<string, unknown>>): ObjectValue {
  return new Map(Object.entries(record).map(([key, item]) => [key, fromHost(item)]))
}

/** Gives a value to code outside the language: integers that fit become numbers, objects become records. */
export function toHost(value: Value): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (isArray(value)) return value.map(toHost)
  if (isObject(value)) return Object.fromEntries([...value].map(([key, item]) => [key, toHost(item)]))
  return isCapsule(value) ? value.value : value
}
