import { describe, expect, test } from 'vitest'
import { makeLabels } from '#base/labels.ts'
import { lokiProcess } from '../components/loki_process.ts'
import { metricsText } from '../runtime/collector-metrics.ts'
import { runComponent } from '../testing/run-component.ts'
import { sendThroughStages, stageBlocks } from '../testing/run-stages.ts'
import { SeriesMetric } from './series-metric.ts'

type Metric = readonly [kind: string, args: Record<string, unknown>]

const DEFAULTS = {
  ...{ description: '', source: '', prefix: '', max_idle_duration: 300_000, value: '' },
  ...{ match_all: false, count_entry_bytes: false },
}

function stagesOf(metrics: readonly Metric[]) {
  const blocks = metrics.map(([kind, args]) => ({ name: `metric.${kind}`, args: { ...DEFAULTS, ...args } }))
  const expressions = { n: '', took: '', status: '', ok: '' }
  return [
    ['json', { expressions }],
    ['metrics', { metrics: blocks }],
  ] as const
}

/** The samples of custom metrics after these lines. */
async function samples(metrics: readonly Metric[], lines: readonly string[]): Promise<string[]> {
  const given = lines.map((line) => ({ line, labels: { app: 'x', __tenant_id__: 't' } }))
  const { component } = await sendThroughStages(stagesOf(metrics), given)
  const text = await metricsText([{ registry: component.metrics, labels: { component_id: 'p' } }])
  await component.stop()
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#') && !line.includes('dropped_lines') && line !== '')
}

const LINES = [
  '{"n":2,"took":"1.5s","status":"200","ok":true}',
  '{"n":"3","took":"250ms","status":"500"}',
  '{"n":"none"}',
  'text',
]

describe('stage.metrics', () => {
  test.each<[Metric, string[]]>([
    [['counter', { name: 'n', action: 'inc' }], ['loki_process_custom_n{app="x",component_id="p"} 3']],
    [['counter', { name: 'n', action: 'add' }], ['loki_process_custom_n{app="x",component_id="p"} 5']],
    [
      ['counter', { name: 'errors', source: 'status', value: '500', action: 'inc', prefix: 'shop_' }],
      ['shop_errors{app="x",component_id="p"} 1'],
    ],
    [
      ['counter', { name: 'lines', match_all: true, action: 'inc' }],
      ['loki_process_custom_lines{app="x",component_id="p"} 4'],
    ],
    [
      ['counter', { name: 'b', match_all: true, count_entry_bytes: true, action: 'add' }],
      [`loki_process_custom_b{app="x",component_id="p"} ${LINES.join('').length}`],
    ],
    [['gauge', { name: 'n', action: 'set' }], ['loki_process_custom_n{app="x",component_id="p"} 3']],
    [['gauge', { name: 'n', action: 'sub' }], ['loki_process_custom_n{app="x",component_id="p"} -5']],
    [['gauge', { name: 'ok', action: 'add' }], ['loki_process_custom_ok{app="x",component_id="p"} 1']],
    [
      ['gauge', { name: 'status', action: 'dec' }],
      ['loki_process_custom_status{app="x",component_id="p"} -3'],
    ],
    [['counter', { name: 'gone', action: 'inc' }], []],
    [
      ['histogram', { name: 'took', buckets: [0.25, 1] }],
      [
        'loki_process_custom_took_bucket{app="x",le="0.25",component_id="p"} 1',
        'loki_process_custom_took_bucket{app="x",le="1",component_id="p"} 1',
        'loki_process_custom_took_bucket{app="x",le="+Inf",component_id="p"} 2',
        'loki_process_custom_took_sum{app="x",component_id="p"} 1.75',
        'loki_process_custom_took_count{app="x",component_id="p"} 2',
      ],
    ],
  ])('%j', async (metric, expected) => {
    // stage.json extracts null for a missing key: that can be counted, as in Alloy, but not added.
    expect(await samples([metric], LINES)).toEqual(expected)
  })

  test.each<[Metric, string]>([
    [['counter', { name: 'a b', action: 'inc' }], 'not a valid metric name'],
    [['counter', { name: 'a', action: 'set' }], 'must be either `inc` or `add`'],
    [['counter', { name: 'a', action: 'inc', match_all: true, value: 'x' }], 'but not both'],
    [['counter', { name: 'a', action: 'add', count_entry_bytes: true }], 'requires `match_all`'],
    [['counter', { name: 'a', action: 'inc', max_idle_duration: 10 }], 'greater or equal to 1s'],
    [['gauge', { name: 'a', action: 'up' }], 'must be one of `set`'],
    [['histogram', { name: 'a', buckets: [2, 1] }], 'increasing order'],
    [
      ['counter', { name: 'lines_total', prefix: 'loki_process_dropped_', action: 'inc' }],
      'taken by a metric of the component',
    ],
  ])('%j is refused', (metric, message) => {
    const stages = stageBlocks(stagesOf([metric]))
    expect(() => runComponent(lokiProcess, { forward_to: [], stages })).toThrow(message)
  })

  test('changed stages begin anew, and a refused change keeps what was counted', async () => {
    const counter: Metric = ['counter', { name: 'lines', match_all: true, action: 'inc' }]
    const { component } = await sendThroughStages(stagesOf([counter]), LINES)
    const read = () => metricsText([{ registry: component.metrics, labels: {} }])
    const gauge: Metric = ['gauge', { name: 'lines', action: 'set' }]
    const change = (metrics: readonly Metric[]): unknown =>
      component.instance.update({ forward_to: [], stages: stageBlocks(stagesOf(metrics)) })
    expect(() => change([counter, gauge])).toThrow('is a counter already')
    expect(await read()).toContain('loki_process_custom_lines{app="x"} 4')
    await change([['counter', { name: 'lines', match_all: true, action: 'inc', description: 'all' }]])
    expect(await read()).toContain('# HELP loki_process_custom_lines all')
    expect(await read()).not.toContain('loki_process_custom_lines{')
    await component.stop()
  })

  test('series that are idle are forgotten', async () => {
    let nowMs = 0
    const options = { kind: 'counter', name: 'a', help: '', maxIdleMs: 1000, buckets: [] } as const
    const metric = new SeriesMetric(options, () => nowMs)
    metric.of(makeLabels({ a: '1' })).value++
    nowMs = 800
    metric.of(makeLabels({ a: '2' })).value++
    nowMs = 1500
    expect(await metric.get()).toMatchObject({ values: [{ labels: { a: '2' }, value: 1 }] })
  })
})
