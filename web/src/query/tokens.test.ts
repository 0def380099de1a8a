import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyText } from '../testing/any-text.ts'
import { tokenize, withoutComments } from './tokens.ts'

const texts = (query: string) => tokenize(query).map((token) => token.text)

describe('tokenize', () => {
  test.each([
    ['{a="b"} |= `c d`', ['{', 'a', '=', '"b"', '}', '|=', '`c d`']],
    ['|~ "x" !~ "y" # note\n| json', ['|~', '"x"', '!~', '"y"', '|', 'json']],
    ['"a \\" b" // c', ['"a \\" b"']],
    ['a/* x */>=5m', ['a', '>=', '5m']],
    ['"open', ['"open']],
  ])('%s', (query, expected) => {
    expect(texts(query)).toEqual(expected)
  })

  test.each([
    ['"a"', true],
    ['"a', false],
    ['"a\\"', false],
    ['"a\\\\"', true],
    ['`a', false],
    ['`', false],
  ])('%s closed: %s', (query, closed) => {
    expect(tokenize(query)[0]?.closed).toBe(closed)
  })

  test('tokens lie in order and say what the text says there', () => {
    fc.assert(
      fc.property(anyText, (query) => {
        let end = 0
        for (const token of tokenize(query)) {
          expect(token.from).toBeGreaterThanOrEqual(end)
          expect(query.slice(token.from, token.to)).toBe(token.text)
          end = token.to
        }
      }),
    )
  })
})

test('comments go, strings that look like comments stay', () => {
  expect(withoutComments('{a="#b"} # c\n|= "//d" // e')).toBe('{a="#b"}  \n|= "//d"')
})
