import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '#server/testing.ts'

// What Loki's API answers to what is asked wrongly, or of a server that has nothing yet: status and text.

const rules = mkdtempSync(join(tmpdir(), 'logboom-api-'))
let server: TestServer
beforeAll(async () => {
  server = await startTestServer(`auth_enabled: true
compactor: {retention_enabled: true, delete_request_store: filesystem}
ruler_storage: {backend: filesystem, filesystem: {dir: ${rules}}}`)
})
afterAll(async () => {
  await server.close()
  rmSync(rules, { recursive: true, force: true })
})

const API = '/loki/api/v1'
const NOW_S = Math.floor(Date.now() / 1000)

function path(base: string, params: Record<string, string | number>): string {
  const all = Object.entries(params).map(([name, value]) => [name, String(value)])
  return `${base}?${new URLSearchParams(all)}`
}

/** A path of the delete API, of lines of the last 100 seconds. */
function deletion(params: Record<string, string | number> = {}): string {
  return path(`${API}/delete`, { query: '{a="b"}', start: NOW_S - 100, ...params })
}

function ranged(params: Record<string, string | number>): string {
  return path(`${API}/query_range`, { query: '{a="b"}', ...params })
}

const FILTERED = { query: '{a="b"} |= "x"', end: NOW_S - 50 }
const NO_PAGE = '404 page not found\n'

test.each<[request: string, status: number, text: string | RegExp]>([
  [`POST ${API}/delete`, 400, 'query not set\n'],
  [`POST ${path(`${API}/delete`, { query: '{a="b"}' })}`, 400, 'start time not set\n'],
  [`POST ${deletion({ query: 'x' })}`, 400, 'invalid query expression\n'],
  [`POST ${deletion({ start: 123 })}`, 400, /^invalid start time: require unix seconds or RFC3339 format\n$/],
  [`POST ${deletion({ end: NOW_S + 5000 })}`, 400, 'deletes in the future are not allowed\n'],
  [`POST ${deletion({ end: NOW_S - 200 })}`, 400, "start time can't be greater than or equal to end time\n"],
  [
    `POST ${deletion({ ...FILTERED, max_interval: '30h' })}`,
    400,
    "max_interval can't be greater than 24h0m0s\n",
  ],
  [
    `POST ${deletion({ ...FILTERED, max_interval: 'x' })}`,
    400,
    /^invalid max_interval: valid time units are/,
  ],
  [
    `POST ${deletion({ ...FILTERED, max_interval: '1h' })}`,
    400,
    /than the interval to be deleted \(50s\)\n$/,
  ],
  [`PUT ${deletion()}`, 204, ''],
  [`GET ${API}/delete`, 200, /^\[\{"request_id":"[0-9a-f]{8}","start_time":\d+,.*"status":"received"/],
  [`DELETE ${API}/delete?request_id=zz`, 404, 'could not find delete request with given id\n'],
  [`DELETE ${API}/delete`, 400, /request_id/],
  [`GET ${API}/cache/generation_numbers`, 200, '""'],
  [`GET ${API}/rules`, 404, 'no rule groups found\n'],
  [`GET ${API}/rules/test/test`, 404, 'group does not exist\n'],
  [`DELETE ${API}/rules/none`, 404, 'group namespace does not exist\n'],
  [`DELETE ${API}/rules/none/x`, 202, /"success"/],
  [`GET ${API}/alerts`, 404, NO_PAGE],
  ['GET /prometheus/api/v1/alerts', 200, /"alerts":\[\]/],
  ['GET /analytics', 404, NO_PAGE],
  ['GET /runtime_config', 404, NO_PAGE],
  ['GET /services', 200, / => Running/],
  ['GET /memberlist', 200, "This instance doesn't use memberlist."],
  ['POST /flush/tenant', 204, ''],
  ['POST /flush', 204, ''],
  ['GET /flush', 204, ''],
  ['GET /log_level', 200, /"Current log level is /],
  [
    'POST /log_level?log_level=foo',
    400,
    /^\{"status":"failed","message":"unrecognized log level \\"foo\\""\}$/,
  ],
  [`GET ${API}/status/buildinfo`, 200, /^\{"version":"3\.\d+\.\d+","revision":/],
  [`GET ${path(`${API}/format_query`, { query: '{' })}`, 400, /"status":"invalid-query"/],
  [`GET ${API}/query`, 400, /parse error/],
  [`GET ${path(`${API}/query`, { query: '{a="b"}' })}`, 400, /^log queries are not supported as an instant/],
  [`GET ${ranged({ start: 2, end: 1 })}`, 400, 'end timestamp must not be before or equal to start time'],
  [`GET ${ranged({ limit: 6000 })}`, 400, /^max entries limit per query exceeded, .* \(6000 > 5000\)$/],
  [`GET ${ranged({ limit: -1 })}`, 400, 'limit must be a positive value'],
  [`GET ${ranged({ direction: 'up' })}`, 400, /invalid direction/],
  [`GET ${ranged({ step: -1 })}`, 400, /^zero or negative query resolution step widths are not accepted/],
  [
    `GET ${ranged({ start: NOW_S - 1e6, end: NOW_S, step: 1 })}`,
    400,
    /^exceeded maximum resolution of 11,000/,
  ],
  [`GET ${ranged({ query: '{}' })}`, 400, /queries require at least one/],
  [`GET ${ranged({ query: '{a=~".*"}' })}`, 400, /queries require at least one regexp or equality matcher/],
  [`GET ${API}/labels?start=x`, 400, /parse/],
  [`GET ${API}/series`, 200, /"data":\[\]/],
  [`GET ${path(`${API}/index/stats`, { query: '{a="b"}' })}`, 200, /^\{"streams":0,"chunks":0,"bytes":0/],
  [
    `GET ${path(`${API}/index/volume`, { query: '{a="b"}', aggregateBy: 'x' })}`,
    400,
    'invalid aggregation option',
  ],
  [`GET ${path(`${API}/patterns`, { query: '{a="b"}' })}`, 404, ''],
  [`GET ${API}/push`, 405, ''],
  [`PUT ${API}/query`, 405, ''],
  [`GET /${API}/labels`, 301, ''],
])('%s', async (request, status, text) => {
  const [method, url] = request.split(' ', 2)
  const headers = { 'x-scope-orgid': 't' }
  const response = await fetch(server.url + url, { method, headers, redirect: 'manual' })
  const said = await response.text()
  expect(response.status).toBe(status)
  if (typeof text === 'string') expect(said).toBe(text)
  else expect(said).toMatch(text)
})

test.each<[tenant: string | undefined, status: number, text: string | RegExp]>([
  [undefined, 401, 'no org id\n'],
  ['..', 400, /./],
  ['a|b', 400, 'multiple org IDs present'],
])('tenant %s', async (tenant, status, text) => {
  const headers: Record<string, string> = tenant === undefined ? {} : { 'x-scope-orgid': tenant }
  const response = await fetch(`${server.url}${API}/labels`, { headers })
  expect([response.status, await response.text()]).toEqual([
    status,
    typeof text === 'string' ? text : expect.stringMatching(text),
  ])
})
