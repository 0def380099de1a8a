import type { GoTime } from './go-time.ts'

/**
 * A value in a template: string, bool (boolean), int64 (bigint), float64 (number), nil (undefined), slice
 * (array), map (Map), a moment in time, or a named constant such as a month.
 */
export type Value =
  | string
  | boolean
  | bigint
  | number
  | undefined
  | readonly Value[]
  | ReadonlyMap<string, Value>
  | GoTime
  | NamedInt

/** A constant that prints as its name: `November`, `Friday`. */
export interface NamedInt {
  readonly type: 'time.Month' | 'time.Weekday'
  readonly name: string
  readonly value: bigint
}

/** Whether a value is a slice. */
export function isSlice(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

/** Whether a value is a map. */
export function isMap(value: Value): value is ReadonlyMap<string, Value> {
  return value instanceof Map
}

/** Whether a value is a moment. */
export function isTime(value: Value): value is GoTime {
  return typeof value === 'object' && 'zone' in value
}

/** Whether a value is a named constant. */
export function isNamedInt(value: Value): value is NamedInt {
  return typeof value === 'object' && 'type' in value
}

/** Go's name of a value's type. */
export function typeName(value: Value): string {
  if (value === undefined) return '<nil>'
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return 'float64'
    default:
      if (isSlice(value)) return '[]interface {}'
      if (isMap(value)) return 'map[string]interface {}'
      return isTime(value) ? 'time.Time' : value.type
  }
}

/** Go templates' truth: zero, empty and nil are false. */
export function isTrue(value: Value): boolean {
  if (value === undefined) return false
  switch (typeof value) {
    case 'string':
      return value !== ''
    case 'boolean':
      return value
    case 'bigint':
      return value !== 0n
    case 'number':
      return value !== 0
    default:
      if (isSlice(value)) return value.length > 0
      if (isMap(value)) return value.size > 0
      return isTime(value) || value.value !== 0n
  }
}
