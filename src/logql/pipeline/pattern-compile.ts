import type { PatternCapture, PatternParser } from '#store/types.ts'

/** A part of a pattern: a literal, or a capture whose name is `''` for `<_>`. */
export type PatternPart = { readonly literal: string } | { readonly capture: string }

/**
 * Splits `<ip> - <_> "<path>"` into parts. `<…>` around anything but an identifier is literal text.
 */
export function splitPattern(pattern: string): PatternPart[] {
  const parts: PatternPart[] = []
  let last = 0
  for (const match of pattern.matchAll(/<([A-Za-z_][A-Za-z0-9_]*)>/g)) {
    if (match.index > last) parts.push({ literal: pattern.slice(last, match.index) })
    parts.push({ capture: match[1] === '_' ? '' : match[1] })
    last = match.index + match[0].length
  }
  if (last < pattern.length) parts.push({ literal: pattern.slice(last) })
  return parts
}

/** @throws Error where two captures stand side by side, in Loki's words. */
export function checkConsecutiveCaptures(parts: readonly PatternPart[]): void {
  const text = (part: PatternPart): string => ('capture' in part ? `<${part.capture || '_'}>` : part.literal)
  parts.forEach((part, i) => {
    const before = parts[i - 1]
    if (before === undefined || !('capture' in before) || !('capture' in part)) return
    throw new Error(`found consecutive capture '${text(before)}${text(part)}': invalid expression`)
  })
}

/**
 * The argument of `| pattern`.
 * @throws Error without a named capture, with adjacent captures, or with one name twice
 */
export function compilePattern(pattern: string): PatternPart[] {
  if (pattern === '') {
    throw new Error(
      'parse error at line 1, col 1: syntax error: unexpected $end, expecting IDENTIFIER or LITERAL',
    )
  }
  const parts = splitPattern(pattern)
  const names = parts.flatMap((part) => ('capture' in part && part.capture !== '' ? [part.capture] : []))
  if (names.length === 0) throw new Error('at least one capture is required')
  checkConsecutiveCaptures(parts)
  const repeated = names.find((name, i) => names.indexOf(name) !== i)
  if (repeated !== undefined) throw new Error(`duplicate capture name (${repeated}): invalid expression`)
  return parts
}

/**
 * The parts of `| pattern` as what is done to the bytes of a line. @throws Error as {@link compilePattern}
 */
export function patternParser(pattern: string): PatternParser {
  const parts = compilePattern(pattern)
  const [first] = parts
  const lead = 'literal' in first ? Buffer.from(first.literal) : new Uint8Array(0)
  const captures = parts.flatMap((part, i): PatternCapture[] => {
    if ('literal' in part) return []
    const next = parts[i + 1]
    const literal = next !== undefined && 'literal' in next ? Buffer.from(next.literal) : undefined
    return [{ name: part.capture, literal }]
  })
  return { text: pattern, lead, captures }
}
