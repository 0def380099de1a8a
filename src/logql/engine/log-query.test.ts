import { describe, expect, test } from 'vitest'
import { makeMemoryStore } from '../testing/memory-store.ts'
import { runLog, storeOf } from '../testing/run.ts'

const S = '{t="x"}'

/**
 * The labels that stages gave the lines of one stream, as `name=value` texts; the line follows where it
 * changed.
 */
async function labelsAfter(lines: readonly string[], stages: string): Promise<string[]> {
  const entries = await runLog(storeOf({ t: 'x' }, lines), S + stages)
  return entries.map(({ line, labels }) => {
    const texts = Object.entries(labels).flatMap(([name, value]) =>
      name === 't' ? [] : [`${name}=${value}`],
    )
    return [...texts, ...(lines.includes(line) ? [] : [`line:${line}`])].join(' ')
  })
}

const OBJECT_ERROR =
  "__error__=JSONParserErr __error_details__=Value looks like object, but can't find closing '}' symbol"

describe('parsers', () => {
  test.each([
    [
      '{"a":1,"b":{"c":"x","d":[1,2]},"e":null,"f":true,"g":1.50,"h":"","a":2}',
      '| json',
      'a=1 b_c=x f=true g=1.50 h=',
    ],
    ['{"a b":1,"c-d":2,"1g":4,"é":5," h ":6,"":7}', '| json', '_=5 _1g=4 a_b=1 c_d=2 h=6'],
    ['{"a":{"":1},"":{"b":2}}', '| json', 'a=1 b=2'],
    [
      '{"a":1',
      '| json',
      "__error__=JSONParserErr __error_details__=Value is array, but can't find closing ']' symbol a=1",
    ],
    ['[1,2]', '| json', OBJECT_ERROR],
    ['', '| json', OBJECT_ERROR],
    ['{"a":1,} trailing', '| json', 'a=1'],
    ['{"a":"bad \\q","b":"A\\n"}', '| json', 'a= b=A\n'],
    ['{"__error__":"foo","x":1}', '| json', '__error__=foo x=1'],
    ['{"a":1}', '| json | drop a | json', ''],
    ['{"t":1,"t_extracted":2}', '| json', 't_extracted=1'],
    [
      '{"a":{"b":[1,{"c":"d"}]},"n":null,"o":{}}',
      '| json p="a.b[1].c",q="a.b",r="n",s="o",u="nope"',
      'p=d q=[1,{"c":"d"}] r= s={} u=',
    ],
    [' {"a":1}', '| json x="a"', '__error__=JSONParserErr'],
    ['a=1 a=2', '| logfmt', 'a=1'],
    ['a=1 a=2', '| logfmt a', 'a=2'],
    ['a=1', '| logfmt a="zz"', 'a=1'],
    ['a=1 b="x y" c', '| logfmt', 'a=1 b=x y'],
    ['a=1 b="x y" c', '| logfmt --keep-empty', 'a=1 b=x y c='],
    ['a=1"x b=2', '| logfmt', 'b=2'],
    [
      'a=1"x b=2',
      '| logfmt --strict',
      `__error__=LogfmtParserErr __error_details__=logfmt syntax error at pos 4 : unexpected '"'`,
    ],
    [
      'a="unterminated b=2',
      '| logfmt --strict',
      '__error__=LogfmtParserErr __error_details__=logfmt syntax error at pos 20 : unterminated quoted value',
    ],
    ['a.b=1 c-d=2 1x=3 é=4', '| logfmt', '_=4 _1x=3 a_b=1 c_d=2'],
    ['aXb', '| regexp "(?P<a>a)(?P<b>Z)?"', 'a=a b='],
    ['aXbXc', '| pattern "<a>X<b>Y<c>"', 'a=a b=bXc'],
    ['aXbXc', '| pattern "<a>X<b>X"', 'a=a b=b'],
    ['aXbXc', '| pattern "X<a>"', ''],
    ['{"_entry":"hello","app":"x","n":1,"t":"j"}', '| unpack', 'app=x t_extracted=j line:hello'],
    ['{"app":"x"}', '| unpack', ''],
  ])('%s %s', async (line, stages, expected) => expect(await labelsAfter([line], stages)).toEqual([expected]))
})

describe('filters', () => {
  test.each([
    ['|= "foo"', ['foo', 'xfoo', 'foox', 'foo\nbar']],
    ['|= "" or "xf"', ['xfoo']],
    ['!= "foo"', ['bar', '']],
    ['!= "foo" or ""', []],
    ['|~ "^foo$"', ['foo']],
    ['|~ "o.b"', []],
    ['|~ "(?s)o.b"', ['foo\nbar']],
    ['|~ "xfoo|.*"', ['xfoo']],
    ['|> "<_>foo"', ['xfoo']],
    ['|= "foo" != "x" |~ "f.o$"', ['foo']],
  ])('lines %s', async (stages, expected) => {
    const lines = ['foo', 'xfoo', 'foox', 'foo\nbar', 'bar', '']
    const entries = await runLog(storeOf({ t: 'x' }, lines), S + stages)
    expect(entries.map(({ line }) => line)).toEqual(expected)
  })

  test.each([
    ['a=~"foo.*"', ['foo', 'xfoo', 'foox']],
    ['a=~"foo|bar"', ['foo']],
    ['a=~"foo|"', ['foo']],
    ['a=~""', ['foo', 'xfoo', 'foox', '5']],
    ['a!~""', []],
    ['a=~"[fb].*"', ['foo', 'foox']],
    ['a > 4', ['foo', 'xfoo', 'foox', '5']],
    ['a > 4 | __error__=""', ['5']],
    ['a!="foo" and a!="5"', ['xfoo', 'foox']],
    ['b != 1', []],
    ['b=""', ['foo', 'xfoo', 'foox', '5']],
  ])('labels %s', async (filter, expected) => {
    const entries = await runLog(
      storeOf(
        { t: 'x' },
        ['foo', 'xfoo', 'foox', '5'].map((value) => `a=${value}`),
      ),
      `${S} | logfmt | ${filter}`,
    )
    expect(entries.map(({ labels }) => labels.a)).toEqual(expected)
  })

  test.each([
    ['|= ip("10.0.0.5")', ['10.0.0.5:8080', 'a10.0.0.5b']],
    ['|= ip("10.0.0.0/8")', ['10.0.0.5:8080', 'a10.0.0.5b', '10.9.9.9']],
    ['!= ip("10.0.0.1-10.9.9.9")', ['10.0.0.5.', '[2001:db8::1]:80']],
    ['|= ip("2001:db8::/32")', ['[2001:db8::1]:80']],
  ])('addresses %s', async (filter, expected) => {
    const lines = ['10.0.0.5:8080', 'a10.0.0.5b', '10.0.0.5.', '10.9.9.9', '[2001:db8::1]:80']
    const entries = await runLog(storeOf({ t: 'x' }, lines), S + filter)
    expect(entries.map(({ line }) => line)).toEqual(expected)
  })

  test('a filter on a parsed label may drop the line while it is parsed', async () => {
    const lines = ['{"level":"info"}', 'text']
    expect(await labelsAfter(lines, '| level="" | json')).toEqual([OBJECT_ERROR])
    expect(await labelsAfter(lines, '| json | label_format level="x" | level="x"')).toEqual([
      `${OBJECT_ERROR} level=x`,
    ])
    expect(await labelsAfter(lines, '| json | label_format level="x" | level="x" and t="x"')).toHaveLength(2)
  })
})

describe('formats', () => {
  test.each([
    ['a=1 b=2', '| logfmt | label_format a=b,b=a', 'b=2'],
    ['a=1 b=2', '| logfmt | label_format a=a', 'b=2'],
    ['a=1 b=2', '| logfmt | label_format x="{{.a}}",a=b,y="{{.a}}|{{.b}}"', 'a=2 x=1 y=1|2'],
    ['a=1', '| logfmt | line_format "{{.a}}-{{.nope}}"', 'a=1 line:1-'],
    [
      'a=1',
      '| logfmt | line_format "{{div 1 0}}"',
      '__error__=TemplateFormatErr __error_details__=template: line:1:2: executing "line" at <div 1 0>: ' +
        'error calling div: runtime error: integer divide by zero a=1',
    ],
    ['\x1b[31mred\x1b[0mtext', '| decolorize', 'line:redtext'],
    ['a=1 b=2 c=3', '| logfmt | keep a, b="9"', 'a=1'],
    ['a=1 b=2 c=3', '| logfmt | drop a, b=~"2|3"', 'c=3'],
    [
      'bad',
      '| json | drop __error__',
      "__error_details__=Value looks like object, but can't find closing '}' symbol",
    ],
  ])('%s %s', async (line, stages, expected) => {
    const [labels] = await labelsAfter([line], stages)
    expect(labels.replace(/^t=x ?/, '')).toBe(expected)
  })
})

describe('windows, order and limits', () => {
  const store = storeOf(
    { t: 'x' },
    [0, 10, 20, 30].map((second) => ({ tsMs: second * 1000, line: `at ${second}` })),
  )

  test('the end is exclusive, the start inclusive', async () => {
    const entries = await runLog(store, S, { startMs: 0, endMs: 30_000 })
    expect(entries.map(({ line }) => line)).toEqual(['at 0', 'at 10', 'at 20'])
  })

  test('limit and direction', async () => {
    const newest = await runLog(store, S, { limit: 2, direction: 'backward' })
    expect(newest.map(({ line }) => line)).toEqual(['at 20', 'at 30'])
  })

  test('interval leaves entries out', async () => {
    const entries = await runLog(store, S, { intervalMs: 20_000 })
    expect(entries.map(({ line }) => line)).toEqual(['at 0', 'at 20'])
  })

  test('entries that become equal within one stream are one', async () => {
    const same = makeMemoryStore()
    same.add(
      { t: 'x' },
      ['a', 'b', 'c'].map((line) => ({ tsMs: 5, line })),
    )
    expect(await runLog(same, S)).toHaveLength(3)
    expect(await runLog(same, `${S} | line_format "same"`)).toHaveLength(1)
  })

  test('metadata becomes labels, under another name where the stream has it', async () => {
    const traced = makeMemoryStore()
    traced.add({ t: 'x' }, [
      {
        tsMs: 5,
        line: 'a',
        metadata: [
          ['id', '7'],
          ['t', 'm'],
        ],
      },
    ])
    const [entry] = await runLog(traced, `${S} | id="7"`)
    expect(entry.labels).toEqual({ t: 'x', id: '7', t_extracted: 'm' })
  })

  test('an aborted query ends with the reason', async () => {
    const controller = new AbortController()
    controller.abort(new Error('client left'))
    const { queryRange } = await import('./engine.ts')
    const query = {
      query: S,
      startMs: 0,
      startNs: 0,
      endMs: 99_000,
      endNs: 0,
      stepMs: 1,
      intervalMs: 0,
      limit: 1,
    }
    const run = queryRange(
      store,
      'test',
      { ...query, direction: 'forward' },
      { max_query_series: 500, max_query_memory: 0, query_timeout: 0 },
      controller.signal,
    )
    await expect(run).rejects.toThrow('client left')
  })
})
