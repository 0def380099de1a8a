import { expect, test } from 'vitest'
import type { ApiStatement, ApiValue } from './api.ts'
import { parseChunk } from './debug-feed.ts'
import { printStatements } from './print-statements.ts'

const attr = (name: string, value: ApiValue): ApiStatement => ({ name, type: 'attr', value })
const string = (value: string): ApiValue => ({ type: 'string', value })

test.each<[string, ApiStatement, string]>([
  ['a string', attr('a', string('x "y"\n')), 'a = "x \\"y\\"\\n"'],
  ['a number', attr('a', { type: 'number', value: 1.5 }), 'a = 1.5'],
  ['null', attr('a', { type: 'null', value: null }), 'a = null'],
  ['a secret', attr('a', { type: 'capsule', value: '(secret)' }), 'a = (secret)'],
  ['what cannot be seen', attr('a', string('\u202egnp\u200b')), 'a = "\\u202egnp\\u200b"'],
  ['a short list', attr('a', { type: 'array', value: [string('x'), string('y')] }), 'a = ["x", "y"]'],
  [
    'an object in a list',
    attr('a', {
      type: 'array',
      value: [{ type: 'object', value: [{ key: 'a-b', value: string('x') }] }],
    }),
    'a = [\n  {\n    "a-b" = "x",\n  },\n]',
  ],
  ['an empty block', { name: 'b', type: 'block', body: [] }, 'b { }'],
  ['a block', { name: 'b', type: 'block', body: [attr('a', string('x'))] }, 'b {\n  a = "x"\n}'],
])('%s', (_, statement, text) => {
  expect(printStatements([statement])).toBe(text)
})

test('a feed is read in pieces; what is no line of it is passed over', () => {
  const first = parseChunk('{"line":"a","chars":1}\nnonsense\nnull\n{"skipped":3}\n{"li')
  expect(first.lines.map(({ line }) => line)).toEqual(['a'])
  expect(first.skipped).toBe(3)
  expect(parseChunk(`${first.rest}ne":"b"}\n`).lines).toEqual([{ line: 'b' }])
})
