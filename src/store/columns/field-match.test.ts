import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FieldPredicate } from '../types.ts'
import { LineEncoder, type LineRows } from './encode-lines.ts'
import { ALL_ROWS, rowsFailing } from './field-match.ts'
import { openColumns } from './open-columns.ts'

/** Rows that provably fail. */
function failing(lines: readonly string[], predicate: FieldPredicate): number[] {
  const buffers = lines.map((line) => Buffer.from(line))
  const lineTo = new Uint32Array(lines.length)
  let end = 0
  buffers.forEach((line, i) => {
    lineTo[i] = end += line.length
  })
  const rows: LineRows = {
    bytes: new Uint8Array(Buffer.concat(buffers)),
    lineFrom: lineTo.map((to, i) => to - buffers[i].length),
    lineTo,
    rows: lines.length,
    tsMs: new Float64Array(lines.length),
    tsNs: new Uint32Array(lines.length),
  }
  const stored = new Uint8Array(Buffer.concat(new LineEncoder().encode(rows).pieces))
  const marks = rowsFailing(openColumns(stored, rows), predicate) ?? new Uint8Array(0)
  if (marks === ALL_ROWS) return [...lines.keys()]
  return [...marks.keys()].filter((row) => marks[row] === 1)
}

const json = (op: FieldPredicate['op'], value: string | number): FieldPredicate => ({
  parser: 'json',
  name: 'a',
  op,
  value,
})
const ids = ['00ff', '10fe', 'abcd', '0123', '4567', '89ab', 'cdef', 'ffff', 'eeee', '1111']

describe('rows that fail a condition on a field', () => {
  test.each<[string, string[], FieldPredicate, number[]]>([
    [
      'numbers of a dictionary',
      ['{"a":200}', '{"a":500}', '{"a":200}', '{"a":500}'],
      json('>=', 500),
      [0, 2],
    ],
    ['many numbers', Array.from({ length: 40 }, (_, i) => `{"a":${i * 3}}`), json('<', 114), [38, 39]],
    ['decimals', Array.from({ length: 20 }, (_, i) => `{"a":${i + 0.5}}`), json('!=', 3.5), [3]],
    ['a range with none of it', ['{"a":1}', '{"a":2}', '{"a":3}'], json('>', 3), [0, 1, 2]],
    ['a range with all of it', ['{"a":1}', '{"a":2}', '{"a":3}'], json('>', 0), []],
    ['no such field and a number', ['{"a":7}', '{"b":7}'], json('!=', 5), [1]],
    ['no such field and a text', ['{"a":"x"}', '{"b":"x"}'], json('!=', 'y'), []],
    ['no such field and an empty text', ['{"a":"x"}', '{"b":"x"}'], json('=', ''), [0]],
    ['texts', ['{"a":"x"}', '{"a":"y"}', '{"a":"x"}'], json('=', 'x'), [1]],
    ['another text', ['{"a":"x"}', '{"a":"y"}', '{"a":"x"}', '{"a":"y"}'], json('!=', 'x'), [0, 2]],
    ['a text that is a number', ['{"a":"1"}', '{"a":"x"}', '{"a":"1"}', '{"a":"x"}'], json('>', 1), [0, 2]],
    ['identifiers', ids.map((id) => `{"a":"${id}"}`), json('=', 'abcd'), [0, 1, 3, 4, 5, 6, 7, 8, 9]],
    ['an identifier of another kind', ids.map((id) => `{"a":"${id}"}`), json('=', 'xyz'), [...ids.keys()]],
    ['what is broken', ['{"a":1', '{"a":1}', 'a'], json('=', 2), [1]],
    ['a number as text', ['{"a":1}', '{"a":2}', '{"a":3}', '{"a":9}'], json('=', '2'), [0, 2, 3]],
    ['a number written otherwise', ['{"a":1.50}', '{"a":2.25}', '{"a":3.75}'], json('=', '1.5'), [1, 2]],
  ])('%s', (_, lines, predicate, rows) => {
    expect(failing(lines, predicate)).toEqual(rows)
  })

  test('never a row that meets it', () => {
    const value = fc.oneof(
      fc.integer({ min: -20, max: 20 }),
      fc.double({ min: -3, max: 3, noNaN: true }).map((x) => Math.round(x * 8) / 8),
      fc.constantFrom('x', 'y', '', '7', '1e1', 'é'),
    )
    const line = fc.oneof(
      { weight: 6, arbitrary: value.map((a) => JSON.stringify({ a, b: 1 })) },
      { weight: 1, arbitrary: fc.constantFrom('{"b":2}', '{"a":7,"a":8}', '{"a":', '{"a":tru}', 'a=7') },
    )
    const kinds = [value.map((a) => JSON.stringify({ a })), line]
    const ops = fc.constantFrom<FieldPredicate['op']>('=', '!=', '>', '>=', '<', '<=')
    fc.assert(
      fc.property(
        fc.oneof(...kinds.map((kind) => fc.array(kind, { minLength: 1, maxLength: 50 }))),
        ops,
        value,
        (lines, op, wanted) => {
          if (typeof wanted === 'string' && op !== '=' && op !== '!=') return
          for (const row of failing(lines, json(op, wanted))) {
            const { a = '' } = JSON.parse(lines[row]) as { a?: string | number }
            const [x, y] = typeof wanted === 'number' ? [Number(a), wanted] : [String(a), wanted]
            const isMissing = !lines[row].includes('"a"')
            const meets = { '=': x === y, '!=': x !== y, '>': x > y, '>=': x >= y, '<': x < y, '<=': x <= y }
            expect([lines[row], meets[op] && !(isMissing && typeof wanted === 'number')]).toEqual([
              lines[row],
              false,
            ])
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
