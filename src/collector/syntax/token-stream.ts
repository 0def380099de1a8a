import { type Diagnostic, DiagnosticsError, errorAt } from './diagnostic.ts'
import { tokenize } from './lexer.ts'
import { lineIndexAt, type Source } from './source.ts'
import { type Comment, describeToken, type Token, type TokenKind } from './token.ts'

/**
 * How deep brackets may nest, and how long a chain of operators may be, before the parser gives up on a
 * statement.
 */
const MAX_DEPTH = 500

/** Stops the parsing of the current statement; its diagnostic has been recorded. Never leaves the parser. */
export class SyntaxStop extends Error {}

/** The parser's view of the tokens: one of lookahead, and the diagnostics found so far. */
export interface TokenStream {
  readonly source: Source
  readonly comments: readonly Comment[]
  peek(): Token
  /** Takes the next token; the end of the file is never passed. */
  next(): Token
  /** Takes the next token if it is of this kind. */
  accept(kind: TokenKind): Token | undefined
  /** @throws SyntaxStop after recording `expected KIND, got …`. */
  expect(kind: TokenKind): Token
  /** Records an error over a range and @throws SyntaxStop. */
  fail(range: { readonly start: number; readonly end: number }, message: string): never
  /** Runs `parse` one bracket deeper. @throws SyntaxStop when that is too deep. */
  nested<T>(parse: () => T): T
  /** @throws SyntaxStop when a chain of operators has grown beyond bounds. */
  checkLength(links: number, at: Token): void
  /** How many braces have been opened and not closed since `from` was the next token. */
  openBracesSince(from: Token): number
  /** Everything wrong, in source order, at most one per line. */
  diagnostics(): Diagnostic[]
}

/** Opens a stream over the tokens of `source`. */
export function openTokens(source: Source): TokenStream {
  const lexed = tokenize(source)
  const { tokens } = lexed
  const found: Diagnostic[] = [...lexed.diagnostics]
  let index = 0
  let depth = 0
  const peek = (): Token => tokens[index]
  const next = (): Token => {
    const token = tokens[index]
    if (index < tokens.length - 1) index++
    return token
  }
  const fail = (range: { readonly start: number; readonly end: number }, message: string): never => {
    found.push(errorAt({ source, start: range.start, end: range.end }, message))
    throw new SyntaxStop(message)
  }
  return {
    source,
    comments: lexed.comments,
    peek,
    next,
    accept: (kind) => (peek().kind === kind ? next() : undefined),
    expect: (kind) => {
      if (peek().kind === kind) return next()
      return fail(peek(), `expected ${kindName(kind)}, got ${describeToken(peek())}`)
    },
    fail,
    nested: (parse) => {
      if (++depth > MAX_DEPTH) fail(peek(), `brackets and blocks nest more than ${MAX_DEPTH} deep`)
      try {
        return parse()
      } finally {
        depth--
      }
    },
    checkLength: (links, at) => {
      if (links > MAX_DEPTH) fail(at, `more than ${MAX_DEPTH} operators in a row`)
    },
    openBracesSince: (from) => {
      const taken = tokens.slice(tokens.indexOf(from), index)
      const count = (kind: TokenKind): number => taken.filter((token) => token.kind === kind).length
      return Math.max(0, count('{') - count('}'))
    },
    diagnostics: () => onePerLine(source, found),
  }
}

function kindName(kind: TokenKind): string {
  return kind.length > 2 ? kind.toUpperCase() : kind
}

/** After the first error of a line the parser's view of the rest is a guess, so only the first is shown. */
function onePerLine(source: Source, found: readonly Diagnostic[]): Diagnostic[] {
  const lines = new Set<number>()
  const start = (diagnostic: Diagnostic): number => diagnostic.span?.start ?? 0
  return [...found]
    .sort((a, b) => start(a) - start(b))
    .filter((diagnostic) => {
      const line = lineIndexAt(source, start(diagnostic))
      if (lines.has(line)) return false
      lines.add(line)
      return true
    })
}

/** @throws DiagnosticsError when the stream met any error. */
export function throwIfFailed(stream: TokenStream): void {
  const diagnostics = stream.diagnostics()
  if (diagnostics.length > 0) throw new DiagnosticsError(diagnostics)
}
