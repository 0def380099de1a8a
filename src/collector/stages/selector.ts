import { goQuote } from '#base/goquote.ts'
import { compileRegex } from '#base/regex/regex.ts'
import type { StageEntry } from './entry.ts'

type Test = (entry: StageEntry) => boolean

const SPACE = /\s*/y
const MATCHER = /\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|`[^`]*`)\s*/y
const FILTER = /\s*(\|=|\|~|!=|!~)\s*("(?:[^"\\]|\\.)*"|`[^`]*`)\s*/y

/**
 * Compiles the selector of `stage.match`: `{app="x",env=~"prod|dev"} |= "error" !~ "debug"`. Label patterns
 * are anchored, line patterns are not.
 * @throws Error that names the place of what cannot be read.
 */
export function compileSelector(selector: string): Test {
  const tests: Test[] = []
  let at = skip(selector, 0)
  if (selector[at] !== '{') throw malformed(selector, at, 'expected {')
  at = skip(selector, at + 1)
  while (selector[at] !== '}') {
    const match = matchAt(MATCHER, selector, at)
    if (match === undefined) throw malformed(selector, at, 'expected a label matcher')
    tests.push(labelTest(match[1], match[2], unquote(match[3])))
    at += match[0].length
    if (selector[at] === ',') at = skip(selector, at + 1)
    else if (selector[at] !== '}') throw malformed(selector, at, 'expected , or }')
  }
  if (tests.length === 0) throw malformed(selector, at, 'at least one label matcher is required')
  at = skip(selector, at + 1)
  while (at < selector.length) {
    const match = matchAt(FILTER, selector, at)
    if (match === undefined) throw malformed(selector, at, 'expected a line filter (|=, !=, |~, !~)')
    tests.push(lineTest(match[1], unquote(match[2])))
    at += match[0].length
  }
  return (entry) => tests.every((test) => test(entry))
}

function labelTest(name: string, operator: string, value: string): Test {
  if (operator === '=') return (entry) => entry.label(name) === value
  if (operator === '!=') return (entry) => entry.label(name) !== value
  const pattern = compileRegex(value, { anchored: true, dotAll: true })
  const wanted = operator === '=~'
  return (entry) => pattern.test(entry.label(name)) === wanted
}

function lineTest(operator: string, value: string): Test {
  if (operator === '|=') return (entry) => entry.line.includes(value)
  if (operator === '!=') return (entry) => !entry.line.includes(value)
  const pattern = compileRegex(value)
  const wanted = operator === '|~'
  return (entry) => pattern.test(entry.line) === wanted
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(text) ?? undefined
}

function skip(text: string, at: number): number {
  return at + (matchAt(SPACE, text, at)?.[0].length ?? 0)
}

const ESCAPES: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

function unquote(quoted: string): string {
  const inside = quoted.slice(1, -1)
  if (quoted.startsWith('`')) return inside
  return inside.replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/gs, (_, x, u, char) => {
    const hex = x ?? u
    return hex === undefined ? (ESCAPES[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16))
  })
}

function malformed(selector: string, at: number, problem: string): Error {
  return new Error(
    `invalid selector syntax for match stage: ${problem} at character ${at + 1} of ${goQuote(selector)}`,
  )
}
