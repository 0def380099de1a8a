/** One step into a JSON value: a key of an object, or a place in an array (from its end where negative). */
type Step = { readonly key: string } | { readonly index: number }

/**
 * Compiles a JMESPath expression made of names, quoted names and indices: `a`, `a.b[0]."c-d"[-1]`, `@`.
 * Source: jmespath.org/specification.html.
 * @throws Error for malformed expressions, and, by name, for the parts of JMESPath that are not supported.
 */
export function compileJsonPath(expression: string): (value: unknown) => unknown {
  const steps = parseSteps(expression)
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

const UNSUPPORTED: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\|\|?/, 'pipes and alternatives (|, ||)'],
  [/&/, 'conditions and references (&&, &)'],
  [/\[\s*\?/, 'filters ([?…])'],
  [/\*/, 'wildcards (*)'],
  [/\[\s*-?\d*\s*:/, 'slices ([a:b])'],
  [/\[\s*\]/, 'flattening ([])'],
  [/\(/, 'functions'],
  [/\{/, 'multiselects ({…})'],
  [/[`']/, 'literals'],
  [/[<>=!]/, 'comparisons'],
]

function parseSteps(expression: string): Step[] {
  const malformed = (): Error => {
    const plain = expression.replace(/"(?:[^"\\]|\\.)*"/g, '')
    for (const [pattern, name] of UNSUPPORTED) {
      if (pattern.test(plain))
        return new Error(`not supported yet: JMESPath ${name} in ${JSON.stringify(expression)}`)
    }
    return new Error(`could not compile JMES expression ${JSON.stringify(expression)}`)
  }
  const text = expression.trim()
  if (text === '@') return []
  const steps: Step[] = []
  const token = /\s*(?:(\.)|(?:([A-Za-z_][A-Za-z0-9_]*)|"((?:[^"\\]|\\.)+)")|\[\s*(-?\d+)\s*\])/y
  let needsName = true
  while (token.lastIndex < text.length) {
    const match = token.exec(text)
    if (match === null) throw malformed()
    const [, dot, name, quoted, index] = match
    if (dot !== undefined) {
      if (needsName) throw malformed()
      needsName = true
    } else if (index !== undefined) {
      if (needsName && steps.length > 0) throw malformed()
      steps.push({ index: Number(index) })
      needsName = false
    } else {
      if (!needsName) throw malformed()
      steps.push({ key: name ?? unquote(quoted, malformed) })
      needsName = false
    }
  }
  if (needsName) throw malformed()
  return steps
}

function unquote(inside: string, malformed: () => Error): string {
  try {
    return JSON.parse(`"${inside}"`)
  } catch {
    throw malformed()
  }
}
