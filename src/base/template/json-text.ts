import { formatTime } from './time-layout.ts'
import { isMap, isNamedInt, isSlice, isTime, type Value } from './values.ts'

/** How {@link toJson} writes. */
export interface JsonTextOptions {
  /** `<`, `>` and `&` as escapes, as Go's encoder has it by default. */
  readonly isHtmlSafe?: boolean
  /** Spaces per level; absent: everything on one line. */
  readonly indent?: number
}

/** A template's value as Go's `json.Marshal` writes it: keys of maps in order. */
export function toJson(value: Value, options: JsonTextOptions): string {
  const text = JSON.stringify(plain(value), undefined, options.indent)
  if (options.isHtmlSafe !== true) return text
  return text.replace(/[<>&]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function plain(value: Value): unknown {
  if (value === undefined) return null
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'object') return value
  if (isSlice(value)) return value.map(plain)
  if (isMap(value))
    return Object.fromEntries([...value.keys()].sort().map((key) => [key, plain(value.get(key))]))
  if (isTime(value)) return formatTime(value, '2006-01-02T15:04:05.999999999Z07:00')
  return isNamedInt(value) ? Number(value.value) : null
}
