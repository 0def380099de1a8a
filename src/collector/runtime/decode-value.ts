import { parseGoDuration } from '#base/duration.ts'
import { nearest } from '#base/suggest.ts'
import type { Expression } from '../syntax/ast.ts'
import { DiagnosticsError, errorAt } from '../syntax/diagnostic.ts'
import { isIdentifier, parseNumberLiteral } from '../syntax/literal.ts'
import type { Source } from '../syntax/source.ts'
import type { ArgType } from './component.ts'
import { sourceText } from './evaluate.ts'
import { isSecret } from './secret.ts'
import { parseSize } from './size.ts'
import {
  detailedTypeName,
  isArray,
  isCapsule,
  isNumber,
  isObject,
  numberText,
  toHost,
  typeName,
  type Value,
} from './value.ts'

/** Where a value came from: the expression while that can be told, and how its text reads in a message. */
export interface ValueOrigin {
  readonly source: Source
  readonly expression: Expression
  /** What to add to the expression's text: `[2]`, `.name`. */
  readonly path: string
}

/** What the host's types are called in Alloy's messages. */
const CAPSULE_NAMES = { LogsReceiver: 'loki.LogsReceiver', RelabelRules: 'alloy_relabel.Rules' } as const

/**
 * Converts a value to what an argument of `type` takes (see {@link ArgType} for the shapes).
 * @throws DiagnosticsError with the nearest place and text of the offending value.
 */
export function decodeValue(value: Value, type: ArgType, origin: ValueOrigin): unknown {
  if (value === null) return zeroValue(type)
  if (typeof type === 'string') return decodeScalar(value, type, origin)
  if ('list' in type) {
    if (!isArray(value)) return mismatch(origin, 'array', value)
    return value.map((item, i) => decodeValue(item, type.list, elementOrigin(origin, i)))
  }
  if ('map' in type) {
    if (!isObject(value)) return mismatch(origin, 'object', value)
    const fields = [...value].map(([key, item]) => [
      key,
      decodeValue(item, type.map, fieldOrigin(origin, key)),
    ])
    return Object.fromEntries(fields)
  }
  if ('capsule' in type) {
    if (isCapsule(value) && value.type === type.capsule) return value.value
    const expected = CAPSULE_NAMES[type.capsule]
    return reject(origin, `expected capsule("${expected}"), got ${detailedTypeName(value)}`)
  }
  const text = decodeText(value, origin)
  if (type.oneOf.includes(text)) return text
  const near = nearest(text, type.oneOf)
  const hint = near === undefined ? '' : `; did you mean "${near}"?`
  return reject(origin, `should be one of ${type.oneOf.map((name) => `"${name}"`).join(', ')}${hint}`)
}

/** What `null` stands for: the zero value of the type, whatever the argument's default is. */
export function zeroValue(type: ArgType): unknown {
  if (type === 'string' || type === 'secret') return ''
  if (type === 'number' || type === 'duration' || type === 'size') return 0
  if (type === 'bool') return false
  if (type === 'any') return null
  if (type === 'target') return {}
  if ('list' in type) return []
  if ('map' in type) return {}
  return 'oneOf' in type ? '' : undefined
}

function decodeScalar(value: Exclude<Value, null>, type: ArgType & string, origin: ValueOrigin): unknown {
  switch (type) {
    case 'any':
      return toHost(value)
    case 'secret':
      return isSecret(value) ? value.reveal() : decodeText(value, origin)
    case 'string':
      return decodeText(value, origin)
    case 'bool':
      return typeof value === 'boolean' ? value : mismatch(origin, 'bool', value)
    case 'number':
      return decodeNumber(value, origin)
    case 'duration':
      return decodeQuantity(value, origin, parseGoDuration, 'duration, e.g. "10s"')
    case 'size':
      return decodeQuantity(value, origin, parseSize, 'size, e.g. "1MiB"')
    case 'target':
      return decodeTarget(value, origin)
  }
}

function decodeText(value: Value, origin: ValueOrigin): string {
  if (typeof value === 'string') return value
  if (isNumber(value)) return numberText(value)
  if (isSecret(value)) {
    return reject(origin, 'secrets may not be converted into strings; use convert.nonsensitive()')
  }
  return mismatch(origin, 'string', value)
}

function decodeNumber(value: Value, origin: ValueOrigin): number {
  if (isNumber(value)) return Number(value)
  if (typeof value === 'string') {
    const isText = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value)
    if (isText)
      return value.startsWith('-')
        ? Number(value)
        : Number(parseNumberLiteral(value.replace(/^0+(?=\d)/, '')))
  }
  return mismatch(origin, 'number', value)
}

function decodeQuantity(
  value: Value,
  origin: ValueOrigin,
  parse: (text: string) => number,
  what: string,
): number {
  if (isNumber(value) && Number(value) === 0) return 0
  if (typeof value !== 'string') return reject(origin, `should be a ${what}, got ${typeName(value)}`)
  try {
    return parse(value)
  } catch (thrown) {
    return reject(origin, thrown instanceof Error ? thrown.message : String(thrown))
  }
}

function decodeTarget(value: Value, origin: ValueOrigin): Record<string, string> {
  if (!isObject(value)) return mismatch(origin, 'object', value)
  const labels: [string, string][] = []
  for (const [key, item] of value) {
    if (typeof item === 'string') labels.push([key, item])
    else if (typeof item === 'boolean') labels.push([key, String(item)])
    else if (isNumber(item)) labels.push([key, numberText(item)])
    else mismatch(fieldOrigin(origin, key), 'string', item)
  }
  return Object.fromEntries(labels)
}

/** While the value was written out as a list, its element is the better place. */
function elementOrigin(origin: ValueOrigin, index: number): ValueOrigin {
  const { expression, path } = origin
  if (path === '' && expression.kind === 'array' && expression.elements[index] !== undefined) {
    return { ...origin, expression: expression.elements[index] }
  }
  return { ...origin, path: `${path}[${index}]` }
}

function fieldOrigin(origin: ValueOrigin, key: string): ValueOrigin {
  const { expression, path } = origin
  if (path === '' && expression.kind === 'object') {
    const field = expression.fields.findLast((item) => item.key === key)
    if (field !== undefined) return { ...origin, expression: field.value }
  }
  return { ...origin, path: `${path}${isIdentifier(key) ? `.${key}` : `["${key}"]`}` }
}

function mismatch(origin: ValueOrigin, expected: string, value: Value): never {
  return reject(origin, `should be ${expected}, got ${typeName(value)}`)
}

function reject(origin: ValueOrigin, message: string): never {
  const { source, expression, path } = origin
  const span = { source, start: expression.start, end: expression.end }
  throw new DiagnosticsError([errorAt(span, `${sourceText(source, expression)}${path} ${message}`)])
}
