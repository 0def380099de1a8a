import { describe, expect, test } from 'vitest'
import { runStages } from '../testing/run-stages.ts'

const LINE = '{"level":"WARN","msg":"Card declined","user":"ann","n":12.5,"none":null,"list":"a,b,c"}'
const FIELDS = { level: '', msg: '', user: '', n: '', none: '', list: '' }

/** What the template makes of the extracted value `level`; '' where it removes it. */
async function render(template: string, source = 'level'): Promise<string> {
  const out = await runStages(
    [
      ['json', { expressions: FIELDS }],
      ['template', { source, template }],
      ['labels', { values: { made: source } }],
    ],
    [LINE],
  )
  return out[0].labels.made ?? ''
}

describe('stage.template', () => {
  test.each([
    ['{{ .Value }}', 'WARN'],
    ['{{ ToLower .Value }}', 'warn'],
    ['{{ .Entry }}', LINE],
    ['{{ .app }}/{{ .user }}/{{ .n }}', 'x/ann/12.5'],
    ['{{ .gone }}', '<no value>'],
    ['a {{ .none }}', 'a <no value>'],
    ['{{ if eq .Value "WARN" }}warning{{ else }}{{ .Value }}{{ end }}', 'warning'],
    ['{{ Replace .Value "W" "B" -1 }}', 'BARN'],
    ['{{ Trim .Value "WN" }}|{{ TrimLeft .Value "W" }}|{{ TrimSuffix .Value "RN" }}', 'AR|ARN|WA'],
    [`{{ regexReplaceAll "([A-Z])A" .Value "\${1}x" }}`, 'WxRN'],
    ['{{ regexReplaceAllLiteral "A" .Value "$1" }}', 'W$1RN'],
    ['{{ Hash "salt" .Value | trunc 16 }}', '48cf0213f2f99bab'],
    ['{{ Sha2Hash "salt" .Value | trunc 16 }}', '1d6ce292f2e609fa'],
    ['{{ sha256sum "abc" | trunc 8 }} {{ adler32sum "abc" }}', 'ba7816bf 38600999'],
    ['{{ splitList "," .list | join "+" }} {{ (split "," .list)._1 }}', 'a+b+c b'],
    ['{{ index (splitList "," .list) 2 }} {{ last (list 1 2 3) }}', 'c 3'],
    ['{{ ternary "y" "n" (contains "Card" .msg) }}', 'y'],
    [
      '{{ .msg | snakecase }} {{ .msg | camelcase }} {{ "fooBar" | kebabcase }}',
      'card_declined CardDeclined foo-bar',
    ],
    ['{{ dict "b" 1 "a" (list 1 "<") | toJson }}', '{"a":[1,"\\u003c"],"b":1}'],
    ['{{ $m := fromJson .Entry }}{{ $m.user | upper }}', 'ANN'],
    ['{{ regexFind "[a-z]+" .msg }} {{ regexFindAll "[A-Z]" .Value 2 | join "" }}', 'ard WA'],
    ['{{ regexSplit "," .list -1 | len }} {{ regexMatch "^W" .Value }}', '3 true'],
    ['{{ duration "95" }} {{ date "2006" (toDate "2006-01-02" "2026-05-01") }}', '1m35s 2026'],
    ['{{ until 3 | join "," }} {{ has "b" (list "a" "b") }} {{ uniq (list 1 1 2) }}', '0,1,2 true [1 2]'],
    ['{{ quote .user "x" }} {{ squote .user }} {{ cat "a" 1 }}', '"ann" "x" \'ann\' a 1'],
    ['{{ base "/a/b.txt" }} {{ dir "/a/b.txt" }} {{ ext "b.txt" }}', 'b.txt /a .txt'],
    ['{{ b32enc "hi" }} {{ b32dec "NBUQ====" }} {{ b64enc "hi" }}', 'NBUQ==== hi aGk='],
    ['{{ dig "a" "b" "none" (dict "a" (dict "b" "deep")) }} {{ coalesce "" "v" }}', 'deep v'],
    ['{{ typeOf .Value }} {{ kindOf (list) }} {{ atoi "7" | add1 }}', 'string slice 8'],
    ['{{ mergeOverwrite (dict "a" 1) (dict "a" 2 "b" 3) | toJson }}', '{"a":2,"b":3}'],
  ])('%s', async (template, expected) => expect(await render(template)).toBe(expected))

  test('an empty result removes the value', async () =>
    expect(await render('{{ if false }}x{{ end }}')).toBe(''))
  test('the source may be new', async () => expect(await render('{{ .user }}!', 'greeting')).toBe('ann!'))
  test('without the source there is no .Value', async () => {
    expect(await render('[{{ .Value }}]', 'greeting')).toBe('[<no value>]')
  })
  test('a template that fails leaves the value', async () => {
    expect(await render('{{ fail "no" }}')).toBe('WARN')
  })
  test.each(['{{ alignLeft 3 "x" }}', '{{ __line__ }}', '{{ unknown }}'])(
    '%s is not known',
    async (template) => {
      await expect(render(template)).rejects.toThrow('not defined')
    },
  )
})

describe('stage.replace', () => {
  test.each([
    ['(\\w+)@', '{{ ToUpper .Value }}', 'to bob@x, eve@y', 'to BOB@x, EVE@y'],
    ['(\\d+)', '{{ if eq .Value "42" }}N{{ else }}{{ .Value }}{{ end }}', '41 42', '41 N'],
    ['(secret)', '{{ .app }}{{ .gone }}', 'a secret', 'a x'],
    ['(secret)', '{{ Sha2Hash "s" .Value | trunc 4 }}', 'a secret', 'a 6f52'],
    ['a(b(c))d', '[{{ .Value }}]', 'abcd', 'a[bc]d'],
  ])('%s by %s', async (expression, replace, line, expected) => {
    expect((await runStages([['replace', { expression, replace }]], [line]))[0].line).toBe(expected)
  })
})
