import { goQuote } from '#base/goquote.ts'

/** A token of a path, by the name that Loki's messages use. */
interface PathToken {
  readonly kind: 'DOT' | 'LSB' | 'RSB' | 'FIELD' | 'INDEX' | 'STRING' | '$end'
  readonly value: string | number
}

/**
 * Parses `a.b[0]["any key"]` into member names and element indexes.
 * @throws Error `cannot parse expression [a[]: syntax error: unexpected $end, expecting STRING or INDEX`
 */
export function parseJsonPath(path: string): (string | number)[] {
  const fail = (message: string): never => {
    throw new Error(`cannot parse expression [${path}]: ${message}`)
  }
  const tokens = tokenize(path, fail)
  const steps: (string | number)[] = []
  let at = 0
  const unexpected = (expecting: string): never => {
    const suffix = expecting === '' ? '' : `, expecting ${expecting}`
    return fail(`syntax error: unexpected ${tokens[at].kind}${suffix}`)
  }
  const bracket = (): void => {
    at++
    if (tokens[at].kind !== 'STRING' && tokens[at].kind !== 'INDEX') unexpected('STRING or INDEX')
    steps.push(tokens[at++].value)
    if (tokens[at].kind !== 'RSB') unexpected('RSB')
    at++
  }
  if (tokens[0].kind === 'DOT') at++
  if (tokens[at].kind === 'FIELD') steps.push(tokens[at++].value)
  else if (tokens[at].kind === 'LSB' && at === 0) bracket()
  else unexpected(at === 0 ? 'LSB or FIELD' : 'FIELD')
  while (tokens[at].kind !== '$end') {
    if (tokens[at].kind === 'LSB') bracket()
    else if (tokens[at].kind === 'DOT') {
      at++
      if (tokens[at].kind !== 'FIELD') unexpected('FIELD')
      steps.push(tokens[at++].value)
    } else unexpected('')
  }
  return steps
}

function tokenize(path: string, fail: (message: string) => never): PathToken[] {
  const tokens: PathToken[] = []
  let at = 0
  const read = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(path)
    if (match === null) return undefined
    at += match[0].length
    return match[0]
  }
  while (at < path.length) {
    const char = path[at]
    if (read(/[ \t\r\n]+/y) !== undefined) continue
    // Anything beyond ASCII ends the text, as it does in Loki.
    const field = read(/[A-Za-z_]\w*/y)
    const index = field === undefined ? read(/\d+/y) : undefined
    if (field !== undefined) tokens.push({ kind: 'FIELD', value: field })
    else if (index !== undefined) {
      // What follows a number without being one ends the text, as it does in Loki.
      if (path[at] === '.') {
        tokens.push({ kind: '$end', value: '' })
        return tokens
      }
      tokens.push({ kind: 'INDEX', value: Number(index) })
    } else if (char === '"') {
      const quoted = read(/"(?:[^"\\]|\\.)*"/y)
      if (quoted === undefined) fail('unterminated string literal')
      tokens.push({ kind: 'STRING', value: unquote(quoted ?? '') })
    } else if (char === '.' || char === '[' || char === ']') {
      tokens.push({ kind: char === '.' ? 'DOT' : char === '[' ? 'LSB' : 'RSB', value: char })
      at++
    } else if (char > '\x7f') break
    else fail(`unexpected char ${goQuote(char).slice(1, -1)}`)
  }
  tokens.push({ kind: '$end', value: '' })
  return tokens
}

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/g, '$1')
}
