import { type FunctionTable, fn } from './functions.ts'
import { printValue } from './print.ts'
import { sprintf } from './printf.ts'
import { isMap, isSlice, isTrue, typeName, type Value } from './values.ts'

/** The kinds of value that can be compared. */
function basicKind(value: Value): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return typeof value === 'bigint' ? 'int' : typeof value
    case 'number':
      return 'float'
    default:
      return ''
  }
}

function incompatible(a: Value, b: Value): Error {
  return new Error(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`)
}

function equal(a: Value, b: Value): boolean {
  if (a === undefined || b === undefined) return a === b
  const kind = basicKind(a)
  if (kind === '' || kind !== basicKind(b)) {
    if (kind === '' && (isSlice(a) || isMap(a)))
      throw new Error(`non-comparable type ${printValue(a)}: ${typeName(a)}`)
    throw incompatible(a, b)
  }
  return a === b
}

function less(a: Value, b: Value): boolean {
  const kind = basicKind(a)
  if (kind === '' || kind === 'boolean') throw new Error('invalid type for comparison')
  if (kind !== basicKind(b)) throw incompatible(a, b)
  if (typeof a === 'string' && typeof b === 'string')
    return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0
  return (a as number) < (b as number)
}

function index(item: Value, ...keys: Value[]): Value {
  for (const key of keys) item = indexOnce(item, key)
  return item
}

function indexOnce(item: Value, key: Value): Value {
  if (item === undefined) throw new Error('index of untyped nil')
  if (isMap(item)) {
    if (typeof key !== 'string') throw new Error(`value has type ${typeName(key)}; should be string`)
    return item.get(key)
  }
  if (!isSlice(item) && typeof item !== 'string')
    throw new Error(`can't index item of type ${typeName(item)}`)
  if (typeof key !== 'bigint') throw new Error(`cannot index slice/array with type ${typeName(key)}`)
  if (typeof item === 'string') {
    const byte = Buffer.from(item)[Number(key)]
    if (byte === undefined) throw new Error('reflect: string index out of range')
    return BigInt(byte)
  }
  if (key < 0n || key >= BigInt(item.length)) throw new Error('reflect: slice index out of range')
  return item[Number(key)]
}

function slice(item: Value, ...bounds: Value[]): Value {
  if (bounds.length > 3) throw new Error(`too many slice indexes: ${bounds.length}`)
  if (!isSlice(item) && typeof item !== 'string')
    throw new Error(`can't slice item of type ${typeName(item)}`)
  const content = typeof item === 'string' ? Buffer.from(item) : item
  const numbers = bounds.map((bound) => {
    if (typeof bound !== 'bigint') throw new Error(`cannot index slice/array with type ${typeName(bound)}`)
    if (bound < 0n || bound > BigInt(content.length)) throw new Error(`index out of range: ${bound}`)
    return Number(bound)
  })
  const [from = 0, to = content.length] = numbers
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`)
  return Buffer.isBuffer(content) ? content.subarray(from, to).toString() : content.slice(from, to)
}

function length(item: Value): bigint {
  if (item === undefined) throw new Error('len of nil pointer')
  if (typeof item === 'string') return BigInt(Buffer.byteLength(item))
  if (isSlice(item)) return BigInt(item.length)
  if (isMap(item)) return BigInt(item.size)
  throw new Error(`len of type ${typeName(item)}`)
}

/** `fmt.Sprint`: a space between operands where neither is a text. */
function print(...args: Value[]): string {
  let out = ''
  for (const [i, arg] of args.entries()) {
    if (i > 0 && typeof arg !== 'string' && typeof args[i - 1] !== 'string') out += ' '
    out += printValue(arg)
  }
  return out
}

const HTML: Record<string, string> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  "'": '&#39;',
  '"': '&#34;',
  '\0': '\ufffd',
}
const JS: Record<string, string> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
}

const escapeJs = (text: string): string =>
  text.replace(/[\\'"<>&=\0-\x1f\x7f]/g, (char) => {
    const known = JS[char]
    return known ?? `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
  })

function urlQuery(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

function fromJson(text: string): Value {
  try {
    return jsonValue(JSON.parse(text))
  } catch {
    return undefined
  }
}

function jsonValue(value: unknown): Value {
  if (value === null || value === undefined) return undefined
  if (Array.isArray(value)) return value.map(jsonValue)
  if (typeof value === 'object') {
    return new Map(Object.entries(value).map(([key, member]) => [key, jsonValue(member)]))
  }
  return value as string | number | boolean
}

/**
 * Go's built-in functions, but for `and`, `or` and `call`, which the executor has; and two of Sprig's on any
 * value.
 */
export const BUILTIN_FUNCTIONS: FunctionTable = {
  not: fn('any', (value: Value) => !isTrue(value)),
  len: fn('any', length),
  index: fn('any, …any', index),
  slice: fn('any, …any', slice),
  print: fn('…any', print),
  println: fn('…any', (...args: Value[]) => `${args.map((arg) => printValue(arg)).join(' ')}\n`),
  printf: fn('string, …any', (format: string, ...args: Value[]) => sprintf(format, args)),
  html: fn('…any', (...args: Value[]) => print(...args).replace(/[<>&'"\0]/g, (char) => HTML[char])),
  js: fn('…any', (...args: Value[]) => escapeJs(print(...args))),
  urlquery: fn('…any', (...args: Value[]) => urlQuery(print(...args))),
  eq: fn('any, …any', (first: Value, ...rest: Value[]) => {
    if (rest.length === 0) throw new Error('missing argument for comparison')
    return rest.some((other) => equal(first, other))
  }),
  ne: fn('any, any', (a: Value, b: Value) => !equal(a, b)),
  lt: fn('any, any', less),
  le: fn('any, any', (a: Value, b: Value) => less(a, b) || equal(a, b)),
  gt: fn('any, any', (a: Value, b: Value) => !less(a, b) && !equal(a, b)),
  ge: fn('any, any', (a: Value, b: Value) => !less(a, b)),
  fromJson: fn('string', fromJson),
  default: fn('any, …any', (fallback: Value, ...given: Value[]) => (isTrue(given[0]) ? given[0] : fallback)),
}
