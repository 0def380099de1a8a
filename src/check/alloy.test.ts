import { describe, expect, test } from 'vitest'
import { ALLOY, brief, check } from './testing.ts'

describe('alloy', () => {
  test('a good file draws nothing', async () => {
    expect(brief(await check('config.alloy', ALLOY))).toEqual([])
  })

  test.each<[string, [from: string, to: string][], string[]]>([
    ['syntax', [['{\n\thost', '\n\thost']], ['error alloy-syntax 1:22', 'error alloy-syntax 3:1']],
    [
      'no labels',
      [['targets    = discovery.relabel.c.output', 'targets    = discovery.docker.c.targets']],
      ['warning alloy-unconnected 4:1', 'warning alloy-no-labels 12:1'],
    ],
    ['only hidden labels', [['"service"', '"__hidden"']], ['warning alloy-no-labels 12:1']],
    [
      'name without slash',
      [
        ['"/(.*)"\n\t\ttarget_label  = "service"', '"order-api|web"\n\t\taction = "keep"'],
        ['loki.source.docker "c" {', 'loki.source.docker "c" {\n\tlabels = { job = "docker" }'],
      ],
      ['error alloy-name-slash 8:19'],
    ],
    ['name without slash, replaced', [['"/(.*)"', '"(order-api)"']], ['warning alloy-name-slash 8:19']],
    [
      'id as label',
      [['values = { level', 'values = { request_id']],
      ['warning alloy-high-cardinality 22:14'],
    ],
    ['id as target label', [['"service"', '"trace_id"']], ['warning alloy-high-cardinality 9:19']],
    ['wrong address', [['/loki/api/v1/push', '']], ['warning alloy-push-path 28:9']],
    ['few retries', [['\t\tmax_backoff_retries = 0\n', '']], ['hint alloy-retries 27:2']],
    [
      'unknown component',
      [['loki.process "c"', 'loki.proces "c"']],
      ['error alloy-config 15:16', 'error alloy-unknown-component 17:1'],
    ],
    [
      'unsupported component',
      [['loki.process "c"', 'prometheus.scrape "m" { }\nloki.process "c"']],
      ['error alloy-unsupported 17:1'],
    ],
    [
      'wrong argument',
      [['max_backoff_retries = 0', 'max_backoff_retries = "x"']],
      ['error alloy-config 29:25'],
    ],
    ['unused', [['loki.process.c.receiver', 'loki.write.c.receiver']], ['warning alloy-unconnected 17:1']],
  ])('%s', async (_name, changes, expected) => {
    let text = ALLOY
    for (const [from, to] of changes) {
      expect(text).toContain(from)
      text = text.replace(from, to)
    }
    expect(brief(await check('config.alloy', text))).toEqual(expected)
  })

  test.each([
    '/web|/api',
    '(/web)',
    '.*web.*',
    '[/]web',
    '\\\\/web',
    '(?i)/web',
    '/?web',
    '(web|/api)',
    '^/web',
  ])('a regex that may match a name with a slash: %s', async (regex) => {
    expect(brief(await check('config.alloy', ALLOY.replace('/(.*)', regex)))).toEqual([])
  })
})
