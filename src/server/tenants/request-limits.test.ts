import { expect, test } from 'vitest'
import { lokiDefaults } from '#config/load.ts'
import { withRequestLimits } from './request-limits.ts'

const base = { ...lokiDefaults().limits_config, required_labels: ['job'] }
const ask = (value: unknown): typeof base =>
  withRequestLimits(base, { headers: { 'x-loki-query-limits': JSON.stringify(value) } })

test('a request can make its limits stricter, never wider', () => {
  expect(withRequestLimits(base, { headers: {} })).toBe(base)
  expect(ask({ maxQueryLength: '1h', maxEntriesLimitPerQuery: 10, maxQueryBytesRead: '1KB' })).toMatchObject({
    max_query_length: 3_600_000,
    max_entries_limit_per_query: 10,
    max_query_bytes_read: 1024,
  })
  expect(ask({ maxQueryLength: '60d', maxEntriesLimitPerQuery: 10_000, maxQueryTime: '0s' })).toEqual(base)
  expect(ask({ maxQueryLookback: '2h', maxQueryInterval: '5m' })).toMatchObject({
    max_query_lookback: 7_200_000,
    max_query_range: 300_000,
  })
  expect(ask({ requiredLabels: ['app', 'job'], minimumLabelsNumber: 2 })).toMatchObject({
    required_labels: ['job', 'app'],
    minimum_labels_number: 2,
  })
})

test.each([
  ['{', 'failed to parse'],
  ['[]', 'not a JSON object'],
  ['{"maxQueryLength":"x"}', 'maxQueryLength'],
  ['{"maxEntriesLimitPerQuery":"x"}', 'not a number'],
])('%s is refused', (header, problem) => {
  expect(() => withRequestLimits(base, { headers: { 'x-loki-query-limits': header } })).toThrow(problem)
})
