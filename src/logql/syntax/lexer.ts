import { parsePrometheusDuration } from '#base/duration.ts'
import { errorMessage } from '#base/errors.ts'
import { parseByteSize, unescapeLiteral } from '#base/go-literals.ts'
import { durationLiteralNs, goDurationNs } from './literals.ts'
import {
  FUNCTIONS,
  ONE_CHAR_OPERATORS,
  RESERVED,
  type Token,
  type TokenKind,
  TWO_CHAR_OPERATORS,
} from './token.ts'

const SPACE = /[ \t\r\n]/
const IDENTIFIER = /[\p{L}_][\p{L}\p{Nd}_]*/uy
const HEX_NUMBER = /0[xX][\da-fA-F_]*(?:\.[\da-fA-F_]*)?(?:[pP][+-]?\d*)?/
const RADIX_NUMBER = /0[bB][\d_]*|0[oO][\d_]*/
const DECIMAL_NUMBER = /(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?[\d_]*)?/
const NUMBER = new RegExp(`${HEX_NUMBER.source}|${RADIX_NUMBER.source}|${DECIMAL_NUMBER.source}`, 'y')
const DURATION_RUN = /[\d.nuµmshdwy]+/y
const BYTES_RUN = /[BikKMGTP.\d]+/y
const FUNCTION_FOLLOWS = /[ \t\r\n]*(?:\(|(?:by|without)[ \t\r\n]*\()/iy

/**
 * Splits a query into tokens, Loki's way. Never throws: text that is no token becomes one token with an
 * `error`, after which lexing stops, so that the parser reports whichever problem comes first.
 */
export function lex(text: string): Token[] {
  const tokens: Token[] = []
  let pos = text.startsWith('\ufeff') ? 1 : 0
  let line = 1
  let lineStart = pos
  // Characters outside the BMP take two code units but one column.
  let astral = 0

  const columnOf = (at: number): number => at - lineStart - astral + 1
  const skipTo = (end: number): void => {
    for (; pos < end; pos++) {
      const code = text.charCodeAt(pos)
      if (code === 0x0a) {
        line++
        lineStart = pos + 1
        astral = 0
      } else if (code >= 0xdc00 && code <= 0xdfff) astral++
    }
  }
  const push = (kind: TokenKind, end: number, extra: Partial<Token> = {}): void => {
    tokens.push({ kind, text: text.slice(pos, end), value: 0, line, col: columnOf(pos), ...extra })
    skipTo(end)
  }
  const fail = (error: string, lookAhead = false): Token[] => {
    tokens.push({ kind: 'error', text: '', value: 0, line: lookAhead ? 0 : line, col: columnOf(pos), error })
    return tokens
  }

  for (;;) {
    while (pos < text.length && SPACE.test(text[pos])) skipTo(pos + 1)
    if (pos >= text.length) {
      push('$end', pos)
      return tokens
    }
    const char = text[pos]
    const comment = commentEnd(text, pos)
    if (comment === -1) return fail('comment not terminated')
    if (comment > 0) {
      skipTo(comment)
    } else if (char === '\0') {
      return fail('invalid character NUL')
    } else if (char === '"' || char === '`') {
      const end = stringEnd(text, pos)
      if (end === -1) return fail('literal not terminated')
      const inside = text.slice(pos + 1, end - 1)
      try {
        push('STRING', end, { text: char === '`' ? inside.replaceAll('\r', '') : unescapeLiteral(inside) })
      } catch (thrown) {
        return fail(errorMessage(thrown))
      }
    } else if (char === '[') {
      const end = text.indexOf(']', pos)
      if (end === -1) return fail("missing closing ']' in duration", true)
      try {
        push('RANGE', end + 1, { line: 0, value: parsePrometheusDuration(text.slice(pos + 1, end)) })
      } catch (thrown) {
        return fail(errorMessage(thrown), true)
      }
    } else if (/\d/.test(char) || (char === '.' && /\d/.test(text[pos + 1] ?? ''))) {
      const error = lexNumber(text, pos, push)
      if (error !== undefined) return fail(error)
    } else if (char === "'") {
      const error = lexCharacter(text, pos, push)
      if (error !== undefined) return fail(error)
    } else {
      lexWordOrOperator(text, pos, push)
    }
  }
}

/** The end of a comment that begins at `pos`; 0 where none does, -1 where it never ends. */
function commentEnd(text: string, pos: number): number {
  const isLine = text[pos] === '#' || text.startsWith('//', pos)
  if (isLine) {
    const end = text.indexOf('\n', pos)
    return end === -1 ? text.length : end
  }
  if (!text.startsWith('/*', pos)) return 0
  const end = text.indexOf('*/', pos + 2)
  return end === -1 ? -1 : end + 2
}

/** One past the closing quote of the string literal at `pos`, or -1. */
function stringEnd(text: string, pos: number): number {
  if (text[pos] === '`') return text.indexOf('`', pos + 1) + 1 || -1
  for (let i = pos + 1; i < text.length; i++) {
    const char = text[i]
    if (char === '\\') i++
    else if (char === '"') return i + 1
    if (text[i] === '\n') return -1
  }
  return -1
}

type Push = (kind: TokenKind, end: number, extra?: Partial<Token>) => void

function matchAt(pattern: RegExp, text: string, pos: number): string {
  pattern.lastIndex = pos
  return pattern.exec(text)?.[0] ?? ''
}

/** A character in single quotes, an identifier to Loki. Returns the message where it is malformed. */
function lexCharacter(text: string, pos: number, push: Push): string | undefined {
  const quoted = /^'(?:[^'\\\n]|\\.)*'/.exec(text.slice(pos, pos + 1000))?.[0]
  if (quoted === undefined) return 'literal not terminated'
  if (!/^'(?:[^\\]|\\.[^']*)'$/u.test(quoted)) return 'invalid char literal'
  push('IDENTIFIER', pos + quoted.length)
  return undefined
}

/** A number, duration or byte size. Returns the message where the number is malformed. */
function lexNumber(text: string, pos: number, push: Push): string | undefined {
  const number = matchAt(NUMBER, text, pos)
  const error = numberError(number)
  if (error !== undefined) return error
  const durationRun = matchAt(DURATION_RUN, text, pos)
  if (durationRun.length > number.length) {
    const ns = durationLiteralNs(durationRun)
    if (ns !== undefined) {
      push('DURATION', pos + durationRun.length, { line: 0, value: ns })
      return undefined
    }
  }
  const bytesRun = matchAt(BYTES_RUN, text, pos)
  if (bytesRun.length > number.length) {
    const bytes = byteSizeOrUndefined(bytesRun)
    if (bytes !== undefined) {
      push('BYTES', pos + bytesRun.length, { line: 0, value: bytes })
      return undefined
    }
  }
  push('NUMBER', pos + number.length)
  return undefined
}

function byteSizeOrUndefined(text: string): number | undefined {
  try {
    return parseByteSize(text)
  } catch {
    return undefined
  }
}

/** Go's scanner's complaint about a number, if any. */
function numberError(number: string): string | undefined {
  if (/^0[xX][_.]*$/.test(number)) return 'hexadecimal literal has no digits'
  // Loki prints and reads sizes back: its complaint about `0B` is about a decimal.
  if (/^0B_*$/.test(number)) return 'decimal literal has no digits'
  if (/^0b_*$/.test(number)) return 'binary literal has no digits'
  if (/^0[oO]_*$/.test(number)) return 'octal literal has no digits'
  const badBinary = /^0[bB].*?([2-9])/.exec(number)
  if (badBinary !== null) return `invalid digit '${badBinary[1]}' in binary literal`
  const badOctal = /^0(?:[oO]|(?=[\d_]+$)).*?([89])/.exec(number)
  if (badOctal !== null) return `invalid digit '${badOctal[1]}' in octal literal`
  const exponent = /^0[xX]/.test(number) ? /[pP][+-]?$/ : /[eE][+-]?_*$/
  if (exponent.test(number)) return 'exponent has no digits'
  if (/^0[xX].*\./.test(number) && !/[pP]/.test(number)) return "hexadecimal mantissa requires a 'p' exponent"
  if (/__|_$|_\.|\._|_[eEpP]|[eEpP][+-]?_/.test(number)) return "'_' must separate successive digits"
  return undefined
}

function lexWordOrOperator(text: string, pos: number, push: Push): void {
  const word = matchAt(IDENTIFIER, text, pos)
  if (word !== '') {
    push(...wordToken(text, pos, word))
    return
  }
  const two = text.slice(pos, pos + 2)
  if (two === '--') {
    const flag = /^--(?:strict|keep-empty)(?![A-Za-z-])/.exec(text.slice(pos, pos + 16))?.[0]
    if (flag !== undefined) {
      push('FUNCTION_FLAG', pos + flag.length, { line: 0 })
      return
    }
  }
  if (text[pos] === '-') {
    const run = matchAt(DURATION_RUN, text, pos + 1)
    const ns = run === '' ? undefined : goDurationNs(`-${run}`)
    if (ns !== undefined) {
      push('DURATION', pos + 1 + run.length, { line: 0, value: ns })
      return
    }
  }
  if (TWO_CHAR_OPERATORS.has(two)) push(two, pos + 2, { line: 0 })
  else if (ONE_CHAR_OPERATORS.includes(text[pos])) push(text[pos], pos + 1)
  // Whatever starts no token is an identifier to Loki's lexer.
  else push('IDENTIFIER', pos + ((text.codePointAt(pos) ?? 0) > 0xffff ? 2 : 1))
}

function wordToken(text: string, pos: number, word: string): Parameters<Push> {
  const lower = word.toLowerCase()
  const end = pos + word.length
  if (RESERVED.has(lower)) return [lower, end, { text: lower }]
  const functionKind = FUNCTIONS.get(lower)
  if (functionKind !== undefined && matchAt(FUNCTION_FOLLOWS, text, end) !== '') {
    return [functionKind, end, { text: lower }]
  }
  return ['IDENTIFIER', end]
}
