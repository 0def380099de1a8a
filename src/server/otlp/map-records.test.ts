import { describe, expect, test } from 'vitest'
import { loadLokiConfig } from '#config/load.ts'
import type { AnyValue, Attribute } from './any-value.ts'
import { compileAttributeRules } from './attribute-rules.ts'
import type { LogRecord } from './log-data.ts'
import { mapOtlpRecords } from './map-records.ts'

const RECORD: LogRecord = {
  time: { ms: 1000, ns: 5 },
  observed: undefined,
  severityNumber: 0,
  severityText: '',
  body: 'a line',
  attributes: [],
  droppedAttributes: 0,
  flags: 0,
  traceId: '',
  spanId: '',
  eventName: '',
}

interface Mapped {
  readonly labels: Record<string, string>
  readonly rows: { time: string; line: string; metadata: Record<string, string> }[]
}

function map(
  resource: readonly Attribute[],
  records: readonly Partial<LogRecord>[],
  limits = '',
  scope: { name?: string; version?: string; attributes?: readonly Attribute[] } = {},
): Mapped[] {
  const { config } = loadLokiConfig({
    text: `
auth_enabled: false
common: {path_prefix: /tmp/none}
schema_config:
  configs:
    - {from: 2024-04-01, store: tsdb, object_store: filesystem, schema: v13, index: {prefix: i, period: 24h}}
limits_config: {${limits}}`,
  })
  const rules = compileAttributeRules(config.limits_config, config.distributor)
  const scopes = [
    {
      name: '',
      version: '',
      droppedAttributes: 0,
      attributes: [],
      ...scope,
      records: records.map((record) => ({ ...RECORD, ...record })),
    },
  ]
  const draft = mapOtlpRecords([{ attributes: resource, scopes }], rules, 7000)
  return draft.streams.map(({ labels, from, to }) => ({
    labels: Object.fromEntries(labels.pairs()),
    rows: Array.from({ length: to - from }, (_, i) => {
      const row = from + i
      const { metaFrom, metaTo, lineFrom, lineTo, tsMs, tsNs } = draft
      const pairs =
        metaFrom[row] === metaTo[row] ? [] : draft.readMetadata(draft.bytes, metaFrom[row], metaTo[row])
      return {
        time: `${tsMs[row]}.${tsNs[row]}`,
        line: draft.bytes.toString('utf8', lineFrom[row], lineTo[row]),
        metadata: Object.fromEntries(pairs),
      }
    }),
  }))
}

describe('OTLP records become rows', () => {
  test('resource attributes are labels by the list, the rest metadata', () => {
    const resource: Attribute[] = [
      ['service.name', 'shop'],
      ['host.name', 'h'],
    ]
    expect(map(resource, [{}], '', { name: 'lib', version: '1', attributes: [['a.b', 'c']] })).toEqual([
      {
        labels: { service_name: 'shop' },
        rows: [
          {
            time: '1000.5',
            line: 'a line',
            metadata: { host_name: 'h', a_b: 'c', scope_name: 'lib', scope_version: '1' },
          },
        ],
      },
    ])
  })

  test('every field of a record has its name', () => {
    const record: Partial<LogRecord> = {
      observed: { ms: 2000, ns: 0 },
      severityNumber: 17,
      severityText: 'ERROR',
      traceId: '0af7',
      spanId: 'b7ad',
      flags: 1,
      droppedAttributes: 3,
      eventName: 'paid',
      attributes: [
        ['event.name', 'loses'],
        ['user', { fields: [['id', 7n]] }],
        ['tags', ['a', 1n, 2.5, true, undefined]],
        ['raw', Uint8Array.of(1, 2, 3)],
        ['empty', ''],
      ],
    }
    expect(map([], [record])[0].rows[0].metadata).toEqual({
      observed_timestamp: '2000000000',
      severity_number: '17',
      severity_text: 'ERROR',
      trace_id: '0af7',
      span_id: 'b7ad',
      flags: '1',
      dropped_attributes_count: '3',
      event_name: 'paid',
      user_id: '7',
      tags: '["a",1,2.5,true,null]',
      raw: 'AQID',
    })
  })

  test('the time is that of the record, else of its observation, else now', () => {
    const times: Partial<LogRecord>[] = [{ time: undefined, observed: { ms: 5, ns: 6 } }, { time: undefined }]
    const [{ rows }] = map([], times)
    expect(rows.map(({ time }) => time)).toEqual(['5.6', '7000.0'])
    expect(rows[0].metadata).toEqual({})
  })

  test('the body is the line', () => {
    const bodies: AnyValue[] = [
      '<text>',
      { fields: [['a', '<b>']] },
      ['x', 1n],
      9007199254740993n,
      1.5,
      true,
      Uint8Array.of(255),
      undefined,
    ]
    const rows = map(
      [],
      bodies.map((body) => ({ body })),
    )[0].rows
    expect(rows.map(({ line }) => line)).toEqual([
      '<text>',
      '{"a":"<b>"}',
      '["x",1]',
      '9007199254740993',
      '1.5',
      'true',
      '/w==',
      '',
    ])
  })

  test('rules of a tenant decide, the first that fits', () => {
    const limits = `otlp_config: {
      resource_attributes: {ignore_defaults: true, attributes_config: [
        {action: index_label, regex: "^team"}, {action: drop, attributes: [secret]}]},
      scope_attributes: [{action: drop, attributes: [noise]}],
      log_attributes: [{action: index_label, attributes: [shard]}],
      severity_text_as_label: true}`
    const resource: Attribute[] = [
      ['team.name', 'a'],
      ['secret', 's'],
      ['service.name', 'shop'],
    ]
    const records: Partial<LogRecord>[] = [
      { attributes: [['shard', 1n]], severityText: 'WARN' },
      { attributes: [['shard', 2n]] },
      { attributes: [['shard', 1n]], severityText: 'WARN', body: 'again' },
    ]
    const streams = map(resource, records, limits, { attributes: [['noise', 'n']] })
    expect(streams.map(({ labels }) => labels)).toEqual([
      { team_name: 'a', shard: '1', severity_text: 'WARN' },
      { team_name: 'a', shard: '2' },
    ])
    expect(streams[0].rows.map(({ line }) => line)).toEqual(['a line', 'again'])
    expect(streams[0].rows[0].metadata).toEqual({ service_name: 'shop' })
  })
})
