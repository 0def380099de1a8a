/** A JSON number with the digits it was written with: Loki makes labels of the text, not of the value. */
export interface NumberText {
  readonly numberText: string
}

/** A JSON value as the page shows it. */
export type JsonValue = null | boolean | string | NumberText | readonly JsonValue[] | JsonObject

/** A JSON object as the page shows it. */
export interface JsonObject {
  readonly [key: string]: JsonValue
}

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown

const keepNumberText: Reviver = (_key, value, context) =>
  typeof value === 'number' ? { numberText: context?.source ?? String(value) } : value

/** The object a line consists of, or null where it is not one JSON object. */
export function parseJsonLine(line: string): JsonObject | null {
  if (!/^\s*\{/.test(line)) return null
  try {
    return JSON.parse(line, keepNumberText as Parameters<typeof JSON.parse>[1]) as JsonObject
  } catch {
    return null
  }
}

/** Whether a value is a number with its text. */
export function isNumberText(value: JsonValue): value is NumberText {
  return typeof value === 'object' && value !== null && typeof (value as NumberText).numberText === 'string'
}

/** Whether a value has children. */
export function isBranch(value: JsonValue): value is readonly JsonValue[] | JsonObject {
  return typeof value === 'object' && value !== null && !isNumberText(value)
}

/** A leaf as text, the way Loki's `| json` makes a label of it; arrays and objects as JSON. */
export function leafText(value: JsonValue): string {
  if (typeof value === 'string') return value
  if (value === null || typeof value === 'boolean') return String(value)
  return isNumberText(value) ? value.numberText : printJson(value)
}

/** JSON text of a value, numbers as they were written. */
export function printJson(value: JsonValue): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (isNumberText(value)) return value.numberText
  if (Array.isArray(value)) return `[${value.map(printJson).join(',')}]`
  const members = Object.entries(value as JsonObject).map(
    ([key, v]) => `${JSON.stringify(key)}:${printJson(v)}`,
  )
  return `{${members.join(',')}}`
}

/**
 * A label name made from a key the way Loki does it: other characters become `_`, a leading digit gets
 * one.
 */
export function labelName(key: string): string {
  const name = key.trim().replace(/[^A-Za-z0-9_]/gu, '_')
  return /^[0-9]/.test(name) ? `_${name}` : name
}

/** One leaf of a JSON line: the name `| json` gives it, and its text. */
export interface JsonLeaf {
  readonly name: string
  readonly value: string
}

/** The leaves `| json` would make labels of: arrays and nulls are left out, nested keys joined with `_`. */
export function jsonLeaves(object: JsonObject, limit: number): JsonLeaf[] {
  const leaves: JsonLeaf[] = []
  const walk = (node: JsonObject, prefix: string) => {
    for (const [key, value] of Object.entries(node)) {
      if (leaves.length >= limit) return
      const name = joinName(prefix, key)
      if (value === null || Array.isArray(value)) continue
      if (isBranch(value)) walk(value as JsonObject, name)
      else if (name !== '') leaves.push({ name: labelName(name), value: leafText(value) })
    }
  }
  walk(object, '')
  return leaves
}

/** The flat name of a nested key; blank segments are skipped. */
export function joinName(prefix: string, key: string): string {
  const part = key.trim()
  if (part === '') return prefix
  return prefix === '' ? part : `${prefix}_${part}`
}
