import { LogqlError } from '../error.ts'
import { lex } from './lexer.ts'
import type { Token, TokenKind } from './token.ts'

/** Loki refuses queries of this many bytes and more. */
const MAX_QUERY_BYTES = 131_072
/** How deep parentheses and operators may nest. Keeps recursion far from the end of the stack. */
const MAX_DEPTH = 500

/** A position in the tokens of one query. */
export class Cursor {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0
  /** The first problem that is reported only once the whole query has parsed. */
  deferredError: string | undefined

  /** @throws LogqlError when the text is too long. */
  constructor(text: string) {
    const sizeBytes = Buffer.byteLength(text)
    if (sizeBytes >= MAX_QUERY_BYTES) {
      throw new LogqlError(`parse error : input size too long (${sizeBytes} > ${MAX_QUERY_BYTES})`)
    }
    this.#tokens = text === '' ? [{ kind: '$end', text: '', value: 0, line: 0, col: 0 }] : lex(text)
  }

  /** The token at the cursor. @throws LogqlError where the text there is no token. */
  get token(): Token {
    const token = this.#tokens[this.#at]
    if (token.error !== undefined) throw parseError(token, token.error)
    return token
  }

  /** The kind of the token after the one at the cursor. */
  get nextKind(): TokenKind {
    return this.#tokens[this.#at + 1]?.kind ?? '$end'
  }

  /** Steps over the token at the cursor and returns it. */
  take(): Token {
    const token = this.token
    if (token.kind !== '$end') this.#at++
    return token
  }

  is(kind: TokenKind): boolean {
    return this.token.kind === kind
  }

  /** Steps over a token of this kind, if it is there. */
  accept(kind: TokenKind): boolean {
    if (!this.is(kind)) return false
    this.take()
    return true
  }

  /** Steps over a token of this kind. @throws LogqlError naming `expecting` where another one is there. */
  expect(kind: TokenKind, expecting: string = kind): Token {
    if (!this.is(kind)) this.unexpected(expecting)
    return this.take()
  }

  /** As {@link expect}, where so much else could follow that Loki's message names nothing. */
  expectAmongOthers(kind: TokenKind): Token {
    if (!this.is(kind)) this.unexpected()
    return this.take()
  }

  /** @throws LogqlError always: the token at the cursor cannot stand here. */
  unexpected(expecting?: string): never {
    const suffix = expecting === undefined ? '' : `, expecting ${expecting}`
    const token = this.token
    throw parseError(token, `syntax error: unexpected ${token.kind}${suffix}`)
  }

  /** Remembers a problem of meaning, which Loki reports after problems of form. */
  defer(message: string): void {
    this.deferredError ??= message
  }

  /** Runs a nested parse. @throws LogqlError where nesting is too deep. */
  nested<T>(parse: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw tooDeep()
    const result = parse()
    this.#depth--
    return result
  }
}

/** The error for a query that nests or chains deeper than the limit. */
export function tooDeep(): LogqlError {
  return new LogqlError(`parse error : query is nested too deeply (more than ${MAX_DEPTH} levels)`)
}

/** How many binary operators may be chained in one expression; they nest to the left. */
export const MAX_CHAIN = MAX_DEPTH

function parseError(token: Token, message: string): LogqlError {
  if (token.line === 0 && token.col === 0) return new LogqlError(`parse error : ${message}`)
  return new LogqlError(`parse error at line ${token.line}, col ${token.col}: ${message}`)
}
