import { describe, expect, test } from 'vitest'
import type { Series } from './api.ts'
import { toRows, toSeries } from './entries.ts'
import { LokiError } from './http.ts'
import { toVolume } from './log-volume.ts'

test('rows of all streams come in one order of time, categories apart', () => {
  const data = {
    resultType: 'streams' as const,
    result: [
      { stream: { s: 'a' }, values: [['1700000000000000003', 'three', { parsed: { p: '1' } }]] },
      {
        stream: { s: 'b' },
        values: [
          ['1700000000000000004', 'four'],
          ['1700000000000000002', 'two', { structuredMetadata: { m: '2' } }],
        ],
      },
    ],
  }
  const rows = toRows(data, 'backward')
  expect(rows.map((row) => row.line)).toEqual(['four', 'three', 'two'])
  expect(rows[1]).toMatchObject({
    tsMs: 1_700_000_000_000,
    parsed: { p: '1' },
    metadata: {},
    stream: { labels: { s: 'a' } },
  })
  expect(rows[2]?.metadata).toEqual({ m: '2' })
})

test('series of a matrix, a vector and a scalar', () => {
  const matrix = {
    resultType: 'matrix' as const,
    result: [
      {
        metric: { a: 'b' },
        values: [
          [1.5, '2'],
          [2, '+Inf'],
        ],
      },
    ],
  }
  expect(toSeries(matrix)).toEqual([
    { labels: { a: 'b' }, timesMs: [1500, 2000], values: [2, Number.POSITIVE_INFINITY] },
  ])
  const vector = { resultType: 'vector' as const, result: [{ metric: {}, value: [1, '3'] }] }
  expect(toSeries(vector)[0]?.values).toEqual([3])
})

describe('toVolume', () => {
  const range = { fromMs: 60_000, toMs: 120_000 }

  test('a point counts the step before it', () => {
    const series = [
      {
        labels: { detected_level: 'error' },
        timesMs: [60_000, 90_000, 120_000, 150_000],
        values: [9, 1, 2, 9],
      },
      { labels: { detected_level: 'info' }, timesMs: [90_000], values: [5] },
    ]
    const volume = toVolume(series, range, 30_000, false)
    expect(volume.barsMs).toEqual([60_000, 90_000])
    expect(volume.levels.map(({ level, counts }) => [level, ...counts])).toEqual([
      ['error', 1, 2],
      ['info', 5, 0],
    ])
    expect(volume.total).toBe(8)
  })

  test('spellings of one level are one level, with all of them to filter on', () => {
    const series = ['warn', 'warning'].map((level) => ({
      labels: { detected_level: level },
      timesMs: [90_000],
      values: [1],
    }))
    expect(toVolume(series, range, 30_000, false).levels).toMatchObject([
      { level: 'warn', total: 2, filter: { label: 'detected_level', values: ['warn', 'warning'] } },
    ])
  })

  test("pino's numbers, and levels that two labels carry", () => {
    const series: Series[] = [
      { labels: { detected_level: 'unknown', level: '50' }, timesMs: [90_000], values: [1] },
      { labels: { detected_level: 'error' }, timesMs: [90_000], values: [1] },
    ]
    expect(toVolume(series, range, 30_000, false).levels).toMatchObject([
      { level: 'error', total: 2, filter: null },
    ])
  })
})

test('an error knows its place', () => {
  const error = new LokiError(400, 'parse error at line 0, col 5: syntax error: unexpected ==')
  expect([error.line, error.col]).toEqual([1, 5])
  expect(new LokiError(400, 'parse error : x').col).toBeNull()
})
