import { describe, expect, test } from 'vitest'
import { lokiDefaults } from './load.ts'
import { parseRuntimeOverrides } from './runtime.ts'

const base = { ...lokiDefaults().limits_config, required_labels: ['job'], retention_period: 1000 }

describe('overrides of tenants', () => {
  test('keys that are set win, even with 0; all others are inherited; lists are replaced', () => {
    const text = `
overrides:
  a: {retention_period: 0, ingestion_rate_mb: 10, required_labels: [app]}
  b: {shard_streams: {enabled: false}}
  c:
`
    const { limits } = parseRuntimeOverrides(text, base, 'overrides.yaml')
    expect([...limits.keys()]).toEqual(['a', 'b'])
    expect(limits.get('a')).toMatchObject({
      retention_period: 0,
      ingestion_rate_mb: 10,
      required_labels: ['app'],
      max_query_series: base.max_query_series,
    })
    expect(limits.get('b')?.shard_streams).toEqual({ ...base.shard_streams, enabled: false })
  })

  test('unknown keys of a tenant are warned of, unknown keys above are errors', () => {
    expect(parseRuntimeOverrides('overrides: {a: {nope: 1}}', base, 'o.yaml').warnings[0]).toContain(
      'o.yaml:1',
    )
    expect(() => parseRuntimeOverrides('nope: 1', base, 'o.yaml')).toThrow('field nope not found')
    expect(() => parseRuntimeOverrides('configs: {a: {nope: 1}}', base, 'o.yaml')).toThrow(
      'field nope not found',
    )
  })

  test('what the limits of the file may not be, those of a tenant may not be either', () => {
    const text = 'overrides: {a: {retention_stream: [{selector: \'{a="b"}\', period: 1h}]}}'
    expect(() => parseRuntimeOverrides(text, base, 'o.yaml')).toThrow(
      'retention period must be >= 24h was 1h',
    )
    expect(() => parseRuntimeOverrides('overrides: {a: {max_line_size: x}}', base, 'o.yaml')).toThrow(
      'line 1:',
    )
  })
})
