import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyText } from '../testing/any-text.ts'
import { quoteRegex, quoteString, regexAlternatives, unquoteString } from './quote.ts'

describe('quoteString', () => {
  test.each([
    ['plain', '"plain"'],
    ['', '""'],
    ['a "b"', '`a "b"`'],
    ['C:\\temp', '`C:\\temp`'],
    ['tick ` and "quote"', '"tick ` and \\"quote\\""'],
    ['two\nlines', '"two\\nlines"'],
    ['\x1b[31m', '"\\x1b[31m"'],
    ['\u202egnp', '"\\u202egnp"'],
    ['héé 😀', '"héé 😀"'],
  ])('%j', (text, literal) => {
    expect(quoteString(text)).toBe(literal)
  })

  test('reads back as it was, whatever the text', () => {
    fc.assert(fc.property(anyText, (text) => unquoteString(quoteString(text)) === text))
  })
})

describe('unquoteString', () => {
  test.each([
    ['"\\u00e9\\x41\\101\\n"', 'éAA\n'],
    ['`raw \\d`', 'raw \\d'],
    ['"open', null],
    ['"\\d"', null],
    ['"\\400"', null],
    ["'single'", null],
    ['"\\UFFFFFFFF"', null],
  ])('%s', (literal, text) => {
    expect(unquoteString(literal)).toBe(text)
  })
})

describe('alternations', () => {
  test('values that were quoted come back', () => {
    const values = fc.array(fc.string(), { minLength: 1 })
    fc.assert(
      fc.property(values, (list) => {
        expect(regexAlternatives(list.map(quoteRegex).join('|'))).toEqual(list)
      }),
    )
  })

  test.each(['.+', 'a.*', '(a|b)', '\\d', 'a\\'])('%s is no plain alternation', (pattern) => {
    expect(regexAlternatives(pattern)).toBeNull()
  })
})
