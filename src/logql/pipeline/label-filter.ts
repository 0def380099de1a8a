import { parseGoDuration } from '#base/duration.ts'
import { errorMessage } from '#base/errors.ts'
import { parseByteSize } from '#base/go-literals.ts'
import { parseGoFloat } from '#base/gofloat.ts'
import type { LabelFilter } from '../syntax/ast.ts'
import { compareNumbers } from '../syntax/fold.ts'
import { parseIpPattern } from './ip-range.ts'
import { scanForAddress } from './ip-scan.ts'
import { compileLabelRegex } from './label-regex.ts'
import { ERROR_LABEL, type NameTable } from './names.ts'
import type { Row, StageRun } from './row.ts'

/**
 * Compiles a label filter. It may set the line's error: an unreadable number keeps the line, marked.
 * @throws Error `ip: invalid pattern: …` where the filter is a single `ip()` of a pattern that is none
 */
export function compileLabelFilter(filter: LabelFilter, names: NameTable): StageRun {
  switch (filter.kind) {
    case 'and': {
      const left = compileLeg(filter.left, names)
      const right = compileLeg(filter.right, names)
      // The right side runs in any case: it may set the line's error.
      return (row) => {
        const kept = left(row)
        return right(row) && kept
      }
    }
    case 'or': {
      const left = compileLeg(filter.left, names)
      const right = compileLeg(filter.right, names)
      return (row) => left(row) || right(row)
    }
    case 'string':
      return compileString(filter.matcher.name, compileStringTest(filter), names)
    case 'ip':
      return compileIp(filter, names)
    case 'compare':
      return compileCompare(filter, names)
  }
}

/** Inside `and`/`or`, an `ip()` pattern that is none never matches, instead of being an error. */
function compileLeg(filter: LabelFilter, names: NameTable): StageRun {
  if (filter.kind !== 'ip') return compileLabelFilter(filter, names)
  try {
    return compileLabelFilter(filter, names)
  } catch {
    return () => false
  }
}

/** The test of a string filter on a value. */
export function compileStringTest(filter: LabelFilter & { kind: 'string' }): (value: string) => boolean {
  const { op, value } = filter.matcher
  if (op === '=') return (text) => text === value
  if (op === '!=') return (text) => text !== value
  const test = compileLabelRegex(value)
  return op === '=~' ? test : (text) => !test(text)
}

function compileString(name: string, test: (value: string) => boolean, names: NameTable): StageRun {
  if (name === ERROR_LABEL) return (row) => test(row.labels.error)
  const id = names.intern(name)
  return (row) => test(row.labels.get(id) ?? '')
}

function compileIp(filter: LabelFilter & { kind: 'ip' }, names: NameTable): StageRun {
  const range = parseIpPattern(filter.pattern)
  const id = names.intern(filter.name)
  const wanted = filter.op === '='
  return ({ labels }) => {
    if (labels.error !== '') return true
    const value = labels.get(id)
    return value !== undefined && scanForAddress(value, range) === wanted
  }
}

/** How the text of a label is read for a comparison. */
const READERS = {
  number: parseGoFloat,
  duration: (text: string) => Math.round(parseGoDuration(text) * 1e6),
  bytes: parseByteSize,
} as const

/** The test of a comparison on a value. @throws Error where the value cannot be read as the filter's unit. */
export function compileCompareTest(filter: LabelFilter & { kind: 'compare' }): (value: string) => boolean {
  const { op, value: wanted, unit } = filter
  const read = READERS[unit]
  return (text) => compareNumbers(op, read(text), wanted)
}

/** Most values whose outcome a comparison remembers: fields repeat, and reading a number is dear. */
export const MAX_REMEMBERED = 1024

function compileCompare(filter: LabelFilter & { kind: 'compare' }, names: NameTable): StageRun {
  const test = compileCompareTest(filter)
  const id = names.intern(filter.name)
  const known = new Map<string, boolean | string>()
  const outcome = (text: string): boolean | string => {
    let result = known.get(text)
    if (result !== undefined) return result
    try {
      result = test(text)
    } catch (thrown) {
      result = errorMessage(thrown)
    }
    if (known.size >= MAX_REMEMBERED) known.clear()
    known.set(text, result)
    return result
  }
  return ({ labels }: Row) => {
    const decimal = filter.unit === 'number' ? labels.decimal(id) : undefined
    if (decimal !== undefined) return compareNumbers(filter.op, decimal, filter.value)
    const text = labels.get(id)
    if (text === undefined) return false
    const result = outcome(text)
    if (typeof result === 'boolean') return result
    if (labels.error === '') labels.setError('LabelFilterErr', result)
    return true
  }
}
