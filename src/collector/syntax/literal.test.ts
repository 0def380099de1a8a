import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { goQuote } from '#base/goquote.ts'
import { parseNumberLiteral, stringEscapeError, unquoteRaw, unquoteString } from './literal.ts'

describe('numbers', () => {
  test.each<[string, bigint | number]>([
    ['0', 0n],
    ['42', 42n],
    ['010', 8n],
    ['08', 8],
    ['9223372036854775807', 9223372036854775807n],
    ['18446744073709551615', 18446744073709551615n],
    ['18446744073709551616', 18446744073709552000],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['1e3', 1000],
    ['1.5E-3', 0.0015],
  ])('%s', (text, expected) => {
    expect(parseNumberLiteral(text)).toBe(expected)
  })
})

describe('strings', () => {
  test.each([
    ['"plain"', 'plain'],
    ['"\\a\\b\\f\\n\\r\\t\\v\\\\\\""', '\x07\b\f\n\r\t\v\\"'],
    ['"\\101\\x42\\u0043\\U0001F600"', 'ABC😀'],
    ['"\\xc3\\xa4"', 'ä'],
    ['"\\xff"', '\uFFFD'],
    ['"ä\\n"', 'ä\n'],
  ])('%s', (text, expected) => {
    expect(stringEscapeError(text.slice(1, -1))).toBeUndefined()
    expect(unquoteString(text)).toBe(expected)
  })

  test('raw strings drop carriage returns', () => {
    expect(unquoteRaw('`a\\n\r\nb`')).toBe('a\\n\nb')
  })

  test('what Go quotes reads back the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const quoted = goQuote(text)
        expect(stringEscapeError(quoted.slice(1, -1))).toBeUndefined()
        expect(unquoteString(quoted)).toBe(text)
      }),
    )
  })
})
