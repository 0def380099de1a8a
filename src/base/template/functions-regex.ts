import { RE2JS } from 're2js'
import { compileRegex, type Regex } from '../regex/regex.ts'
import { type FunctionTable, fn } from './functions.ts'

const regexes = new Map<string, Regex>()

/** A compiled expression. They are kept: a template runs once per line. */
export function regexOf(source: string): Regex {
  let regex = regexes.get(source)
  if (regex === undefined) {
    regex = compileRegex(source)
    if (regexes.size >= 1000) regexes.clear()
    regexes.set(source, regex)
  }
  return regex
}

/** Where matches start and end; at most `count`, all of them where that is negative. */
function findAll(source: string, text: string, count: bigint): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = []
  const matcher = RE2JS.compile(source).matcher(text)
  while ((count < 0n || found.length < Number(count)) && matcher.find()) {
    found.push({ from: matcher.start(), to: matcher.end() })
  }
  return found
}

function split(source: string, text: string, count: bigint): string[] {
  if (count === 0n) return []
  const parts: string[] = []
  let at = 0
  for (const { from, to } of findAll(source, text, -1n)) {
    if (count > 0n && parts.length === Number(count) - 1) break
    if (to === 0) continue
    parts.push(text.slice(at, from))
    at = to
  }
  return [...parts, text.slice(at)]
}

/** Sprig's functions on regular expressions that LogQL's templates do not have. */
export const REGEX_FUNCTIONS: FunctionTable = {
  regexMatch: fn('string, string', (source: string, text: string) => regexOf(source).test(text)),
  regexFind: fn('string, string', (source: string, text: string) => regexOf(source).exec(text)?.[0] ?? ''),
  regexFindAll: fn('string, string, int', (source: string, text: string, count: bigint) =>
    findAll(source, text, count).map(({ from, to }) => text.slice(from, to)),
  ),
  regexSplit: fn('string, string, int', split),
  regexQuoteMeta: fn('string', (text: string) => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')),
}
