import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyText } from '../testing/any-text.ts'
import { makeRow } from '../testing/make-row.ts'
import { parseLine, rowLevel } from './parse-line.ts'

function show(line: string): string {
  const { format, message, fields } = parseLine(line)
  return `${format} ${message} | ${fields.map(({ name, value }) => `${name}=${value}`).join(' ')}`
}

describe('parseLine', () => {
  test.each([
    [
      '{"level":"info","msg":"hi","a":{"b":1.50},"list":[1],"none":null,"ok":true}',
      'json hi | level=info a_b=1.50 ok=true',
    ],
    ['{"event":"job","n":12345678901234567890}', 'json job | n=12345678901234567890'],
    ['{"a b":1,"1g":2}', 'json  | a_b=1 _1g=2'],
    ['level=info msg="took 12 ms" status=200', 'logfmt took 12 ms | level=info status=200'],
    ['ts=1 msg="a \\"b\\"" flag', 'logfmt a "b" | ts=1'],
    ['GET /?a=b&c=d 200', 'text GET /?a=b&c=d 200 | '],
    ['key=value', 'text key=value | '],
    [
      'x=1 this is prose with one pair and then words',
      'text x=1 this is prose with one pair and then words | ',
    ],
    ['{"broken":', 'text {"broken": | '],
    ['[1,2]', 'text [1,2] | '],
    ['', 'text  | '],
  ])('%s', (line, expected) => {
    expect(show(line)).toBe(expected)
  })

  test('takes anything', () => {
    fc.assert(fc.property(anyText, (line) => void parseLine(line)))
    fc.assert(fc.property(fc.json(), (line) => void parseLine(line)))
  })

  test('a megabyte of pairs or braces is done at once', () => {
    expect(parseLine('a=b '.repeat(240_000)).fields.length).toBeLessThanOrEqual(300)
    expect(parseLine(`${'{"a":'.repeat(150_000)}`).format).toBe('text')
    expect(parseLine(`x=${'"'.repeat(500_000)}`).format).toBe('text')
  })
})

test.each([
  [{ line: 'x', metadata: { detected_level: 'error' } }, 'error'],
  [{ line: '{"level":50}', metadata: { detected_level: 'unknown' } }, 'error'],
  [{ line: '{"severity":"WARNING"}' }, 'warn'],
  [{ line: 'level=fatal msg=x' }, 'critical'],
  [{ line: 'an error' }, 'unknown'],
] as const)('level of %j', (row, level) => {
  expect(rowLevel(makeRow(row))).toBe(level)
})
