import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyText } from '../testing/any-text.ts'
import {
  addCondition,
  addLabelFilter,
  addLineFilter,
  addMatcher,
  filteredValues,
  lineNeedles,
  selectedValues,
  selectValues,
  setLabelFilter,
  streamSelector,
} from './build.ts'
import { scanLogQuery } from './scan.ts'

const Q = '{service="api"} |= "x" | json'

describe('addCondition', () => {
  test.each([
    ['label', '=', '{service="api", pod="p"} |= "x" | json'],
    ['metadata', '=', '{service="api"} |= "x" | json | pod="p"'],
    ['json', '=', '{service="api"} |= "x" | json | pod="p"'],
    ['logfmt', '!=', '{service="api"} |= "x" | json | logfmt | pod!="p"'],
    ['parsed', '!=', '{service="api"} |= "x" | json | pod!="p"'],
  ] as const)('%s %s', (source, op, expected) => {
    expect(addCondition(Q, { source, name: 'pod', op, value: 'p' })).toBe(expected)
  })

  test('adds the parser the field needs', () => {
    const condition = { source: 'json', name: 'a_b', op: '=', value: 'say "hi"' } as const
    expect(addCondition('{a="b"}', condition)).toBe('{a="b"} | json | a_b=`say "hi"`')
  })

  test('leaves metric queries alone', () => {
    const condition = { source: 'label', name: 'a', op: '=', value: 'b' } as const
    expect(addCondition('rate({a="b"}[5m])', condition)).toBeNull()
  })

  test('always gives a query that reads back, with the value in it', () => {
    const source = fc.constantFrom('label', 'metadata', 'parsed', 'json', 'logfmt')
    fc.assert(
      fc.property(source, fc.constantFrom('=', '!='), anyText, (from, op, value) => {
        const query = addCondition(Q, { source: from, name: 'pod', op, value } as Parameters<
          typeof addCondition
        >[1])
        const parts = scanLogQuery(query ?? '')
        const found = from === 'label' ? parts?.matchers : parts?.stages
        expect(found?.some((part) => part.name === 'pod' && part.op === op && part.value === value)).toBe(
          true,
        )
      }),
    )
  })
})

describe('matchers', () => {
  test('= replaces, != joins, the opposite goes', () => {
    expect(addMatcher('{a="1"}', 'a', '=', '2')).toBe('{a="2"}')
    expect(addMatcher('{a="1", b="2"}', 'b', '!=', '2')).toBe('{a="1", b!="2"}')
    expect(addMatcher('{a!="1"}', 'a', '!=', '2')).toBe('{a!="1", a!="2"}')
    expect(addMatcher('{a!="1"}', 'a', '!=', '1')).toBe('{a!="1"}')
  })

  test('selected values', () => {
    expect(selectedValues('{s="a"}', 's')).toEqual(['a'])
    expect(selectedValues('{s=~"a|b\\\\.c"}', 's')).toEqual(['a', 'b.c'])
    expect(selectedValues('{s=~".+"}', 's')).toEqual([])
    expect(selectValues('{s=~".+"} | json', 's', ['a'], 's')).toBe('{s="a"} | json')
    expect(selectValues('{s="a", x="y"}', 's', ['a', 'b.c'], 's')).toBe('{s=~`a|b\\.c`, x="y"}')
    expect(selectValues('{s="a"} |= "q"', 's', [], 's')).toBe('{s=~".+"} |= "q"')
    expect(selectValues('{s="a", x!="y"}', 's', [], 's')).toBe('{s=~".+", x!="y"}')
    expect(selectValues('not a query', 's', ['a'], 's')).toBe('{s="a"}')
  })

  test('one stream', () => {
    expect(streamSelector({ a: 'b', c: 'd"e' })).toBe('{a="b", c=`d"e`}')
  })
})

describe('line filters', () => {
  test('stand before the parsers and do not repeat', () => {
    expect(addLineFilter('{a="b"}', '|=', 'x')).toBe('{a="b"} |= "x"')
    expect(addLineFilter(Q, '!=', 'y')).toBe('{service="api"} |= "x" != "y" | json')
    expect(addLineFilter(Q, '|=', 'x')).toBe(Q)
    expect(addLineFilter('{a="b"} | json', '|=', 'x')).toBe('{a="b"} |= "x" | json')
  })

  test('needles', () => {
    expect(lineNeedles('{a="b"} |= "x" != "y" |~ "z" |= `w`')).toEqual(['x', 'w'])
  })
})

describe('label filters', () => {
  test('replace what they contradict', () => {
    expect(addLabelFilter('{a="b"} | x="1"', 'x', '=', '2')).toBe('{a="b"} | x="2"')
    expect(addLabelFilter('{a="b"} | x="1" | json', 'x', '!=', '1')).toBe('{a="b"} | json | x!="1"')
    expect(addLabelFilter('{a="b"} | x!="1"', 'x', '!=', '2')).toBe('{a="b"} | x!="1" | x!="2"')
  })

  test('hold a label to some values, or free it', () => {
    expect(setLabelFilter('{a="b"}', 'l', ['error'])).toBe('{a="b"} | l="error"')
    expect(setLabelFilter('{a="b"} | l="error"', 'l', ['warn', 'warning'])).toBe(
      '{a="b"} | l=~"warn|warning"',
    )
    expect(setLabelFilter('{a="b"} | l=~"warn|warning" | json', 'l', [])).toBe('{a="b"} | json')
    expect(filteredValues('{a="b"} | l=~"warn|warning"', 'l')).toEqual(['warn', 'warning'])
  })

  test('end before a trailing comment', () => {
    expect(addLabelFilter('{a="b"} # all of it', 'x', '=', '1')).toBe('{a="b"} | x="1" # all of it')
  })
})
