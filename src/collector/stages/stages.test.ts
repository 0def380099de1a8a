import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { lokiProcess } from '../components/loki_process.ts'
import { type LogsReceiver, makeDelivery } from '../pipeline.ts'
import { runComponent } from '../testing/run-component.ts'
import {
  runStages,
  type StageInput,
  type StageList,
  type StageOutput,
  stageBlocks,
} from '../testing/run-stages.ts'

/** A line as it leaves the stages; what a case does not name is not compared. */
type Out = Partial<StageOutput>
type StageArgs = Record<string, unknown>
type Stages = StageList
type Given = StageInput
const blocks = stageBlocks
const run = runStages

const json = (expressions: Record<string, string>, args: StageArgs = {}) =>
  ['json', { expressions, ...args }] as const
const labels = (values: Record<string, string | null>) => ['labels', { values }] as const

const cases: [name: string, stages: Stages, line: string | Given, expected: Out[]][] = [
  [
    'json: keys, paths, quoted names, indices',
    [
      json({ a: '', b: 'x.y', c: '"k-1"', d: 'l[1]', e: 'l[-1]' }),
      labels({ a: '', b: '', c: '', d: '', e: '' }),
    ],
    '{"a":"1","x":{"y":true},"k-1":2.50,"l":[1,"two"]}',
    [{ labels: { app: 'x', a: '1', b: 'true', c: '2.5', d: 'two', e: 'two' } }],
  ],
  [
    'json: the whole of JMESPath',
    [
      json({
        slow: 'items[?ms > `100`].name | [0]',
        n: 'length(items)',
        all: 'items[].name',
        pair: '{first: items[0].name, last: items[-1].name}',
        either: 'gone || other',
        wrong: 'abs(other)',
      }),
      labels({ slow: '', n: '', all: '', pair: '', either: '', wrong: '' }),
    ],
    '{"items":[{"name":"a","ms":5},{"name":"b","ms":500}],"other":"o"}',
    [
      {
        labels: {
          ...{ app: 'x', slow: 'b', n: '2', all: '["a","b"]', either: 'o' },
          pair: '{"first":"a","last":"b"}',
        },
      },
    ],
  ],
  [
    'json: names of JavaScript’s own are no keys',
    [json({ a: 'toString', b: 'constructor || `"none"`' }), labels({ a: '', b: '' })],
    '{}',
    [{ labels: { app: 'x', b: 'none' } }],
  ],
  [
    'json: objects become their text, missing and null set no label',
    [json({ o: '', n: '', m: '' }), labels({ o: '', n: '', m: '' })],
    '{"o":{"p":[1, 2]},"n":null}',
    [{ labels: { app: 'x', o: '{"p":[1,2]}' } }],
  ],
  [
    'json: large numbers have no exponent',
    [json({ n: '' }), labels({ n: '' })],
    '{"n":1e21}',
    [{ labels: { app: 'x', n: '1000000000000000000000' } }],
  ],
  ['json: malformed passes', [json({ a: '' })], '{"a":', [{ line: '{"a":', labels: { app: 'x' } }]],
  ['json: an array is no object', [json({ a: '' }, { drop_malformed: true })], '[1]', []],
  ['json: malformed is dropped when asked', [json({ a: '' }, { drop_malformed: true })], 'text', []],
  [
    'json: keys by pattern',
    [['json', { regex: '^k' }], labels({ k1: '', k2: '' })],
    '{"k1":"a","k2":"b","x":"c"}',
    [{ labels: { app: 'x', k1: 'a', k2: 'b' } }],
  ],
  [
    'json: from an extracted value',
    [json({ inner: '' }), json({ a: '' }, { source: 'inner' }), labels({ a: '' })],
    '{"inner":"{\\"a\\":\\"b\\"}"}',
    [{ labels: { app: 'x', a: 'b' } }],
  ],
  [
    'labels: another name, and one of the labels at the start',
    [labels({ service: 'app' })],
    'x',
    [{ labels: { app: 'x', service: 'x' } }],
  ],
  [
    'labels: the empty value removes',
    [json({ app: '' }), labels({ app: '' })],
    '{"app":""}',
    [{ labels: {} }],
  ],
  [
    'static_labels',
    [['static_labels', { values: { env: 'prod', none: '' } }]],
    'x',
    [{ labels: { app: 'x', env: 'prod' } }],
  ],
  [
    'label_drop',
    [['label_drop', { values: ['app', 'no'] }]],
    { line: 'x', labels: { app: 'x', b: 'y' } },
    [{ labels: { b: 'y' } }],
  ],
  [
    'label_keep',
    [['label_keep', { values: ['app'] }]],
    { line: 'x', labels: { app: 'x', b: 'y' } },
    [{ labels: { app: 'x' } }],
  ],
  ['output', [json({ msg: '' }), ['output', { source: 'msg' }]], '{"msg":"hi"}', [{ line: 'hi' }]],
  ['output: nothing extracted leaves the line', [['output', { source: 'msg' }]], 'x', [{ line: 'x' }]],
  [
    'regex',
    [
      ['regex', { expression: '^(?P<level>\\w+) (?P<rest>.*)$' }],
      labels({ level: '' }),
      ['output', { source: 'rest' }],
    ],
    'warn it burns',
    [{ line: 'it burns', labels: { app: 'x', level: 'warn' } }],
  ],
  [
    'regex: groups as labels',
    [['regex', { expression: 'id=(?P<id>\\d+)', labels_from_groups: true }]],
    'a id=7',
    [{ labels: { app: 'x', id: '7' } }],
  ],
  [
    'logfmt',
    [['logfmt', { mapping: { lvl: 'level', msg: '' } }], labels({ lvl: '' }), ['output', { source: 'msg' }]],
    'level=warn msg="it \\"burns\\"" x=1',
    [{ line: 'it "burns"', labels: { app: 'x', lvl: 'warn' } }],
  ],
  [
    'pattern',
    [['pattern', { pattern: '<ip> - <_> "<method> <path>" <status>', labels_from_groups: true }]],
    '1.2.3.4 - me "GET /x" 200',
    [{ labels: { app: 'x', ip: '1.2.3.4', method: 'GET', path: '/x', status: '200' } }],
  ],
  [
    'structured_metadata from extracted and from labels',
    [json({ id: '' }), ['structured_metadata', { values: { id: '', a: 'app' } }]],
    '{"id":"7"}',
    [{ labels: {}, metadata: { id: '7', a: 'x' } }],
  ],
  [
    'docker',
    [['docker', {}]],
    '{"log":"hi\\n","stream":"stderr","time":"2026-01-02T03:04:05.000000007Z"}',
    [{ line: 'hi\n', labels: { app: 'x', stream: 'stderr' }, ts: '1767323045000000007' }],
  ],
  ['docker: other JSON passes', [['docker', {}]], '{"msg":"x"}', [{ line: '{"msg":"x"}', ts: '1000000005' }]],
  [
    'cri',
    [['cri', {}]],
    '2026-01-02T03:04:05.000000007Z stderr F hi there',
    [{ line: 'hi there', labels: { app: 'x', stream: 'stderr' }, ts: '1767323045000000007' }],
  ],
  ['drop: text', [['drop', { expression: 'debug' }]], 'a debug line', []],
  ['drop: passes others', [['drop', { expression: 'debug' }]], 'an info line', [{ line: 'an info line' }]],
  ['drop: value', [json({ l: '' }), ['drop', { source: 'l', value: 'debug' }]], '{"l":"debug"}', []],
  [
    'drop: all conditions must hold',
    [json({ l: '' }), ['drop', { source: 'l', value: 'debug', longer_than: 100 }]],
    '{"l":"debug"}',
    [{}],
  ],
  [
    'drop: several sources',
    [json({ a: '', b: '' }), ['drop', { source: 'a,b', expression: '^1;2$' }]],
    '{"a":1,"b":2}',
    [],
  ],
  ['drop: a source that is there', [json({ a: '' }), ['drop', { source: 'a' }]], '{"a":0}', []],
  ['drop: a source that is not', [['drop', { source: 'a' }]], 'x', [{}]],
  ['drop: longer_than counts bytes', [['drop', { longer_than: 3 }]], 'éé', []],
  ['drop: older_than', [['drop', { older_than: 3_600_000 }]], 'x', []],
  [
    'match: keep runs nested stages',
    [
      [
        'match',
        { selector: '{app="x"} |= "boom"', stages: blocks([['static_labels', { values: { hit: '1' } }]]) },
      ],
    ],
    'a boom',
    [{ labels: { app: 'x', hit: '1' } }],
  ],
  [
    'match: others pass untouched',
    [['match', { selector: '{app=~"y|z"}', stages: blocks([['static_labels', { values: { hit: '1' } }]]) }]],
    'a',
    [{ labels: { app: 'x' } }],
  ],
  ['match: drop', [['match', { selector: '{app!="y"} !~ "keep" |~ "b.*m"', action: 'drop' }]], 'boom', []],
  ['match: drop spares', [['match', { selector: '{app="x"} !~ "keep"', action: 'drop' }]], 'keep', [{}]],
  [
    'replace: groups',
    [['replace', { expression: 'password=(\\S+)', replace: '***' }]],
    'password=a password=b c',
    [{ line: 'password=*** password=*** c' }],
  ],
  [
    'replace: with the value',
    [['replace', { expression: '(\\d+)', replace: '<{{ .Value }}>' }]],
    'a1b22',
    [{ line: 'a<1>b<22>' }],
  ],
  ['replace: no groups', [['replace', { expression: 'x', replace: 'y' }]], 'x', [{ line: 'x' }]],
  ['tenant', [['tenant', { value: 'team' }]], 'x', [{ labels: { app: 'x', __tenant_id__: 'team' } }]],
  [
    'pack',
    [['pack', { labels: ['b', 'app'], ingest_timestamp: false }]],
    { line: 'x', labels: { app: 'x', b: 'y', c: 'z' } },
    [{ line: '{"app":"x","b":"y","_entry":"x"}', labels: { c: 'z' }, ts: '1000000005' }],
  ],
  ['decolorize', [['decolorize', {}]], '\u001b[1;31mred\u001b[0m \u001b[Kx', [{ line: 'red x' }]],
  [
    'luhn',
    [['luhn', { delimiters: '-' }]],
    'card 4111-1111-1111-1111 id 4111111111111112',
    [{ line: 'card **REDACTED** id 4111111111111112' }],
  ],
  [
    'split_json',
    [['split_json', {}]],
    '[{"a":[1,2]}, "b,]", 3]',
    [{ line: '{"a":[1,2]}' }, { line: '"b,]"' }, { line: '3' }],
  ],
  ['split_json: empty', [['split_json', {}]], '[]', []],
  [
    'truncate: never splits a character',
    [['truncate', { rule: [{ limit: 6, suffix: '…' }] }]],
    'aéaéaéa',
    [{ line: 'aé…' }],
  ],
  ['truncate: leaves short ones', [['truncate', { rule: [{ limit: 6 }] }]], 'abcdef', [{ line: 'abcdef' }]],
]

test.each(cases)('%s', async (_, stages, line, expected) => {
  expect(await run(stages, [line])).toMatchObject(expected)
  expect(await run(stages, [line])).toHaveLength(expected.length)
})

describe('stage.multiline', () => {
  const multiline = (args: StageArgs = {}) => ['multiline', { firstline: '^\\d', ...args }] as const
  const linesOf = async (args: StageArgs, given: readonly (string | Given)[]): Promise<string[]> =>
    (await run([multiline(args)], given)).map(({ line }) => line)

  test('joins up to the next first line; lines before the first pass', async () => {
    expect(await linesOf({}, ['head', '1 a', ' b', '2 c'])).toEqual(['head', '1 a\n b', '2 c'])
  })
  test('max_lines', async () => {
    expect(await linesOf({ max_lines: 2 }, ['1 a', 'b', 'c', '2 d'])).toEqual(['1 a\nb', 'c', '2 d'])
  })
  test('keeps streams apart', async () => {
    const at = (line: string, app: string): Given => ({ line, labels: { app } })
    const given = [at('1 a', 'x'), at('2 b', 'y'), at(' c', 'x'), at(' d', 'y')]
    expect(await linesOf({}, given)).toEqual(['1 a\n c', '2 b\n d'])
  })
  test('has the time of its first line', async () => {
    const out = await run(
      [multiline()],
      [
        { line: '1 a', tsMs: 7 },
        { line: 'b', tsMs: 9 },
      ],
    )
    expect(out).toMatchObject([{ line: '1 a\nb', ts: '7000005' }])
  })
  test('passes on what waits too long, and only then lets go of the source', async () => {
    const got: string[] = []
    const receiver: LogsReceiver = {
      async push({ entries, delivery }) {
        for (const { line } of entries) got.push(String(line))
        delivery.done()
      },
    }
    const stages = blocks([multiline({ max_wait_time: 50 })])
    const component = runComponent(lokiProcess, { forward_to: [receiver], stages })
    const done = vi.fn()
    const entries = ['1 a', ' b'].map((line) => ({ line, tsMs: 0, tsNs: 0, metadata: [] }))
    const entry = component.exports.receiver as LogsReceiver
    await entry.push({ labels: [], entries, delivery: makeDelivery(done) })
    expect(done).not.toHaveBeenCalled()
    await vi.waitFor(() => expect(got).toEqual(['1 a\n b']))
    expect(done).toHaveBeenCalledOnce()
    await component.stop()
  })
})

describe('stage.cri', () => {
  test('joins pieces', async () => {
    const at = '2026-01-02T03:04:05Z'
    const out = await run(
      [['cri', {}]],
      [`${at} stdout P one `, `${at} stderr F other`, `${at} stdout F two`],
    )
    expect(out.map(({ line }) => line)).toEqual(['other', 'one two'])
  })
})

describe('stage.limit', () => {
  test('drops what comes too fast', async () => {
    const stages: Stages = [['limit', { rate: 0.001, burst: 2, drop: true }]]
    expect(await run(stages, ['a', 'b', 'c'])).toMatchObject([{ line: 'a' }, { line: 'b' }])
  })
  test('or has it wait', async () => {
    const stages: Stages = [['limit', { rate: 100, burst: 1 }]]
    expect(await run(stages, ['a', 'b', 'c'])).toMatchObject([{ line: 'a' }, { line: 'b' }, { line: 'c' }])
  })
})

describe('a reload', () => {
  test('takes new stages, and passes on what the old ones held', async () => {
    const got: string[] = []
    const receiver: LogsReceiver = {
      async push({ entries, delivery }) {
        for (const { line } of entries) got.push(Buffer.from(line as string).toString())
        delivery.done()
      },
    }
    const argsFor = (stages: Stages) => ({ forward_to: [receiver], stages: blocks(stages) })
    const hold = { firstline: '^\\d', max_lines: 128, max_wait_time: 60_000, trim_newlines: true }
    const component = runComponent(lokiProcess, argsFor([['multiline', hold]]))
    const entry = component.exports.receiver as LogsReceiver
    const push = (line: string): Promise<void> =>
      entry.push({
        labels: [],
        entries: [{ line, tsMs: 0, tsNs: 0, metadata: [] }],
        delivery: makeDelivery(() => undefined),
      })
    await push('1 held')
    await component.instance.update(argsFor([['decolorize', {}]]) as never)
    await sleep(0)
    await push('2 \u001b[0mplain')
    expect(got).toEqual(['1 held', '2 plain'])
    await component.stop()
  })
})

test.each<[name: string, args: StageArgs, message: string]>([
  ['json', {}, 'at least one of expressions or regex is required'],
  ['json', { expressions: { a: 'x[?y' } }, 'could not compile JMES expression "x[?y"'],
  ['json', { expressions: { a: 'x.' } }, 'could not compile JMES expression "x."'],
  ['labels', { values: { 'a-b': '' } }, 'invalid label name: a-b'],
  ['timestamp', { source: 't', format: '2006', location: 'Mars/Base' }, 'unknown location "Mars/Base"'],
  ['drop', {}, 'at least one of source, expression, older_than or longer_than must be set'],
  ['drop', { value: 'x' }, 'source must be set when value is set'],
  ['regex', { expression: '(x)' }, 'at least one named capture group is required'],
  ['regex', { expression: '(?P<x>[' }, 'error parsing regexp: missing closing ]'],
  ['match', { selector: '{app="x"', stages: blocks([['decolorize', {}]]) }, 'expected , or }'],
  ['match', { selector: '{app="x"}' }, 'nested stages are required when the action is "keep"'],
  ['multiline', { firstline: '(' }, 'error parsing regexp'],
  ['tenant', { label: 'a', value: 'b' }, 'exactly one of label, source and value must be set'],
  ['pattern', { pattern: '<a><b>' }, 'consecutive captures'],
  ['template', { source: '', template: 'b' }, 'template stage: source must not be empty'],
  [
    'template',
    { source: 'a', template: '{{' },
    'template stage: template: pipeline_template:1: unclosed action',
  ],
])('stage.%s refuses %j', (name, args, message) => {
  expect(() => runComponent(lokiProcess, { forward_to: [], stages: blocks([[name, args]]) })).toThrow(message)
})
