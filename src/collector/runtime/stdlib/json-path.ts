import { fromHost, isArray, isObject, numberText, type Value } from '../value.ts'
import { expectArgs, textArg } from './args.ts'

/** One step of a path: from each value found so far to its successors. */
type Step = (value: Value) => readonly Value[]

/**
 * `json_path(json, path)`: every value the path finds, always as a list. The path language is Goessner's
 * JSONPath: `$`, `.name`, `['name']`, `[0]`, `[-1]`, `[1:3]`, `[a,b]`, `*`, `..`, and filters `[?(@.name ==
 * "x")]`.
 * @throws Error for bad JSON or a bad path.
 */
export function jsonPath(args: readonly Value[]): Value {
  expectArgs(args, 2)
  const root = fromHost(JSON.parse(textArg(args, 0)))
  let found: readonly Value[] = [root]
  for (const step of parsePath(textArg(args, 1))) found = found.flatMap(step)
  return found
}

const MEMBER = /^\.?(\*|[\p{L}_$][\p{L}\p{Nd}_$-]*)/u
const BRACKET = /^\[((?:'[^']*'|"[^"]*"|[^\]'"])*)\]/

function parsePath(path: string): Step[] {
  const steps: Step[] = []
  let rest = path.startsWith('$') ? path.slice(1) : path.startsWith('@') ? path.slice(1) : path
  while (rest !== '') {
    if (rest.startsWith('..')) {
      steps.push(descendants)
      rest = rest.slice(2)
      if (rest === '') break
    }
    const member = MEMBER.exec(rest)
    const bracket = BRACKET.exec(rest)
    if (member !== null) steps.push(member[1] === '*' ? children : byName(member[1]))
    else if (bracket !== null) steps.push(parseBracket(bracket[1].trim()))
    else throw new Error(`invalid JSON path ${JSON.stringify(path)} at ${JSON.stringify(rest)}`)
    rest = rest.slice((member ?? bracket)?.[0].length)
  }
  return steps
}

function parseBracket(inside: string): Step {
  if (inside === '*') return children
  const filter = /^\?\((.*)\)$/.exec(inside) ?? /^\?(.*)$/.exec(inside)
  if (filter !== null) return byFilter(filter[1].trim())
  const slice = /^(-?\d*):(-?\d*)(?::(\d+))?$/.exec(inside)
  if (slice !== null) return bySlice(slice[1], slice[2], slice[3])
  const items = inside.match(/'[^']*'|"[^"]*"|[^,]+/g) ?? []
  const steps = items.map((item) => {
    const text = item.trim()
    if (/^-?\d+$/.test(text)) return byIndex(Number(text))
    return byName(/^['"]/.test(text) ? text.slice(1, -1) : text)
  })
  return (value) => steps.flatMap((step) => step(value))
}

const children: Step = (value) => (isArray(value) ? value : isObject(value) ? [...value.values()] : [])

const descendants: Step = (value) => [value, ...children(value).flatMap(descendants)]

function byName(name: string): Step {
  return (value) => {
    const field = isObject(value) ? value.get(name) : undefined
    return field === undefined ? [] : [field]
  }
}

function byIndex(index: number): Step {
  return (value) => {
    const item = isArray(value) ? value.at(index) : undefined
    return item === undefined ? [] : [item]
  }
}

function bySlice(from: string, to: string, step: string | undefined): Step {
  const every = Math.max(1, Number(step ?? 1))
  return (value) => {
    if (!isArray(value)) return []
    const end = to === '' ? undefined : Number(to)
    return value.slice(from === '' ? 0 : Number(from), end).filter((_, i) => i % every === 0)
  }
}

/** `@.a == 'x'`, `@.a < 3`, or `@.a` alone for "has it". */
function byFilter(condition: string): Step {
  const parts = /^(@[^=!<>]*?)\s*(?:(==|!=|<=|>=|<|>)\s*(.+))?$/.exec(condition)
  if (parts === null) throw new Error(`invalid JSON path filter ${JSON.stringify(condition)}`)
  const [, path, operator, operand] = parts
  const steps = parsePath(path)
  const wanted = operand === undefined ? undefined : parseOperand(operand.trim())
  const matches = (item: Value): boolean => {
    let found: readonly Value[] = [item]
    for (const step of steps) found = found.flatMap(step)
    if (operator === undefined || wanted === undefined) return found.length > 0
    return found.some((value) => holds(operator, value, wanted))
  }
  return (value) => children(value).filter(matches)
}

function parseOperand(text: string): Value {
  const quoted = /^'([^']*)'$/.exec(text)
  if (quoted !== null) return quoted[1]
  return fromHost(JSON.parse(text))
}

function holds(operator: string, value: Value, wanted: Value): boolean {
  const [a, b] = [comparable(value), comparable(wanted)]
  if (operator === '==') return a === b
  if (operator === '!=') return a !== b
  if (typeof a !== typeof b || a === undefined || b === undefined) return false
  if (operator === '<') return a < b
  if (operator === '<=') return a <= b
  return operator === '>' ? a > b : a >= b
}

function comparable(value: Value): string | number | undefined {
  if (typeof value === 'string') return `"${value}`
  if (typeof value === 'bigint' || typeof value === 'number') return Number(numberText(value))
  return value === null || typeof value === 'boolean' ? String(value) : undefined
}
