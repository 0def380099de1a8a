const ESCAPES: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
}

/**
 * Text as a LogQL string literal. Backticks when they spare escapes, else double quotes with Go's escapes;
 * control and bidirectional characters are always escaped, so that a query shows what it holds.
 */
export function quoteString(text: string): string {
  const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ud800-\udfff]/u.test(text)
  if (/[\\"]/.test(text) && !hidden && !text.includes('`')) return `\`${text}\``
  let out = '"'
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    if (ESCAPES[char] !== undefined) out += ESCAPES[char]
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, '0')}`
    else if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ud800-\udfff]/u.test(char)) out += unicodeEscape(code)
    else out += char
  }
  return `${out}"`
}

function unicodeEscape(code: number): string {
  const hex = code.toString(16)
  return code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`
}

/** The value of a LogQL string literal; `null` where it is not a complete one. */
export function unquoteString(literal: string): string | null {
  const quote = literal[0]
  if (literal.length < 2 || literal.at(-1) !== quote) return null
  const body = literal.slice(1, -1)
  if (quote === '`') return body
  if (quote !== '"') return null
  let bad = false
  const ESCAPE = /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|[\s\S]|$)/g
  const text = body.replace(ESCAPE, (_all, code: string) => {
    const char = decodeEscape(code)
    if (char === null) bad = true
    return char ?? ''
  })
  return bad ? null : text
}

const SHORT: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
}

function decodeEscape(code: string): string | null {
  if (code.length > 1) {
    const octal = /^[0-7]/.test(code)
    const point = octal ? Number.parseInt(code, 8) : Number.parseInt(code.slice(1), 16)
    if (octal && point > 0xff) return null
    return point > 0x10ffff ? null : String.fromCodePoint(point)
  }
  return SHORT[code] ?? null
}

/** Text as an RE2 pattern that matches exactly it. */
export function quoteRegex(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}

/** The plain values of a pattern that {@link quoteRegex} and `|` built; `null` for any other pattern. */
export function regexAlternatives(pattern: string): string[] | null {
  const values: string[] = []
  let value = ''
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i] as string
    if (char === '\\') {
      const next = pattern[++i]
      if (next === undefined || /[A-Za-z0-9]/.test(next)) return null
      value += next
    } else if (char === '|') {
      values.push(value)
      value = ''
    } else if (/[.+*?()[\]{}^$]/.test(char)) return null
    else value += char
  }
  values.push(value)
  return values
}
