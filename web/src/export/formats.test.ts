import { describe, expect, test } from 'vitest'
import { makeRow } from '../testing/make-row.ts'
import { csvCell, exporter } from './formats.ts'

const row = makeRow({ line: '{"level":"info","a":"x, y"}', metadata: { m: '1' } })

test('one JSON object per line', () => {
  expect(exporter('ndjson', []).row(row)).toBe(
    `${JSON.stringify({ time: '2023-11-14T22:13:20.000000000Z', labels: { service: 'api' }, metadata: { m: '1' }, parsed: {}, line: row.line })}\n`,
  )
})

test('CSV with columns', () => {
  const csv = exporter('csv', ['a'])
  expect(csv.head).toBe('time,level,service,a,line\r\n')
  expect(csv.row(row)).toBe(
    '2023-11-14T22:13:20.000000000Z,info,api,"x, y","{""level"":""info"",""a"":""x, y""}"\r\n',
  )
})

test('text without colours', () => {
  expect(exporter('text', []).row(makeRow({ line: '\x1b[31mred\x1b[0m' }))).toBe('red\n')
})

describe('cells that a spreadsheet would run', () => {
  test.each([
    ['=HYPERLINK("x")', '"\'=HYPERLINK(""x"")"'],
    ['@SUM(1)', "'@SUM(1)"],
    ['-12.5', '-12.5'],
    ['-rf', "'-rf"],
  ])('%s', (text, cell) => {
    expect(csvCell(text)).toBe(cell)
  })
})
