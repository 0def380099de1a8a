/**
 * OpenTelemetry's `AnyValue`. Integers are bigint, for all 64 bits; a value that is none of the kinds is
 * undefined.
 */
export type AnyValue =
  | string
  | boolean
  | number
  | bigint
  | Uint8Array
  | readonly AnyValue[]
  | AnyMap
  | undefined

/** A map, in the order sent. */
export interface AnyMap {
  readonly fields: readonly Attribute[]
}

/** A name and its value. */
export type Attribute = readonly [name: string, value: AnyValue]

/** How deep values may lie in one another. */
export const MAX_DEPTH = 64

/** A value as Loki writes it into a line or a label: texts as they are, maps and arrays as compact JSON. */
export function anyValueText(value: AnyValue): string {
  if (typeof value === 'string') return value
  if (value === undefined) return ''
  if (typeof value === 'object') {
    return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : anyValueJson(value)
  }
  return String(value)
}

function anyValueJson(value: AnyValue): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'undefined':
      return 'null'
    case 'number':
      return Number.isFinite(value) ? String(value) : `"${value}"`
    case 'object':
      if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('base64')}"`
      if ('fields' in value) {
        const members = value.fields.map(([name, inner]) => `${JSON.stringify(name)}:${anyValueJson(inner)}`)
        return `{${members.join(',')}}`
      }
      return `[${value.map(anyValueJson).join(',')}]`
    default:
      return String(value)
  }
}

/** Adds an attribute to `pairs`, a map as one pair per field, `parent_child`; empty values are left out. */
export function flattenAttribute([name, value]: Attribute, pairs: [name: string, value: string][]): void {
  if (typeof value === 'object' && 'fields' in value) {
    for (const [child, inner] of value.fields) flattenAttribute([`${name}_${child}`, inner], pairs)
    return
  }
  const text = anyValueText(value)
  if (text !== '') pairs.push([name, text])
}
