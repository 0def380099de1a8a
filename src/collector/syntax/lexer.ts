import { type Diagnostic, errorAt } from './diagnostic.ts'
import { stringEscapeError } from './literal.ts'
import type { Source } from './source.ts'
import { type Comment, PUNCTUATION, type Token, type TokenKind } from './token.ts'

/** What the lexer makes of a source. The last token is always `eof`. */
export interface Lexed {
  readonly tokens: readonly Token[]
  readonly comments: readonly Comment[]
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Tokens after which a line end ends the statement (Go's rule); after a broken one too, so that parsing finds
 * back.
 */
const ENDS_STATEMENT: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'identifier',
  'number',
  'float',
  'string',
  'raw',
  'bool',
  'null',
  'illegal',
  ')',
  ']',
  '}',
])

const IDENTIFIER = /[\p{L}_][\p{L}\p{Nd}_]*/uy
const NUMBER = /(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?/y
const BAD_EXPONENT = /[eE][+-]?/y

/**
 * Splits a source into tokens. Never throws: what cannot be read becomes an `illegal` token and a diagnostic.
 * A terminator is inserted at a newline or the end where the token before may end a statement.
 */
export function tokenize(source: Source): Lexed {
  const { text } = source
  const tokens: Token[] = []
  const comments: Comment[] = []
  const diagnostics: Diagnostic[] = []
  let at = 0
  const fail = (start: number, end: number, message: string): void => {
    diagnostics.push(errorAt({ source, start, end }, message))
  }
  const push = (kind: TokenKind, end: number): void => {
    tokens.push({ kind, text: text.slice(at, end), start: at, end })
    at = end
  }
  const endStatement = (): void => {
    const last = tokens.at(-1)
    if (last === undefined || !ENDS_STATEMENT.has(last.kind)) return
    tokens.push({ kind: 'terminator', text: at < text.length ? '\n' : '', start: at, end: at })
  }
  while (at < text.length) {
    const char = text[at]
    if (char === ' ' || char === '\t' || char === '\r') at++
    else if (char === '\n') {
      endStatement()
      at++
    } else if (text.startsWith('//', at)) {
      const newline = text.indexOf('\n', at)
      const end = newline < 0 ? text.length : newline
      comments.push({ text: text.slice(at, end).trimEnd(), start: at, end })
      at = end
    } else if (text.startsWith('/*', at)) {
      const close = text.indexOf('*/', at + 2)
      const end = close < 0 ? text.length : close + 2
      if (close < 0) fail(at, at + 2, 'block comment not terminated')
      const comment = text.slice(at, end)
      // A comment over several lines separates statements as a newline does.
      if (comment.includes('\n')) endStatement()
      comments.push({ text: comment, start: at, end })
      at = end
    } else {
      const found = scanToken(text, at)
      if (found.message !== undefined) fail(at, found.end, found.message)
      push(found.kind, found.end)
    }
  }
  endStatement()
  push('eof', at)
  return { tokens, comments, diagnostics }
}

interface Scanned {
  readonly kind: TokenKind
  readonly end: number
  readonly message?: string
}

/** Reads the token at `at`, where neither space nor comment stands. */
function scanToken(text: string, at: number): Scanned {
  const char = text[at]
  if (char === '"') return scanString(text, at)
  if (char === '`') return scanRaw(text, at)
  const word = matchAt(IDENTIFIER, text, at)
  if (word !== undefined) return { kind: wordKind(word), end: at + word.length }
  const number = matchAt(NUMBER, text, at)
  if (number !== undefined) return scanNumber(text, at, number)
  for (const punctuation of PUNCTUATION) {
    if (text.startsWith(punctuation, at)) return { kind: punctuation, end: at + punctuation.length }
  }
  return scanIllegal(text, at)
}

function wordKind(word: string): TokenKind {
  if (word === 'true' || word === 'false') return 'bool'
  return word === 'null' ? 'null' : 'identifier'
}

function scanNumber(text: string, at: number, number: string): Scanned {
  const end = at + number.length
  const exponent = matchAt(BAD_EXPONENT, text, end)
  if (exponent !== undefined && !/[eE]/.test(number)) {
    const kind = 'float'
    return { kind, end: end + exponent.length, message: 'exponent has no digits' }
  }
  return { kind: /[.eE]/.test(number) ? 'float' : 'number', end }
}

/** A double-quoted string ends on its own line; escapes are checked here, where their place is known. */
function scanString(text: string, at: number): Scanned {
  let end = at + 1
  while (end < text.length && text[end] !== '"' && text[end] !== '\n') end += text[end] === '\\' ? 2 : 1
  // A backslash at the line's end must not swallow the newline.
  const newline = text.indexOf('\n', at)
  if (newline >= 0 && end > newline) end = newline
  if (text[end] !== '"') {
    return { kind: 'illegal', end: Math.min(end, text.length), message: 'string literal not terminated' }
  }
  const message = stringEscapeError(text.slice(at + 1, end)) ?? badCharacter(text.slice(at, end))
  return { kind: 'string', end: end + 1, message }
}

function scanRaw(text: string, at: number): Scanned {
  const close = text.indexOf('`', at + 1)
  if (close < 0) return { kind: 'illegal', end: text.length, message: 'raw string literal not terminated' }
  return { kind: 'raw', end: close + 1, message: badCharacter(text.slice(at, close)) }
}

function badCharacter(text: string): string | undefined {
  if (text.includes('\0')) return 'illegal character NUL'
  return text.includes('\uFEFF') ? 'illegal byte order mark' : undefined
}

function scanIllegal(text: string, at: number): Scanned {
  const char = String.fromCodePoint(text.codePointAt(at) ?? 0)
  const end = at + char.length
  const kind = 'illegal'
  if (char === '|' || char === '&') return { kind, end, message: `missing second ${char} in ${char}${char}` }
  if (char === "'") {
    const close = /'[^'\n]*'/y
    const quoted = matchAt(close, text, at)
    const message = 'illegal single-quoted string; use double quotes'
    return { kind, end: quoted === undefined ? end : at + quoted.length, message }
  }
  if (char === '\0' || char === '\uFEFF') return { kind, end, message: badCharacter(char) }
  const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return { kind, end, message: `illegal character U+${code} '${char}'` }
}

function matchAt(sticky: RegExp, text: string, at: number): string | undefined {
  sticky.lastIndex = at
  return sticky.exec(text)?.[0]
}
