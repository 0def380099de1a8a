import { isArray, isNumber, isObject, numberText, type ObjectValue, typeName, type Value } from '../value.ts'

/** Checks the number of arguments. @throws Error `expected 2 args, got 1`. */
export function expectArgs(args: readonly Value[], count: number): void {
  if (args.length !== count) throw new Error(`expected ${count} args, got ${args.length}`)
}

/** An argument as text; numbers are converted. @throws Error `argument 2 should be string, got bool`. */
export function textArg(args: readonly Value[], index: number): string {
  const value = args[index]
  if (typeof value === 'string') return value
  if (value !== undefined && isNumber(value)) return numberText(value)
  if (value === null) return ''
  throw new Error(`argument ${index + 1} should be string, got ${typeName(value)}`)
}

/** An argument as a list. @throws Error `argument 1 should be array, got string`. */
export function listArg(args: readonly Value[], index: number): readonly Value[] {
  const value = args[index]
  if (value === null) return []
  if (isArray(value)) return value
  throw new Error(`argument ${index + 1} should be array, got ${typeName(value)}`)
}

/** An argument as an object. @throws Error `argument 1 should be object, got string`. */
export function objectArg(args: readonly Value[], index: number): ObjectValue {
  const value = args[index]
  if (isObject(value)) return value
  throw new Error(`argument ${index + 1} should be object, got ${typeName(value)}`)
}
