import { expect, test } from 'vitest'
import { makeRow } from '../testing/make-row.ts'
import { fieldStats, fieldValue, rowFields } from './field-stats.ts'

test('counts labels, metadata and fields, most frequent values first', () => {
  const rows = ['a', 'b', 'b'].map((v) => makeRow({ line: `{"v":"${v}"}`, metadata: { m: '1' } }))
  const show = fieldStats(rows, 1).map((stat) => [
    stat.source,
    stat.name,
    stat.lines,
    stat.distinct,
    stat.top[0]?.value,
  ])
  expect(show).toEqual([
    ['label', 'service', 3, 1, 'api'],
    ['metadata', 'm', 3, 1, '1'],
    ['json', 'v', 3, 2, 'b'],
  ])
})

test('names are those that a query would use', () => {
  const row = makeRow({
    line: '{"service":"inner","m":"2","x":"y","p":"q"}',
    metadata: { m: '1' },
    parsed: { p: 'q' },
  })
  expect(rowFields(row).map(([name, value, source]) => `${source} ${name}=${value}`)).toEqual([
    'label service=api',
    'metadata m=1',
    'parsed p=q',
    'json service_extracted=inner',
    'json m_extracted=2',
    'json x=y',
  ])
  expect(fieldValue(row, 'service_extracted')).toBe('inner')
  expect(fieldValue(row, 'service')).toBe('api')
  expect(fieldValue(row, 'missing')).toBeUndefined()
})

test('a field that repeats its label is not listed twice', () => {
  expect(rowFields(makeRow({ line: '{"service":"api","n":1}' })).map(([name]) => name)).toEqual([
    'service',
    'n',
  ])
})
