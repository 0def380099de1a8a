import { valuesEqual } from '../operators.ts'
import { isSecret } from '../secret.ts'
import { isArray, isNumber, isObject, type ObjectValue, typeName, type Value } from '../value.ts'
import { expectArgs, listArg, textArg } from './args.ts'
import type { LibraryFunction } from './stdlib.ts'

/** `coalesce(…)`: the first argument that is neither null nor a zero value, else the last, else null. */
export function coalesce(args: readonly Value[]): Value {
  return args.find((value) => !isZero(value)) ?? args.at(-1) ?? null
}

function isZero(value: Value): boolean {
  if (value === null || value === false || value === '') return true
  if (isNumber(value)) return Number(value) === 0
  if (isArray(value)) return value.length === 0
  if (isObject(value)) return value.size === 0
  return isSecret(value) && value.reveal() === ''
}

function objectsOf(args: readonly Value[], index: number): readonly ObjectValue[] {
  return listArg(args, index).map((item) => {
    if (isObject(item)) return item
    throw new Error(`argument ${index + 1} should be a list of objects, got ${typeName(item)} in it`)
  })
}

/**
 * Joins two lists of objects on equal values of all `keys`, like an SQL inner join (left join with
 * passthrough).
 */
const combineMaps: LibraryFunction = (args) => {
  if (args.length !== 3 && args.length !== 4) throw new Error(`expected 3 or 4 args, got ${args.length}`)
  const right = objectsOf(args, 1)
  const keys = listArg(args, 2).map((_, i) => textArg(listArg(args, 2), i))
  if (keys.length === 0) throw new Error('the list of keys may not be empty')
  const keepsUnmatched = args[3] === true
  return objectsOf(args, 0).flatMap((item) => {
    const matches = right.filter((other) =>
      keys.every((key) => {
        const [a, b] = [item.get(key), other.get(key)]
        return a !== undefined && b !== undefined && valuesEqual(a, b)
      }),
    )
    if (matches.length === 0) return keepsUnmatched ? [item] : []
    return matches.map((match) => new Map([...item, ...match]))
  })
}

/** Groups objects by the text of one key: `{ key = "…", items = […] }`, in order of first appearance. */
const groupBy: LibraryFunction = (args) => {
  expectArgs(args, 3)
  const key = textArg(args, 1)
  const dropsMissing = args[2] === true
  const groups = new Map<string, ObjectValue[]>()
  for (const item of objectsOf(args, 0)) {
    const value = item.get(key)
    if (value === undefined && dropsMissing) continue
    const text = value === undefined ? '' : textArg([value], 0)
    const group = groups.get(text)
    if (group === undefined) groups.set(text, [item])
    else group.push(item)
  }
  return [...groups].map(
    ([text, items]) =>
      new Map<string, Value>([
        [key, text],
        ['items', items],
      ]),
  )
}

/** The functions of `array`. */
export const arrayFunctions: Readonly<Record<string, LibraryFunction>> = {
  concat: (args) => args.flatMap((_, i) => listArg(args, i)),
  combine_maps: combineMaps,
  group_by: groupBy,
}
