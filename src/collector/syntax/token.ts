/** Kinds of token. Punctuation and operators are their own kind. */
export type TokenKind =
  | 'identifier'
  | 'number'
  | 'float'
  | 'string'
  | 'raw'
  | 'bool'
  | 'null'
  | 'terminator'
  | 'eof'
  | 'illegal'
  | Punctuation

/** Every operator and bracket of the language, longest first so that a lexer may try them in order. */
export const PUNCTUATION = [
  '==',
  '!=',
  '<=',
  '>=',
  '&&',
  '||',
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  ',',
  '.',
  '=',
  '<',
  '>',
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  '!',
] as const

/** One of {@link PUNCTUATION}. */
export type Punctuation = (typeof PUNCTUATION)[number]

/**
 * A piece of the source. An inserted terminator has the text `\n` (or `''` at the end) whatever stands there.
 */
export interface Token {
  readonly kind: TokenKind
  readonly text: string
  readonly start: number
  readonly end: number
}

/** A comment with its markers; a line comment ends before the newline. */
export interface Comment {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** How a token is named in a message: its text where it has one. */
export function describeToken(token: Token): string {
  if (token.kind === 'eof') return 'EOF'
  if (token.kind === 'terminator') return 'newline'
  return token.kind === 'string' || token.kind === 'raw' ? 'STRING' : token.text
}
