import { type FunctionTable, fn } from './functions.ts'
import { printValue } from './print.ts'
import { isMap, isSlice, isTrue, typeName, type Value } from './values.ts'

/** Longest list that a function may make: a template cannot exhaust memory. */
const MAX_ITEMS = 1_000_000

type GoMap = ReadonlyMap<string, Value>

function listOf(value: Value, name: string): readonly Value[] {
  if (isSlice(value)) return value
  throw new Error(`Cannot ${name} on type ${typeName(value)}`)
}

function mapOf(value: Value): GoMap {
  if (isMap(value)) return value
  throw new Error(`wrong type for value; expected map[string]interface {}; got ${typeName(value)}`)
}

/** Sprig's `strslice`: any value as texts; nil disappears. */
export function textsOf(value: Value): string[] {
  if (value === undefined) return []
  const items = isSlice(value) ? value : [value]
  return items.filter((item) => item !== undefined).map((item) => printValue(item))
}

function sameValue(a: Value, b: Value): boolean {
  if (isSlice(a) && isSlice(b)) return a.length === b.length && a.every((item, i) => sameValue(item, b[i]))
  if (isMap(a) && isMap(b)) {
    return a.size === b.size && [...a].every(([key, item]) => b.has(key) && sameValue(item, b.get(key)))
  }
  return a === b
}

function dict(...pairs: Value[]): Value {
  const made = new Map<string, Value>()
  for (let i = 0; i < pairs.length; i += 2) made.set(printValue(pairs[i]), pairs[i + 1] ?? '')
  return made
}

/** Sprig changes a map in place, so the map that is given is the one that is given back. */
function set(map: Value, key: string, value: Value): Value {
  ;(mapOf(map) as Map<string, Value>).set(key, value)
  return map
}

function unset(map: Value, key: string): Value {
  ;(mapOf(map) as Map<string, Value>).delete(key)
  return map
}

/** Adds what a map lacks, deeply; with `overwrite` also what it has. */
function merge(overwrite: boolean): (target: Value, ...sources: Value[]) => Value {
  const into = (target: Map<string, Value>, source: GoMap): void => {
    for (const [key, value] of source) {
      const known = target.get(key)
      if (known !== undefined && isMap(known) && value !== undefined && isMap(value)) {
        into(known as Map<string, Value>, value)
      } else if (overwrite || !isTrue(known)) target.set(key, value)
    }
  }
  return (target, ...sources) => {
    for (const source of sources) into(mapOf(target) as Map<string, Value>, mapOf(source))
    return target
  }
}

/** `dig "a" "b" fallback map`: the value at the end of keys. */
function dig(...args: Value[]): Value {
  if (args.length < 3) throw new Error('dig needs at least three arguments')
  const keys = args.slice(0, -2)
  let current: Value = args[args.length - 1]
  for (const key of keys) {
    const map = current !== undefined && isMap(current) ? current : undefined
    const name = printValue(key)
    if (map === undefined || !map.has(name)) return args[args.length - 2]
    current = map.get(name)
  }
  return current
}

function range(start: bigint, stop: bigint, step: bigint): Value {
  if (step === 0n || (stop > start ? step < 0n : step > 0n)) return []
  const count = Number((stop - start) / step) + 1
  if (count > MAX_ITEMS) throw new Error('the list is too long')
  const made: bigint[] = []
  for (let at = start; step > 0n ? at < stop : at > stop; at += step) made.push(at)
  return made
}

function chunk(size: bigint, list: Value): Value {
  const items = listOf(list, 'chunk')
  const made: Value[] = []
  for (let i = 0; size > 0n && i < items.length; i += Number(size)) {
    made.push(items.slice(i, i + Number(size)))
  }
  return made
}

function deepCopy(value: Value): Value {
  if (isSlice(value)) return value.map(deepCopy)
  if (isMap(value)) return new Map([...value].map(([key, item]) => [key, deepCopy(item)]))
  return value
}

const first = fn('any', (list: Value) => listOf(list, 'find first')[0])
const last = fn('any', (list: Value) => listOf(list, 'find last').at(-1))
const append = fn('any, any', (list: Value, item: Value) => [...listOf(list, 'push'), item])
const prepend = fn('any, any', (list: Value, item: Value) => [item, ...listOf(list, 'prepend')])
const list = fn('…any', (...items: Value[]) => items)
const uniq = (items: readonly Value[]): Value =>
  items.filter((item, i) => items.findIndex((other) => sameValue(other, item)) === i)

/** Sprig's functions on lists and maps. */
export const LIST_FUNCTIONS: FunctionTable = {
  list,
  tuple: list,
  first,
  last,
  rest: fn('any', (value: Value) => listOf(value, 'find rest').slice(1)),
  initial: fn('any', (value: Value) => listOf(value, 'find initial').slice(0, -1)),
  append,
  push: append,
  prepend,
  reverse: fn('any', (value: Value) => listOf(value, 'find reverse').toReversed()),
  uniq: fn('any', (value: Value) => uniq(listOf(value, 'find uniq'))),
  compact: fn('any', (value: Value) => listOf(value, 'compact').filter(isTrue)),
  without: fn('any, …any', (value: Value, ...gone: Value[]) =>
    listOf(value, 'find without').filter((item) => !gone.some((other) => sameValue(other, item))),
  ),
  has: fn('any, any', (item: Value, value: Value) =>
    (value === undefined ? [] : listOf(value, 'find has')).some((other) => sameValue(other, item)),
  ),
  concat: fn('…any', (...lists: Value[]) => lists.flatMap((value) => listOf(value, 'concat'))),
  chunk: fn('int, any', chunk),
  until: fn('int', (count: bigint) => range(0n, count, count < 0n ? -1n : 1n)),
  untilStep: fn('int, int, int', range),
  sortAlpha: fn('any', (value: Value) => textsOf(value).sort()),
  join: fn('string, any', (separator: string, value: Value) => textsOf(value).join(separator)),
  toStrings: fn('any', textsOf),
  split: fn(
    'string, string',
    (separator: string, text: string) => new Map(text.split(separator).map((part, i) => [`_${i}`, part])),
  ),
  splitList: fn('string, string', (separator: string, text: string) => text.split(separator)),
  splitn: fn('string, int, string', (separator: string, count: bigint, text: string) => {
    const parts = text.split(separator)
    const head = parts.slice(0, Number(count) - 1)
    const tail = parts.slice(head.length)
    const all = tail.length === 0 ? head : [...head, tail.join(separator)]
    return new Map(all.map((part, i) => [`_${i}`, part]))
  }),
  dict: fn('…any', dict),
  get: fn('any, string', (map: Value, key: string) => (mapOf(map).has(key) ? mapOf(map).get(key) : '')),
  set: fn('any, string, any', set),
  unset: fn('any, string', unset),
  hasKey: fn('any, string', (map: Value, key: string) => mapOf(map).has(key)),
  keys: fn('…any', (...maps: Value[]) => maps.flatMap((map) => [...mapOf(map).keys()])),
  values: fn('any', (map: Value) => [...mapOf(map).values()]),
  pluck: fn('string, …any', (key: string, ...maps: Value[]) =>
    maps.filter((map) => mapOf(map).has(key)).map((map) => mapOf(map).get(key)),
  ),
  pick: fn(
    'any, …string',
    (map: Value, ...keys: string[]) => new Map([...mapOf(map)].filter(([key]) => keys.includes(key))),
  ),
  omit: fn(
    'any, …string',
    (map: Value, ...keys: string[]) => new Map([...mapOf(map)].filter(([key]) => !keys.includes(key))),
  ),
  merge: fn('any, …any', merge(false)),
  mergeOverwrite: fn('any, …any', merge(true)),
  dig: fn('…any', dig),
  deepCopy: fn('any', deepCopy),
  deepEqual: fn('any, any', sameValue),
}
