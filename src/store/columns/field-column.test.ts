import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FieldColumn } from '../types.ts'
import { LineEncoder, type LineRows } from './encode-lines.ts'
import { fieldColumn } from './field-column.ts'
import { type Columns, openColumns } from './open-columns.ts'

function columnsOf(lines: readonly string[]): Columns {
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
  return openColumns(new Uint8Array(Buffer.concat(new LineEncoder().encode(rows).pieces)), rows)
}

/** Per row: the value's text, `undefined` for none, `null` where the column says nothing. */
function textsOf(field: FieldColumn | undefined, rows: number): (string | undefined | null)[] | undefined {
  if (field === undefined) return undefined
  const values = field.values()
  const unproven = new Set(field.unproven)
  return Array.from({ length: rows }, (_, row) => {
    if (unproven.has(row)) return null
    const value = field.valueIndex[row]
    if (value === -1) return undefined
    if (values.kind === 'numbers') return String(values.numbers[value])
    const text = values.kind === 'dictionary' ? values.ids[value] : value
    const { bytes, from, to } = values.texts
    return Buffer.from(bytes.subarray(from[text], to[text])).toString()
  })
}

describe('fields as columns', () => {
  test.each<[string, 'json' | 'logfmt', string, string[], (string | undefined | null)[] | undefined]>([
    ['a number', 'json', 'ms', ['{"ms":1.5}', '{"ms":2}', '{"a":3}'], ['1.5', '2', undefined]],
    ['a text', 'json', 'level', ['{"level":"info"}', '{"level":"warn"}'], ['info', 'warn']],
    ['the same text always', 'json', 'level', ['{"level":"info"}', '{"level":"info"}'], ['info', 'info']],
    ['a nested field', 'json', 'a_b', ['{"a":{"b":1}}', '{"a":{"b":2,"c":3}}'], ['1', '2']],
    [
      'a sanitised name',
      'json',
      'http_status',
      ['{"http.status":200}', '{"http.status":500}'],
      ['200', '500'],
    ],
    ['two keys of one name', 'json', 'a_b', ['{"a_b":1,"a":{"b":2}}'], undefined],
    ['one key twice', 'json', 'a', ['{"a":1,"a":2}', '{"a":3}'], ['1', '3']],
    ['text here, number there', 'json', 'a', ['{"a":1}', '{"a":"x"}'], undefined],
    ['null', 'json', 'a', ['{"a":null}', '{"a":1}'], undefined],
    ['a word that is no JSON beside it', 'json', 'a', ['{"b":tru,"a":1}', '{"a":2}'], [null, '2']],
    ['null beside it', 'json', 'a', ['{"b":null,"a":1}', '{"a":2}'], ['1', '2']],
    [
      'control characters in keys',
      'json',
      'a',
      ['{"a\u0002":1}', '{"a\u0000b":1}', '{"a":2}'],
      [null, null, '2'],
    ],
    ['true and false', 'json', 'a', ['{"a":true}', '{"a":false}'], ['true', 'false']],
    ['an array is no label', 'json', 'a', ['{"a":[1]}', '{"b":1}'], [undefined, undefined]],
    ['escapes', 'json', 'a', ['{"a":"\\u0041"}'], undefined],
    ['an escaped prefix of numbers', 'json', 'a', ['{"a":"\\n1"}', '{"a":"\\n2"}'], undefined],
    ['an escaped key', 'json', 'a', ['{"\\u0061":1,"a":2}'], undefined],
    [
      'what is broken or no object',
      'json',
      'a',
      ['{"a":1', 'a=1', '{"a":2}', '{"a":3}x'],
      [null, null, '2', null],
    ],
    ['a pair', 'logfmt', 'a', ['a=1 b=x', 'b=y a=2', 'b=z'], ['1', '2', undefined]],
    ['a quoted pair', 'logfmt', 'm', ['m="a b" x=1', 'm="c d" x=2'], ['a b', 'c d']],
    ['a key at once behind a quote', 'logfmt', 'b', ['m="a b"b=1', 'm="c d"b=2'], ['1', '2']],
    ['quoted here, bare there', 'logfmt', 'm', ['m="a b"', 'm=c'], undefined],
    ['an empty pair', 'logfmt', 'a', ['a= b=1', 'a=1 b=1'], undefined],
    ['a pair with = in it', 'logfmt', 'a', ['a=b=c', 'a=1'], undefined],
    ['words between pairs', 'logfmt', 'a', ['hello a=1', 'a=2'], [null, '2']],
    ['one pair twice', 'logfmt', 'a', ['a=1 a=2'], undefined],
    ['logfmt of JSON', 'logfmt', 'a', ['{"a":1}'], [null]],
  ])('%s', (_, parser, name, lines, texts) => {
    expect(textsOf(fieldColumn(columnsOf(lines), parser, name), lines.length)).toEqual(texts)
  })

  test('range of numbers, without reading them', () => {
    const field = fieldColumn(columnsOf(['{"a":1.5}', '{"a":-2}', '{"a":30.25}']), 'json', 'a')
    expect(field?.range).toEqual({ min: -2, max: 30.25 })
  })

  test('what a column says is what JSON says', () => {
    const value = fc.oneof(
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.string(),
    )
    const object = fc.dictionary(
      fc.constantFrom('a', 'b', 'a.b', 'é'),
      fc.oneof(value, fc.constant(null), fc.array(value)),
    )
    const nested = fc.tuple(object, object).map(([outer, inner]) => ({ ...outer, in: inner }))
    fc.assert(
      fc.property(
        fc.array(nested, { minLength: 1, maxLength: 40 }),
        fc.constantFrom('a', 'b', 'in_a'),
        (all, name) => {
          const texts = textsOf(
            fieldColumn(columnsOf(all.map((each) => JSON.stringify(each))), 'json', name),
            all.length,
          )
          if (texts === undefined) return
          all.forEach((each, row) => {
            const wanted = name === 'in_a' ? each.in.a : (each as Record<string, unknown>)[name]
            const isLabel = wanted !== undefined && wanted !== null && !Array.isArray(wanted)
            expect(texts[row]).toBe(isLabel ? String(wanted) : undefined)
          })
        },
      ),
      { numRuns: 400 },
    )
  })
})
