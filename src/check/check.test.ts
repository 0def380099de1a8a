import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkText } from './check.ts'
import { detectKind } from './detect.ts'
import type { Severity } from './finding.ts'
import { reportText, summary } from './report.ts'
import { ALLOY, brief, COMPOSE, check, LOKI } from './testing.ts'

describe('the stacks of deploy/', () => {
  test.each<[string, Severity[]]>([
    ['deploy/lab/docker-compose.yml', []],
    ['deploy/lab/docker-compose.grafana.yml', []],
    ['deploy/lab/loki/loki-config.yaml', ['hint']],
    ['deploy/lab/alloy/config.alloy', []],
    ['deploy/prod/docker-compose.prod.yml', []],
    ['deploy/prod/docker-compose.grafana.yml', []],
    ['deploy/prod/monitoring/loki/loki-config.yml', ['hint']],
    ['deploy/prod/monitoring/alloy/config.alloy', []],
  ])('%s', async (path, allowed) => {
    const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
    const { kind, findings } = await checkText(path, text, Date.now())
    expect(kind).toBeDefined()
    expect(brief(findings.filter(({ severity }) => !allowed.includes(severity)))).toEqual([])
  })
})

test.each<[string, string, string | undefined]>([
  ['loki-config.yaml', 'auth_enabled: false', 'loki'],
  ['monitoring/local.yml', 'schema_config: {}', 'loki'],
  ['config.alloy', '', 'alloy'],
  ['agent.river', '', 'alloy'],
  ['config', 'loki.write "x" {', 'alloy'],
  ['docker-compose.prod.yml', '', 'compose'],
  ['stack.yml', 'services:\n  a:\n    image: x', 'compose'],
  ['datasources/loki.yml', 'apiVersion: 1\ndatasources: []', undefined],
  ['readme.md', 'hello', undefined],
])('%s is %s', async (path, text, kind) => {
  expect(detectKind(path, text)).toBe(kind)
})

test('the report shows the place and how to mend it', async () => {
  const text = ALLOY.replace('values = { level', 'values = { request_id')
  expect(reportText('config.alloy', text, await check('config.alloy', text), false)).toBe(
    'config.alloy:22:14: warning: the label request_id makes a stream of its own for every value [alloy-high-cardinality]\n' +
      '  21 |     stage.labels {\n' +
      '  22 |         values = { request_id = "" }\n' +
      '     |                    ^\n' +
      '  why: Streams are meant for a few hundred sources; thousands of tiny ones slow everything down and hit limits.\n' +
      '  fix: Keep it as structured metadata: found as fast, without a stream each.\n' +
      '       stage.structured_metadata {\n' +
      '       \tvalues = { request_id = "" }\n' +
      '       }\n',
  )
  expect(summary(await check('config.alloy', text))).toBe('1 warning')
  expect(summary([])).toBe('nothing to complain about')
})

test('arbitrary text is judged, never thrown at', async () => {
  const paths = fc.constantFrom('loki.yaml', 'config.alloy', 'docker-compose.yml')
  const pieces = fc.constantFrom(
    ...[
      ...LOKI.split('\n'),
      ...ALLOY.split('\n'),
      ...COMPOSE.split('\n'),
      '- 1',
      'services: {a: 1, b: {ports: 1}}',
      ': ',
      '&a *a',
      '? [a]',
      '!!x',
    ],
  )
  const text = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 12 }).map((lines) => lines.join('\n')),
  )
  await fc.assert(
    fc.asyncProperty(paths, text, async (path, text) => {
      for (const { line, column } of await check(path, text)) {
        expect(line).toBeGreaterThan(0)
        expect(column).toBeGreaterThan(0)
      }
    }),
    { numRuns: 500 },
  )
})
