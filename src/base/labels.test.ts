import { describe, expect, test } from 'vitest'
import { goQuote } from './goquote.ts'
import { labelsText, labelValue, makeLabels } from './labels.ts'
import { nearest } from './suggest.ts'

describe('label sets', () => {
  test('are sorted, lose empty values, and keep the last of a repeated name', () => {
    expect(
      makeLabels([
        ['b', '1'],
        ['a', '2'],
        ['c', ''],
        ['b', '3'],
      ]),
    ).toEqual([
      ['a', '2'],
      ['b', '3'],
    ])
    expect(makeLabels({ z: 'x', a: 'y' })).toEqual([
      ['a', 'y'],
      ['z', 'x'],
    ])
  })

  test('print as a stream selector', () => {
    expect(labelsText(makeLabels({ job: 'a"b', app: 'x' }))).toBe('{app="x", job="a\\"b"}')
    expect(labelsText([])).toBe('{}')
  })

  test('answer with an empty text for an absent name', () => {
    expect(labelValue(makeLabels({ a: '1' }), 'a')).toBe('1')
    expect(labelValue(makeLabels({ a: '1' }), 'b')).toBe('')
  })
})

describe('Go quoting', () => {
  test.each([
    ['plain', '"plain"'],
    ['tab\tnew\nline', '"tab\\tnew\\nline"'],
    ['back\\slash', '"back\\\\slash"'],
    ['\x1b[0m', '"\\x1b[0m"'],
    ['grüße 日本 😀', '"grüße 日本 😀"'],
    ['\u00a0\u200b', '"\\u00a0\\u200b"'],
    ['\u{e0001}', '"\\U000e0001"'],
  ])('%j', (text, quoted) => expect(goQuote(text)).toBe(quoted))
})

describe('the nearest name', () => {
  test.each([
    ['retention_perod', 'retention_period'],
    ['compctor', 'compactor'],
    ['zzzz', undefined],
  ])('%s → %s', (word, expected) => {
    expect(nearest(word, ['retention_period', 'compactor', 'limits_config'])).toBe(expected)
  })
})
