import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { goQuote } from '#base/goquote.ts'
import { parseLabelsText } from './labels-text.ts'
import { PushError } from './push-error.ts'

describe('parseLabelsText', () => {
  test.each<[string, [string, string][]]>([
    ['{}', []],
    [
      '{a="b", c=\'d\',}',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      '{b="2",a=`raw\\n`}',
      [
        ['a', 'raw\\n'],
        ['b', '2'],
      ],
    ],
    [
      'up{job="x"}',
      [
        ['__name__', 'up'],
        ['job', 'x'],
      ],
    ],
    ['up', [['__name__', 'up']]],
    ['{a="\\t\\"\\u00e9\\U0001f680\\xc3\\xa9\\303\\251"}', [['a', '\t"é🚀éé']]],
    [
      '{a="1",a="2"}',
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    ['{a=""}', [['a', '']]],
  ])('%s', (text, pairs) => {
    expect(parseLabelsText(text)).toEqual(pairs)
  })

  test.each([
    ['{bad-name="v"}', "1:5: parse error: unexpected character inside braces: '-'"],
    ['{1bad="v"}', "1:2: parse error: unexpected character inside braces: '1'"],
    ['{bad name="v"}', '1:6: parse error: unexpected identifier "name" in label set, expected "="'],
    ['{="v"}', '1:2: parse error: unexpected "=" in label set, expected identifier or "}"'],
    ['{app{="v"}', "1:5: parse error: unexpected left brace '{'"],
    ['{a=~"v"}', '1:3: parse error: unexpected "=~" in label set, expected "="'],
    ['{a="v"', 'unexpected end of input in label set, expected "," or "}"'],
    ['{a="v', 'unterminated quoted string'],
    ['{"a.b"="v"}', 'parse error'],
    ['', 'unexpected end of input'],
  ])('%s is refused', (text, message) => {
    expect(() => parseLabelsText(text)).toThrow(message)
  })

  test('reads every value that is quoted as Go quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        expect(parseLabelsText(`{a=${goQuote(value)}}`)).toEqual([['a', value]])
      }),
    )
  })

  test('throws nothing but its own error', () => {
    const piece = fc.constantFrom('{', '}', 'a', '=', '"', '\\', 'b"', ',', "'", '`', '!~', ' ', '\\x', 'é')
    fc.assert(
      fc.property(
        fc.array(piece).map((pieces) => pieces.join('')),
        (text) => {
          try {
            parseLabelsText(text)
          } catch (error) {
            expect(error).toBeInstanceOf(PushError)
          }
        },
      ),
    )
  })
})
