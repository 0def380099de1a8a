import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startTestServer, type TestServer } from '../testing.ts'

const dir = mkdtempSync(join(tmpdir(), 'logboom-rules-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const GROUP = `name: g1
interval: 1h
rules:
  - alert: HighErr
    expr: sum(rate({job="x"} |= "error" [5m])) > 1
    for: 5m
    labels: {severity: page}
    annotations: {summary: "{{ $value }}"}
`
const ACCEPTED = '{"status":"success","data":null,"errorType":"","error":""}'

interface Answer {
  status: number
  type: string | null
  text: string
}

function caller(url: () => string, headers: Record<string, string> = {}) {
  return async (method: string, path: string, body?: string): Promise<Answer> => {
    const init = { method, headers, ...(body === undefined ? {} : { body }) }
    const response = await fetch(url() + path, init)
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      text: await response.text(),
    }
  }
}

describe('rules that the API may change', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer(`
auth_enabled: true
ruler_storage: {backend: filesystem, filesystem: {dir: ${join(dir, 'writable')}}}
ruler: {poll_interval: 100ms}
limits_config: {ruler_max_rules_per_rule_group: 2, ruler_max_rule_groups_per_tenant: 3}`)
  })
  afterAll(() => server.close())
  const call = caller(() => server.url, { 'x-scope-orgid': 't1' })
  const other = caller(() => server.url, { 'x-scope-orgid': 'a|b' })
  const nobody = caller(() => server.url)

  test('the life of a group', async () => {
    const text = { type: 'text/plain; charset=utf-8' }
    expect(await call('GET', '/loki/api/v1/rules')).toEqual({
      status: 404,
      ...text,
      text: 'no rule groups found\n',
    })
    // What Grafana asks to find out whether rules can be edited.
    expect(await call('GET', '/loki/api/v1/rules/test/test')).toEqual({
      status: 404,
      ...text,
      text: 'group does not exist\n',
    })
    expect(await call('POST', '/loki/api/v1/rules/ns', GROUP)).toEqual({
      status: 202,
      type: 'application/json',
      text: ACCEPTED,
    })
    const yaml = `ns:
    - name: g1
      interval: 1h
      rules:
        - alert: HighErr
          expr: sum(rate({job="x"} |= "error" [5m])) > 1
          for: 5m
          labels:
            severity: page
          annotations:
            summary: "{{ $value }}"
`
    expect(await call('GET', '/loki/api/v1/rules')).toEqual({
      status: 200,
      type: 'application/yaml',
      text: yaml,
    })
    expect((await call('GET', '/api/prom/rules/ns')).text).toBe(yaml)
    expect((await call('GET', '/api/prom/rules/ns/g1')).text).toMatch(
      /^name: g1\ninterval: 1h\nrules:\n {4}- alert: HighErr\n/,
    )
    expect((await call('GET', '/loki/api/v1/rules?labels=severity:page')).text).toBe(yaml)
    expect((await call('GET', '/loki/api/v1/rules?labels=severity:page,team:x')).text).toBe('{}\n')
    expect((await call('GET', '/loki/api/v1/rules/none')).status).toBe(404)

    const groups = JSON.parse((await call('GET', '/prometheus/api/v1/rules')).text).data.groups
    expect(groups).toEqual([
      {
        name: 'g1',
        file: 'ns',
        rules: [
          {
            state: 'inactive',
            name: 'HighErr',
            query: '(sum(rate({job="x"} |= "error"[5m])) > 1)',
            duration: 300,
            labels: { severity: 'page' },
            annotations: { summary: '{{ $value }}' },
            alerts: [],
            health: 'unknown',
            lastError: '',
            type: 'alerting',
            lastEvaluation: '0001-01-01T00:00:00Z',
            evaluationTime: 0,
          },
        ],
        interval: 3600,
        limit: 0,
        lastEvaluation: '0001-01-01T00:00:00Z',
        evaluationTime: 0,
      },
    ])

    expect((await call('DELETE', '/loki/api/v1/rules/ns/none')).status).toBe(202)
    expect((await call('DELETE', '/loki/api/v1/rules/ns/g1')).text).toBe(ACCEPTED)
    expect((await call('GET', '/loki/api/v1/rules/ns')).status).toBe(404)
    expect(await call('DELETE', '/loki/api/v1/rules/ns')).toEqual({
      status: 404,
      ...text,
      text: 'group namespace does not exist\n',
    })
    expect(JSON.parse((await call('GET', '/prometheus/api/v1/rules')).text).data.groups).toEqual([])
  })

  test('names that are no file names', async () => {
    for (const name of ['..', '.x', 'a b', 'ä', '%', "*'()"]) {
      const path = `/loki/api/v1/rules/${encodeURIComponent(name).replaceAll('.', '%2E')}`
      if (name === '..') continue
      expect((await call('POST', path, 'name: g\nrules: []')).status, name).toBe(202)
      expect((await call('GET', `${path}/g`)).text, name).toBe('name: g\nrules: []\n')
      expect((await call('DELETE', path)).status, name).toBe(202)
    }
    expect((await call('GET', '/loki/api/v1/rules/a%2Fb')).status).toBe(405)
  })

  test('a delete and a set of one namespace at the same time lose nothing', async () => {
    const names = ['a', 'b', 'c']
    const sets = names
      .slice(0, 2)
      .map((name) => call('POST', '/loki/api/v1/rules/both', `name: ${name}\nrules: []`))
    expect((await Promise.all(sets)).map(({ status }) => status)).toEqual([202, 202])
    expect((await call('GET', '/loki/api/v1/rules/both')).text).toBe(
      'both:\n    - name: a\n      rules: []\n    - name: b\n      rules: []\n',
    )
    await call('DELETE', '/loki/api/v1/rules/both')
  })

  test.each([
    ['- x', 'unable to decoded rule group\n'],
    ['rules: []', 'group 0: Groupname must not be empty\n'],
    [
      "name: g\nrules: [{alert: a, expr: 'vector(1)'}, {alert: b, expr: 'vector(1)'}, {alert: c, expr: 'vector(1)'}]",
      'per-user rules per rule group limit (limit: 2 actual: 3) exceeded\n',
    ],
    ['name: g\nrules: [{record: a-b, expr: vector(1)}]', 'invalid recording rule name: a-b\n'],
  ])('%j is refused', async (body, text) => {
    expect(await call('POST', '/loki/api/v1/rules/ns', body)).toMatchObject({ status: 400, text })
  })

  test('too many groups are refused, and the one that is there already counts', async () => {
    for (const name of ['g1', 'g2', 'g3']) {
      expect((await call('POST', '/loki/api/v1/rules/ns', `name: ${name}\nrules: []`)).status).toBe(202)
    }
    expect(await call('POST', '/loki/api/v1/rules/ns', 'name: g3\nrules: []')).toMatchObject({
      status: 400,
      text: 'per-user rule groups limit (limit: 3 actual: 4) exceeded\n',
    })
    expect((await call('DELETE', '/loki/api/v1/rules/ns')).status).toBe(202)
  })

  test('the wrong tenant, filter, method', async () => {
    expect(await nobody('GET', '/loki/api/v1/rules')).toMatchObject({ status: 401, text: 'no org id\n' })
    expect(await other('GET', '/loki/api/v1/rules')).toMatchObject({
      status: 500,
      text: '{"status":"error","data":null,"errorType":"server_error","error":"no org id"}',
    })
    expect(await other('GET', '/prometheus/api/v1/rules')).toMatchObject({
      status: 400,
      text: '{"status":"error","data":null,"errorType":"bad_data","error":"too many org ids found"}',
    })
    expect(await call('GET', '/prometheus/api/v1/rules?type=foo')).toEqual({
      status: 400,
      type: 'text/plain; charset=utf-8',
      text: '{"status":"error","data":null,"errorType":"bad_data","error":"not supported value \\"foo\\""}',
    })
    expect((await call('PUT', '/loki/api/v1/rules/ns', GROUP)).status).toBe(405)
    expect((await call('POST', '/loki/api/v1/rules', GROUP)).status).toBe(405)
    expect((await call('GET', '/loki/api/v1/alerts')).status).toBe(404)
    expect((await call('GET', '/prometheus/api/v1/alerts')).text).toBe(
      '{"status":"success","data":{"alerts":[]},"errorType":"","error":""}',
    )
  })
})

describe('rules in files', () => {
  const folder = join(dir, 'files')
  let server: TestServer
  beforeAll(async () => {
    mkdirSync(join(folder, 'fake'), { recursive: true })
    writeFileSync(
      join(folder, 'fake', 'web.yaml'),
      `groups:\n- {name: b, rules: [{record: "a:b", expr: vector(1)}]}\n`,
    )
    writeFileSync(join(folder, 'fake', '.hidden.yaml'), 'nonsense')
    server = await startTestServer(
      `auth_enabled: false\nruler: {poll_interval: 50ms, storage: {type: local, local: {directory: ${folder}}}}`,
    )
  })
  afterAll(() => server.close())
  const call = caller(() => server.url)
  const groupNames = async (query = ''): Promise<string[]> => {
    const { text } = await call('GET', `/prometheus/api/v1/rules${query}`)
    return JSON.parse(text).data.groups.map(
      ({ file, name }: { file: string; name: string }) => `${file}/${name}`,
    )
  }

  test('are listed and cannot be changed', async () => {
    expect((await call('GET', '/loki/api/v1/rules')).text).toBe(
      'web.yaml:\n    - name: b\n      rules:\n        - record: a:b\n          expr: vector(1)\n',
    )
    expect(await call('GET', '/loki/api/v1/rules/test/test')).toMatchObject({
      status: 400,
      text: 'GetRuleGroup unsupported in rule local store\n',
    })
    expect(await call('POST', '/loki/api/v1/rules/ns', GROUP)).toMatchObject({
      status: 500,
      text: '{"status":"error","data":null,"errorType":"server_error","error":"SetRuleGroup unsupported in rule local store"}',
    })
    expect((await call('DELETE', '/loki/api/v1/rules/ns')).status).toBe(500)
  })

  test('are read again as they change, and a broken file changes nothing', async () => {
    expect(await groupNames()).toEqual(['web.yaml/b'])
    writeFileSync(join(folder, 'fake', 'web.yaml'), 'groups: [{name: b, rules: []}, {name: a, rules: []}]')
    await vi.waitFor(async () => expect(await groupNames()).toEqual(['web.yaml/a', 'web.yaml/b']))
    expect(await groupNames('?rule_group=a')).toEqual(['web.yaml/a'])
    expect(await groupNames('?file=x')).toEqual([])
    writeFileSync(join(folder, 'fake', 'other.yml'), 'groups: [{name: c, rulez: []}]')
    const metrics = async (): Promise<string> => (await call('GET', '/metrics')).text
    await vi.waitFor(async () =>
      expect(await metrics()).toContain('loki_ruler_config_last_reload_successful{user="fake"} 0'),
    )
    expect(await groupNames()).toEqual(['web.yaml/a', 'web.yaml/b'])
    expect((await call('GET', '/loki/api/v1/rules')).text).toBe(
      `error loading rules from ${folder}/fake/other.yml: yaml: unmarshal errors:\n  line 1: field rulez not found in type rulefmt.RuleGroup\n`,
    )
    rmSync(join(folder, 'fake'), { recursive: true })
    await vi.waitFor(async () => expect(await groupNames()).toEqual([]))
    expect(await call('GET', '/loki/api/v1/rules')).toMatchObject({
      status: 400,
      text: `unable to read rule dir ${folder}/fake: open ${folder}/fake: no such file or directory\n`,
    })
  })
})

test('without a folder of rules there are no routes', async () => {
  const server = await startTestServer()
  const call = caller(() => server.url)
  expect(await call('GET', '/loki/api/v1/rules')).toMatchObject({ status: 404, text: '404 page not found\n' })
  expect((await call('PUT', '/loki/api/v1/rules')).status).toBe(404)
  expect((await call('GET', '/prometheus/api/v1/rules')).status).toBe(404)
  await server.close()
})
