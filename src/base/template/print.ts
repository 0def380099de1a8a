import { formatGoFloatExponent } from '../gofloat.ts'
import { timeText } from './time-layout.ts'
import { isMap, isSlice, isTime, type Value } from './values.ts'

/** Go's `%v` of a value, as `print` and actions write it. */
export function printValue(value: Value, nil = '<nil>'): string {
  if (value === undefined) return nil
  switch (typeof value) {
    case 'string':
      return value
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'number':
      return formatGoFloatExponent(value)
    default:
      if (isSlice(value)) return `[${value.map((item) => printValue(item)).join(' ')}]`
      if (isMap(value)) {
        const keys = [...value.keys()].sort()
        return `map[${keys.map((key) => `${key}:${printValue(value.get(key))}`).join(' ')}]`
      }
      return isTime(value) ? timeText(value) : value.name
  }
}
