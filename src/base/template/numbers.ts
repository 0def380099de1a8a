import { unescapeLiteral } from '../go-literals.ts'
import { parseGoFloat } from '../gofloat.ts'

/**
 * A number or character constant of a template: an int64 as bigint, a float64 as number; undefined where it
 * is none.
 */
export function parseNumber(text: string): bigint | number | undefined {
  if (text.startsWith("'")) {
    const inside = text.slice(1, -1)
    const char = inside === "\\'" ? "'" : unescapeOrUndefined(inside)
    const code = char?.codePointAt(0)
    return code === undefined || [...(char ?? '')].length !== 1 ? undefined : BigInt(code)
  }
  const integer = parseInteger(text)
  if (integer !== undefined) return integer
  try {
    return parseGoFloat(text)
  } catch {
    return undefined
  }
}

function unescapeOrUndefined(inside: string): string | undefined {
  try {
    return unescapeLiteral(inside)
  } catch {
    return undefined
  }
}

/** Go's `strconv.ParseInt(text, 0, 64)`: decimal, `0x`, `0b`, `0o`, leading `0` octal, underscores. */
export function parseInteger(text: string): bigint | undefined {
  const match = /^([+-]?)(0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|0[0-7_]*|[1-9][\d_]*)$/.exec(text)
  if (match === null || /__|_$/.test(match[2])) return undefined
  const digits = match[2].replaceAll('_', '')
  const octal = /^0[0-7]+$/.test(digits)
  const magnitude = BigInt(octal ? `0o${digits.slice(1)}` : digits)
  const value = match[1] === '-' ? -magnitude : magnitude
  return value === BigInt.asIntN(64, value) ? value : undefined
}
