import { describe, expect, test } from 'vitest'
import { runLabels } from './labels.ts'
import { commonLabels } from './query-format.ts'
import { runSeries } from './series.ts'
import { capture, lokiForEachTest } from './testing.ts'

const loki = lokiForEachTest()

describe('labels and series', () => {
  test.each<[string | undefined, string, string]>([
    [undefined, '{"data":["app","level"]}', 'app\nlevel\n'],
    ['a/b', '{"data":["x"]}', 'x\n'],
    ['none', '{"status":"success"}', ''],
  ])('labels %s', async (name, body, expected) => {
    loki.answer = { status: 200, body }
    const io = capture()
    await runLabels(name, { addr: loki.addr, since: '1h' }, io)
    expect(io.out()).toBe(expected)
    expect(loki.requests[0].pathname).toBe(
      name === undefined ? '/loki/api/v1/labels' : `/loki/api/v1/label/${encodeURIComponent(name)}/values`,
    )
  })

  test('series', async () => {
    loki.answer = { status: 200, body: '{"data":[{"b":"2","a":"1"},{"a":"0"}]}' }
    const io = capture()
    await runSeries(['{a="1"}', '{a="0"}'], { addr: loki.addr, since: '1h', quiet: true }, io)
    expect(io.out()).toBe('{a="0"}\n{a="1", b="2"}\n')
    expect(loki.requests[0].searchParams.getAll('match')).toEqual(['{a="1"}', '{a="0"}'])
  })
})

test('commonLabels', () => {
  expect(commonLabels([])).toEqual({})
  expect(commonLabels([{ a: '1', b: '2' }, { b: '2' }])).toEqual({ b: '2' })
  expect(commonLabels([{ a: '1' }, { toString: 'x' }])).toEqual({})
})
