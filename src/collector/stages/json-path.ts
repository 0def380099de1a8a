import { compile, type JSONValue, TreeInterpreter } from '@jmespath-community/jmespath'
import { errorMessage } from '#base/errors.ts'

/** One step into a JSON value: a key of an object, or a place in an array (from its end where negative). */
type Step = { readonly key: string } | { readonly index: number }

/** Finds a value in a JSON value: null where there is none; throws where a function gets a wrong type. */
export type JsonPath = (value: unknown) => unknown

/**
 * Compiles a JMESPath expression. Names, quoted names and indices (`a`, `a.b[0]."c-d"[-1]`, `@`), all that
 * most configurations have, are followed directly.
 * Source: jmespath.org/specification.html.
 * @throws Error for malformed expressions.
 */
export function compileJsonPath(expression: string): JsonPath {
  const steps = parseSteps(expression)
  return steps === undefined ? compileFully(expression) : followSteps(steps)
}

function compileFully(expression: string): JsonPath {
  try {
    const tree = compile(expression)
    return (value) => TreeInterpreter.search(tree, withoutPrototypes(value)) ?? null
  } catch (thrown) {
    const what = `could not compile JMES expression ${JSON.stringify(expression)}`
    throw new Error(`${what}: ${errorMessage(thrown)}`)
  }
}

/** The library would find `constructor` in every object that has a prototype. */
function withoutPrototypes(value: unknown): JSONValue {
  if (Array.isArray(value)) return value.map(withoutPrototypes)
  if (typeof value !== 'object' || value === null) return value as JSONValue
  const bare: Record<string, JSONValue> = Object.create(null)
  for (const [key, member] of Object.entries(value)) bare[key] = withoutPrototypes(member)
  return bare
}

function followSteps(steps: readonly Step[]): JsonPath {
  return (value) => {
    let current = value
    for (const step of steps) {
      if ('key' in step) current = keyOf(current, step.key)
      else current = Array.isArray(current) ? (current.at(step.index) ?? null) : null
    }
    return current ?? null
  }
}

function keyOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : null
}

/** The steps of an expression that is nothing but names and indices; undefined for any other. */
function parseSteps(expression: string): Step[] | undefined {
  const text = expression.trim()
  if (text === '@') return []
  const steps: Step[] = []
  const token = /\s*(?:(\.)|(?:([A-Za-z_][A-Za-z0-9_]*)|("(?:[^"\\]|\\.)+"))|\[(-?\d+)\])/y
  let needsName = true
  while (token.lastIndex < text.length) {
    const match = token.exec(text)
    if (match === null) return undefined
    const [, dot, name, quoted, index] = match
    if (dot !== undefined) {
      if (needsName) return undefined
      needsName = true
    } else if (index !== undefined) {
      if (needsName && steps.length > 0) return undefined
      steps.push({ index: Number(index) })
      needsName = false
    } else {
      const key = name ?? unquote(quoted)
      if (!needsName || key === undefined) return undefined
      steps.push({ key })
      needsName = false
    }
  }
  return needsName ? undefined : steps
}

function unquote(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted)
  } catch {
    return undefined
  }
}
