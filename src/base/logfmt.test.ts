import fc from 'fast-check'
import { expect, test } from 'vitest'
import { logfmtLine } from './logfmt.ts'

test.each([
  [
    '{"level":"info","ts":"2026-01-01T00:00:00Z","msg":"it is up"}',
    'ts=2026-01-01T00:00:00Z level=info msg="it is up"\n',
  ],
  ['{"a":1,"b":true,"c":null,"d":""}', 'a=1 b=true c=null d=""\n'],
  ['{"q":"say \\"hi\\"","n":"a\\nb","e":"a=b"}', 'q="say \\"hi\\"" n="a\\nb" e="a=b"\n'],
  ['{"o":{"x":[1,2]},"a b":1}', 'o="{\\"x\\":[1,2]}" a_b=1\n'],
  ['not json\n', 'not json\n'],
  ['[1]', '[1]'],
])('%s', (json, line) => {
  expect(logfmtLine(json)).toBe(line)
})

test('whatever the fields, a line is one line, and its values are there', () => {
  const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.double({ noNaN: true }), fc.boolean())
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('msg', 'level', 'at', 'err'), value), (fields) => {
      const line = logfmtLine(JSON.stringify(fields))
      expect(line.indexOf('\n')).toBe(line.length - 1)
      for (const [key, one] of Object.entries(fields)) {
        const match = new RegExp(`(?:^|\\s)${key}=("(?:[^"\\\\]|\\\\.)*"|[^\\s"]*)`).exec(line)
        const text = match?.[1] ?? ''
        const back: unknown = text.startsWith('"') ? JSON.parse(text) : text
        expect(back).toBe(typeof one === 'string' ? one : JSON.stringify(one))
      }
    }),
  )
})
