import { SIMPLE_ESCAPES } from '#base/go-literals.ts'
import { goQuote } from '#base/goquote.ts'
import { PushError } from './push-error.ts'

type Pair = readonly [name: string, value: string]

interface Token {
  /** `ident`, `string`, an operator or a brace; `end` after the last. */
  readonly kind: string
  readonly text: string
  /** 0-based, in characters. */
  readonly at: number
}

const NAMES: Record<string, string> = { ident: 'identifier', string: 'string' }

/**
 * Parses the label text of a stream, `{a="b", c='d'}`, in Prometheus' metric syntax. Sorted by name;
 * repeated names and
 * empty values are kept.
 * @throws PushError 400 with Loki's text: `couldn't parse labels: 1:5: parse error: unexpected character
 * inside braces: '-'`
 */
export function parseLabelsText(text: string): Pair[] {
  const pairs: Pair[] = []
  let at = 0
  const next = (): Token => {
    const token = readToken(text, at)
    at = token.at + token.text.length
    return token
  }
  let token = next()
  if (token.kind === 'ident') {
    pairs.push(['__name__', token.text])
    token = next()
  }
  if (token.kind === 'end' && pairs.length > 0) return pairs
  if (token.kind !== '{') throw failure(token.at, `unexpected ${describe(token)}`)
  for (;;) {
    token = next()
    if (token.kind === '}') break
    if (token.kind !== 'ident' && token.kind !== 'string') {
      throw failure(token.at, `unexpected ${describe(token)} in label set, expected identifier or "}"`)
    }
    const name = token.text
    token = next()
    if (token.kind !== '=')
      throw failure(token.at, `unexpected ${describe(token)} in label set, expected "="`)
    token = next()
    if (token.kind !== 'string')
      throw failure(token.at, `unexpected ${describe(token)} in label set, expected string`)
    if (!isLabelName(name))
      throw failure(token.at, `unexpected string ${name} in label set, expected identifier`)
    pairs.push([name, unquote(token)])
    token = next()
    if (token.kind === '}') break
    if (token.kind !== ',')
      throw failure(token.at, `unexpected ${describe(token)} in label set, expected "," or "}"`)
  }
  token = next()
  if (token.kind !== 'end') throw failure(token.at, `unexpected ${describe(token)}`)
  return pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))
}

/** Whether a label may have this name: `[a-zA-Z_][a-zA-Z0-9_]*`. */
export function isLabelName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)
}

function failure(at: number, message: string): PushError {
  return new PushError(400, `couldn't parse labels: 1:${at + 1}: parse error: ${message}`)
}

function describe(token: Token): string {
  if (token.kind === 'end') return 'end of input'
  const quoted = goQuote(token.text)
  return NAMES[token.kind] === undefined ? quoted : `${NAMES[token.kind]} ${quoted}`
}

function readToken(text: string, from: number): Token {
  let at = from
  while (at < text.length && /\s/.test(text[at])) at++
  if (at === text.length) return { kind: 'end', text: '', at }
  const char = text[at]
  if (char === '{' && from > 0 && text.lastIndexOf('{', at - 1) >= 0)
    throw failure(at, "unexpected left brace '{'")
  if ('{},'.includes(char)) return { kind: char, text: char, at }
  if (char === '"' || char === "'" || char === '`') return readString(text, at)
  const ident = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(text.slice(at))
  if (ident !== null) return { kind: 'ident', text: ident[0], at }
  const operator = /^(?:=~|!=|!~|=)/.exec(text.slice(at))
  if (operator !== null) return { kind: operator[0], text: operator[0], at }
  const odd = String.fromCodePoint(text.codePointAt(at) ?? 0)
  throw failure(at, `unexpected character inside braces: '${odd}'`)
}

function readString(text: string, at: number): Token {
  const quote = text[at]
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\' && quote !== '`') i++
    else if (text[i] === quote) return { kind: 'string', text: text.slice(at, i + 1), at }
  }
  throw failure(at, quote === '`' ? 'unterminated raw string' : 'unterminated quoted string')
}

const SIMPLE: Readonly<Record<string, string>> = { ...SIMPLE_ESCAPES, "'": "'" }

/**
 * Undoes Go's quoting. Octal and hex escapes are bytes, so the result is put together as bytes when there
 * are any.
 */
function unquote({ text, at }: Token): string {
  const inner = text.slice(1, -1)
  if (text[0] === '`' || !inner.includes('\\')) return inner
  const bytes: number[] = []
  for (let i = 0; i < inner.length; i++) {
    if (inner[i] !== '\\') {
      const char = String.fromCodePoint(inner.codePointAt(i) ?? 0)
      bytes.push(...Buffer.from(char))
      i += char.length - 1
      continue
    }
    const sequence = /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/.exec(
      inner.slice(i),
    )
    const simple = sequence?.[5] === undefined ? undefined : SIMPLE[sequence[5]]
    const point = Number.parseInt(sequence?.[2] ?? sequence?.[3] ?? '-1', 16)
    if (sequence?.[1] !== undefined) bytes.push(Number.parseInt(sequence[1], 16))
    else if (sequence?.[4] !== undefined) bytes.push(Number.parseInt(sequence[4], 8) & 0xff)
    else if (simple !== undefined) bytes.push(...Buffer.from(simple))
    else if (sequence !== null && point >= 0 && point <= 0x10ffff)
      bytes.push(...Buffer.from(String.fromCodePoint(point)))
    else throw failure(at, 'error unquoting string')
    i += (sequence?.[0].length ?? 1) - 1
  }
  return Buffer.from(bytes).toString()
}
