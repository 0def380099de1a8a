import { describe, expect, test } from 'vitest'
import { lokiProcess } from '#collector/components/loki_process.ts'
import { type LogsReceiver, makeDelivery } from '#collector/pipeline.ts'
import { runComponent, withDefaults } from '#collector/testing/run-component.ts'
import { runStages, type StageList, stageBlocks } from '#collector/testing/run-stages.ts'

type Args = Record<string, unknown>

const LINE = '{"list":[1,{"a":2}],"none":null,"flag":true,"n":1.5}'
/** Makes values of every type: a list, null, a truth value, a number; `gone` is not among them. */
const EXTRACT: StageList = [['json', { expressions: { list: '', none: '', flag: '', n: '' } }]]

/** Each stage that reads a named value, told to read this one. */
const READERS: [name: string, args: (source: string) => Args][] = [
  ['json', (source) => ({ expressions: { x: '' }, source })],
  ['logfmt', (source) => ({ mapping: { x: '' }, source })],
  ['regex', (source) => ({ expression: '(?P<x>nothing like it)', source, labels_from_groups: true })],
  ['pattern', (source) => ({ pattern: 'never <x>', source, labels_from_groups: true })],
  ['labels', (source) => ({ values: { x: `${source}.y` } })],
  ['structured_metadata', (source) => ({ values: { x: `${source}.y` } })],
  ['structured_metadata_drop', (source) => ({ values: [source] })],
  ['label_drop', (source) => ({ values: [source] })],
  ['timestamp', (source) => ({ source, format: 'RFC3339', action_on_failure: 'skip' })],
  ['drop', (source) => ({ source, expression: 'nothing like it' })],
  ['tenant', (source) => ({ source: `${source}.y` })],
  ['tenant', (source) => ({ label: source })],
  ['replace', (source) => ({ source, expression: '(nothing like it)', replace: 'x' })],
  ['truncate', (source) => ({ rule: [{ limit: 1000, sources: [source], source_type: 'extracted' }] })],
  ['split_json', (source) => ({ source: source === 'list' ? 'n' : source })],
  ['eventlogmessage', (source) => ({ source })],
  ['windowsevent', (source) => ({ source })],
  ['metrics', (source) => ({ metrics: [counterOf(source)] })],
]

function counterOf(source: string): { name: string; args: Args } {
  const rest = { description: '', prefix: '', max_idle_duration: 300_000, value: '' }
  const flags = { match_all: false, count_entry_bytes: false }
  return { name: 'metric.counter', args: { name: 'seen', source, action: 'inc', ...rest, ...flags } }
}

/** Arguments as a configuration would give them. */
const decoded = (args: Args): Args => withDefaults(lokiProcess.schema, args)

/** What leaves a line as it is, whatever the source holds. */
const untouched = [{ line: LINE, labels: { app: 'x' }, metadata: {}, ts: '1000000005' }]

describe.each(['gone', 'none', 'list', 'flag', 'n'])('a stage whose source is %s', (source) => {
  test.each(READERS.map(([name, args]) => [name, args(source)] as const))(
    'stage.%s %j leaves the line alone',
    async (name, args) => {
      const out = await runStages([...EXTRACT, [name, args]], [LINE])
      expect(out).toEqual(untouched)
    },
  )
})

test.each(['gone', 'none'])('stage.luhn leaves the line alone without its source: %s', async (source) => {
  expect(await runStages([...EXTRACT, ['luhn', { source }]], [LINE])).toEqual(untouched)
})

test('stage.output without its value leaves the line alone', async () => {
  expect(await runStages([...EXTRACT, ['output', { source: 'gone' }]], [LINE])).toEqual(untouched)
})

describe('after a reload', () => {
  /** Stages, a line, and what they make of it. */
  const before: StageList = [['static_labels', { values: { stage: 'before' } }]]
  const CASES: [name: string, args: Args, line: string, expected: string][] = [
    ['json', { expressions: { app: 'a' } }, '{"a":1}', '{"a":1}'],
    ['regex', { expression: '(?P<app>\\w+)' }, 'a', 'a'],
    ['replace', { expression: '(a)', replace: 'b' }, 'a', 'b'],
    ['template', { source: 'app', template: 'b' }, 'a', 'a'],
    ['decolorize', {}, '\u001b[1ma', 'a'],
    ['drop', { expression: 'b' }, 'a', 'a'],
    ['docker', {}, '{"log":"a","stream":"stdout","time":"2026-01-02T03:04:05Z"}', 'a'],
    ['cri', {}, '2026-01-02T03:04:05Z stdout F a', 'a'],
    ['limit', { rate: 100, burst: 100 }, 'a', 'a'],
    ['pack', { labels: ['app'] }, 'a', '{"app":"x","_entry":"a"}'],
    ['truncate', { rule: [{ limit: 1 }] }, 'ab', 'a'],
    ['luhn', {}, '4111111111111111', '**REDACTED**'],
    ['match', { selector: '{app="x"}', stages: stageBlocks([['decolorize', {}]]) }, '\u001b[1ma', 'a'],
    ['multiline', { firstline: '.*', max_wait_time: 10 }, 'a', 'a'],
  ]
  test.each(CASES)('stage.%s %j works as from the start', async (name, args, line, expected) => {
    const got: string[] = []
    const receiver: LogsReceiver = {
      async push({ entries, delivery }) {
        for (const entry of entries) got.push(Buffer.from(entry.line as string).toString())
        delivery.done()
      },
    }
    const argsFor = (stages: StageList): Args => ({ forward_to: [receiver], stages: stageBlocks(stages) })
    const changed = runComponent(lokiProcess, argsFor([[name, args]]))
    await changed.instance.update(decoded(argsFor(before)) as never)
    await changed.instance.update(decoded(argsFor([[name, args]])) as never)
    let open = 1
    await (changed.exports.receiver as LogsReceiver).push({
      labels: [['app', 'x']],
      entries: [{ line: Buffer.from(line), tsMs: 1000, tsNs: 5, metadata: [] }],
      delivery: makeDelivery(() => void open--),
    })
    await changed.stop()
    expect(got).toEqual([expected])
    expect(open).toBe(0)
  })
})
