import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson } from './parse-json.ts'

test.each([
  ['{"\\\\":1}', '{"\\"":1}', '"'],
  ['{"\\\\":1}', '{"\\n":1}', '\n'],
  ['{"a\\\\":1}', '{"a\\"" : 1}', 'a"'],
  ['{"\\\\u":1}', '{"\\u0041B":1}', 'AB'],
  ['{"\\\\n":1}', '{"\\nx":1}', '\nx'],
])('after %s the key of %s is %j', (before, text, key) => {
  for (let i = 0; i < 3; i++) {
    parseJson(before)
    expect(Object.keys(parseJson(text) as object)).toEqual([key])
  }
})

test('keys with and without escapes, nested, with escapes in values', () => {
  const text = '{"a\\n":[{"b":"x\\"y","\\u0063":{"__proto__":1}}],"d": "\\\\","\ue000":2}'
  const value = parseJson(text)
  expect(value).toEqual({ 'a\n': [{ b: 'x"y', c: JSON.parse('{"__proto__":1}') }], d: '\\', '\ue000': 2 })
})

test.each(['{"a\\\\"":1}', '{"a\\":1}', '{"a"":1}', ''])('%j is no JSON', (text) => {
  expect(() => parseJson(text)).toThrow(SyntaxError)
})

test('what JSON.stringify writes is read back, whatever was read before', () => {
  const char = fc.constantFrom('\\', '"', 'a', ':', ' ', 'n', '\n')
  const text = fc.string({ unit: char, maxLength: 4 })
  const value = fc.dictionary(text, fc.oneof(text, fc.dictionary(text, text, { maxKeys: 2 })), { maxKeys: 3 })
  fc.assert(
    fc.property(value, value, (before, after) => {
      parseJson(JSON.stringify(before))
      expect(JSON.stringify(parseJson(JSON.stringify(after)))).toBe(JSON.stringify(after))
    }),
    { numRuns: 3000 },
  )
})
