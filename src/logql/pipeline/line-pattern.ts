import { checkConsecutiveCaptures, splitPattern } from './pattern-compile.ts'

/**
 * Compiles the operand of `|>` and `!>`: literals and `<_>`. The first literal may stand anywhere, a capture
 * takes at least one character, the last part must reach the end of the line; nothing is retried.
 * @throws Error for named and for adjacent captures
 */
export function compileLinePattern(pattern: string): (line: string) => boolean {
  const parts = splitPattern(pattern)
  checkConsecutiveCaptures(parts)
  for (const part of parts) {
    if ('capture' in part && part.capture !== '') {
      throw new Error(`named captures are not allowed: found '<${part.capture}>'`)
    }
  }
  const literals = parts.flatMap((part) => ('literal' in part ? [part.literal] : []))
  const startsWithLiteral = parts.length > 0 && 'literal' in parts[0]
  const last = parts.at(-1)
  const endsWithCapture = last !== undefined && 'capture' in last
  return (line) => {
    if (parts.length === 0 || line === '') return parts.length === 0 && line === ''
    let offset = 0
    for (let i = 0; i < literals.length; i++) {
      const at = line.indexOf(literals[i], offset)
      if (at === -1) return false
      if (at === offset && (i > 0 || !startsWithLiteral)) return false
      offset = at + literals[i].length
    }
    return endsWithCapture ? offset < line.length : offset === line.length
  }
}
