const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 0x5c,
  '"': 0x22,
}

const ESCAPE = /\\(?:([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]?))/g

/** What is wrong with the escapes of a string's inside, or `undefined`. */
export function stringEscapeError(inside: string): string | undefined {
  for (const match of inside.matchAll(ESCAPE)) {
    const [, octal, , short, long, simple] = match
    if (octal !== undefined && Number.parseInt(octal, 8) > 255) return 'octal escape is greater than 255'
    const point = short ?? long
    if (point !== undefined && !isScalar(Number.parseInt(point, 16))) {
      return 'escape sequence is invalid Unicode code point'
    }
    if (simple !== undefined && SIMPLE_ESCAPES[simple] === undefined) {
      return /[xuU0-7]/.test(simple) ? 'illegal character in escape sequence' : 'unknown escape sequence'
    }
  }
  return undefined
}

function isScalar(code: number): boolean {
  return code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
}

/**
 * The value of a double-quoted string, quotes included in `text`. `\xhh` and `\ooo` are bytes; byte sequences
 * that are not UTF-8 become U+FFFD, where Alloy would keep them (its strings are bytes, ours are text).
 */
export function unquoteString(text: string): string {
  const inside = text.slice(1, -1)
  if (!inside.includes('\\')) return inside
  const bytes: number[] = []
  let last = 0
  for (const match of inside.matchAll(ESCAPE)) {
    bytes.push(...Buffer.from(inside.slice(last, match.index)))
    const [whole, octal, hex, short, long, simple] = match
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8))
    else if (hex !== undefined) bytes.push(Number.parseInt(hex, 16))
    else if (simple !== undefined) bytes.push(SIMPLE_ESCAPES[simple] ?? 0)
    else bytes.push(...Buffer.from(String.fromCodePoint(Number.parseInt(short ?? long, 16))))
    last = match.index + whole.length
  }
  bytes.push(...Buffer.from(inside.slice(last)))
  return Buffer.from(bytes).toString()
}

/** The value of a raw string, backticks included in `text`; carriage returns are dropped. */
export function unquoteRaw(text: string): string {
  return text.slice(1, -1).replaceAll('\r', '')
}

const INT64_MAX = 0x7fff_ffff_ffff_ffffn
const UINT64_MAX = 0xffff_ffff_ffff_ffffn

/**
 * The value of a number literal: a BigInt for integers, a number for floats. A leading zero means octal,
 * digits that are not octal after it make a float, and so do integers beyond 64 bits.
 */
export function parseNumberLiteral(text: string): bigint | number {
  if (!/^\d+$/.test(text)) return Number(text)
  if (text.length > 1 && text.startsWith('0')) {
    if (/[89]/.test(text)) return Number(text)
    return fitInteger(BigInt(`0o${text}`))
  }
  return fitInteger(BigInt(text))
}

function fitInteger(value: bigint): bigint | number {
  return value > UINT64_MAX ? Number(value) : value
}

/** Whether an integer only fits an unsigned 64-bit number. */
export function isUint64Only(value: bigint): boolean {
  return value > INT64_MAX
}

/** Whether a text may stand as an identifier. The keywords may not. */
export function isIdentifier(text: string): boolean {
  return /^[\p{L}_][\p{L}\p{Nd}_]*$/u.test(text) && text !== 'true' && text !== 'false' && text !== 'null'
}
