import { describe, expect, test } from 'vitest'
import { volumeQuery, volumeStepMs } from './volume.ts'

test.each([
  [300_000, 120, 5_000],
  [3_600_000, 120, 30_000],
  [86_400_000, 120, 900_000],
  [604_800_000, 120, 7_200_000],
  [500, 120, 1_000],
])('%d ms in %d bars', (range, bars, step) => {
  expect(volumeStepMs(range, bars)).toBe(step)
})

describe('volumeQuery', () => {
  test.each([
    ['{a="b"}', 'sum by (level, detected_level) (count_over_time({a="b"} [30s]))'],
    ['{a="b"} # c', 'sum by (level, detected_level) (count_over_time({a="b"} [30s]))'],
    [
      '{a="b"} | json',
      'sum by (level, detected_level) (count_over_time({a="b"} | json | drop __error__ [30s]))',
    ],
  ])('%s', (query, expected) => {
    expect(volumeQuery(query, 30_000, 'drop-error-label')).toBe(expected)
  })

  test('without drop, lines with errors are left out', () => {
    expect(volumeQuery('{a="b"} | json', 1_000, 'skip-lines')).toContain('| __error__="" [1s]')
  })

  test('metric queries have no volume', () => {
    expect(volumeQuery('rate({a="b"}[5m])', 1_000, 'skip-lines')).toBeNull()
  })
})
