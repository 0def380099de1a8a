import { RANGE_OPS, VECTOR_OPS } from './ast.ts'

/** What a token is. Punctuation and reserved words are their own kind, as Loki's messages print them. */
export type TokenKind = string

/**
 * A lexical token. `line` is 0 for tokens that Loki's lexer finds by looking ahead (two-character operators,
 * durations, byte sizes, flags, ranges): its messages carry that quirk.
 */
export interface Token {
  readonly kind: TokenKind
  /** Identifiers and numbers: as written. Strings: the value. Functions: lower-cased name. */
  readonly text: string
  /** DURATION: ns; BYTES: bytes; RANGE: ms. */
  readonly value: number
  readonly line: number
  /** 1-based, in characters. */
  readonly col: number
  /** Set where the text is no token: the message, reported when the parser arrives here. */
  readonly error?: string
}

/** Words that can never be identifiers, in any letter case. */
export const RESERVED: ReadonlySet<string> = new Set([
  'by',
  'without',
  'bool',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'offset',
  'unwrap',
  'or',
  'and',
  'unless',
  'json',
  'logfmt',
  'regexp',
  'unpack',
  'pattern',
  'line_format',
  'label_format',
  'decolorize',
  'drop',
  'keep',
])

const CONVERSIONS: readonly (readonly [string, string])[] = [
  ['bytes', 'BYTES_CONV'],
  ['duration', 'DURATION_CONV'],
  ['duration_seconds', 'DURATION_SECONDS_CONV'],
]

/**
 * Words that are functions where a parenthesis follows, with their token's name; elsewhere they are
 * identifiers.
 */
export const FUNCTIONS: ReadonlyMap<string, string> = new Map([
  ...[...RANGE_OPS, ...VECTOR_OPS, 'vector'].map((op): [string, string] => [op, op.toUpperCase()]),
  ['label_replace', 'label_replace'],
  ['ip', 'ip'],
  ...CONVERSIONS,
])

/** Operators of two characters, found by looking ahead. */
export const TWO_CHAR_OPERATORS: ReadonlySet<string> = new Set([
  '==',
  '!=',
  '=~',
  '!~',
  '|=',
  '|~',
  '|>',
  '!>',
  '>=',
  '<=',
])

/** Punctuation of one character. */
export const ONE_CHAR_OPERATORS = ',.{}()=|><+-*/%^'
