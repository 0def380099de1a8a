import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scanLogQuery } from './scan.ts'

/** Stages as short texts: `line|=x`, `parser:json`, `label:a="x"`, `other:drop`. */
function stages(query: string): string[] | null {
  const parts = scanLogQuery(query)
  if (parts === null) return null
  return parts.stages.map(({ kind, name, op, value }) =>
    kind === 'line' ? `line${op}${value}` : `${kind}:${name}${op}${value ?? ''}`,
  )
}

describe('scanLogQuery', () => {
  test.each([
    ['{a="b"}', []],
    ['{a="b", c!~`d`} |= "x" != "y"', ['line|=x', 'line!=y']],
    ['{a="b"} | json | status != "200" != "z"', ['parser:json', 'label:status!=200', 'line!=z']],
    ['{a="b"} | json != "x"', ['parser:json', 'line!=x']],
    ['{a="b"} | json a="x.y", b | a=~"c"', ['parser:json', 'label:a=~c']],
    ['{a="b"} | logfmt | d > 5 | drop x', ['parser:logfmt', 'other:d', 'other:drop']],
    ['{a="b"} | x="1" or y!="2" | z="3"', ['other:x', 'label:z=3']],
    ['{a="b"} |= "x" or "y"', ['line|=null']],
    ['{a="b"} | line_format "{{.x}}"', ['other:line_format']],
  ])('%s', (query, expected) => {
    expect(stages(query)).toEqual(expected)
  })

  test.each([
    'rate({a="b"}[5m])',
    'sum by (a) (count_over_time({a="b"} | json [1m]))',
    '{a="b"}[5m]',
    '({a="b"})',
    '{a="b"',
    '{a=b}',
    '{a="b"} "x"',
    '{a="b"} |= "open',
    '',
  ])('%s is left alone', (query) => {
    expect(scanLogQuery(query)).toBeNull()
  })

  test('never throws, and places lie within the text', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      'a',
      '=',
      '"b"',
      '|',
      '|=',
      '!=',
      'json',
      ',',
      ' ',
      '(',
      '`',
      'or',
      '\n',
      '#',
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const query = pieces.join('')
        for (const stage of scanLogQuery(query)?.stages ?? []) {
          expect(stage.from).toBeLessThan(stage.to)
          expect(stage.to).toBeLessThanOrEqual(query.length)
        }
      }),
    )
  })
})
