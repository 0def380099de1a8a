import { describe, expect, test } from 'vitest'
import { makeLabels } from '#base/labels.ts'
import { expandTemplate, type TemplateData } from './alert-template.ts'
import { humanizeDuration } from './humanize.ts'

const data: TemplateData = {
  labels: makeLabels({ app: 'shop', instance: 'db1.example.org:5432' }),
  value: 1234.5,
  externalUrl: 'https://logs.example.org/base/',
  nowMs: 1_700_000_000_000,
  query: (text) =>
    text === 'bad('
      ? Promise.reject(new Error('parse error'))
      : Promise.resolve([
          { labels: makeLabels({ app: 'b' }), value: 2 },
          { labels: makeLabels({ app: 'a' }), value: 1 },
        ]),
}

async function expand(text: string): Promise<string> {
  return expandTemplate('X', text, data, () => undefined)
}

describe('a template of a rule', () => {
  test.each([
    ['plain', 'plain'],
    ['{{ $value }} of {{ $labels.app }}{{ $labels.none }}', '1234.5 of shop'],
    ['{{ .Value }} {{ .Labels.app }} {{ $externalURL }}', '1234.5 shop https://logs.example.org/base/'],
    ['{{ humanize $value }} {{ humanize 0.0012 }} {{ humanize 0.0 }}', '1.234k 1.2m 0'],
    ['{{ humanize1024 2048.0 }} {{ humanizePercentage 0.1234 }}', '2ki 12.34%'],
    ['{{ humanizeDuration 93784 }} {{ humanizeDuration 0.02 }}', '1d 2h 3m 4s 20ms'],
    ['{{ humanizeTimestamp 1435065584.128 }}', '2015-06-23 13:19:44.128 +0000 UTC'],
    ['{{ $labels.instance | stripPort }} {{ $labels.instance | stripDomain }}', 'db1.example.org db1:5432'],
    ['{{ reReplaceAll "(.*)o(.*)" "$2$1" "shop" }} {{ match "a.*" "cab" }}', 'psh true'],
    ['{{ title "two words" }} {{ toUpper "a" }} {{ toLower "B" }}', 'Two Words A b'],
    ['{{ if gt $value 1000.0 }}many{{ else }}few{{ end }}', 'many'],
    ['{{ printf "%.1f" $value }} {{ pathPrefix }}', '1234.5 /base'],
    ['{{ range query "x" | sortByLabel "app" }}{{ .Labels.app }}={{ .Value }} {{ end }}', 'a=1 b=2 '],
    ['{{ query "x" | first | value }} {{ with query "y" }}{{ . | first | label "app" }}{{ end }}', '2 b'],
    ['{{ toDuration 90 }} {{ parseDuration "1h" }} {{ now }}', '1m30s 3600 1.7e+09'],
    ['{{ tableLink "up > 1" }}', '/graph?g0.expr=up+%3E+1&g0.tab=1'],
    ['{{ define "t" }}<{{ . }}>{{ end }}{{ template "t" $value }}', '<1234.5>'],
  ])('%s', async (text, expected) => {
    expect(await expand(text)).toBe(expected)
  })

  test('what goes wrong becomes its text', async () => {
    expect(await expand('{{ humanize "x" }}')).toMatch(/^<error expanding template: .*humanize.*>$/)
    expect(await expand('{{ query "bad(" }}')).toBe('<error expanding template: parse error>')
    expect(await expand('{{')).toBe('<error expanding template: template: __alert_X:1: unclosed action>')
  })
})

test('durations in words', () => {
  expect([3661, 61, 59.5, -2, 0, Number.NaN].map(humanizeDuration)).toEqual([
    '1h 1m 1s',
    '1m 1s',
    '59.5s',
    '-2s',
    '0s',
    'NaN',
  ])
})
