import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../testing.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

interface Answer {
  readonly data: { readonly resultType: string; readonly result: unknown }
}

async function ask(path: string, params: Record<string, string>, fresh: boolean): Promise<unknown> {
  const headers: Record<string, string> = fresh ? { 'cache-control': 'no-cache' } : {}
  const response = await fetch(`${server.url}${path}?${new URLSearchParams(params)}`, { headers })
  const text = await response.text()
  return response.ok ? (JSON.parse(text) as Answer).data.result : [response.status, text]
}

async function push(tsMs: number, app: string, line: string): Promise<void> {
  const response = await fetch(`${server.url}/loki/api/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ streams: [{ stream: { app }, values: [[`${tsMs}000000`, line]] }] }),
  })
  expect([204, 400]).toContain(response.status)
}

const QUERIES = [
  'sum by (app) (count_over_time({app=~".+"}[1m]))',
  'sum(rate({app=~".+"} |= "err" [2m]))',
  'count_over_time({app="a"} | json | level="warn" [30s] offset 1m)',
  'sum by (level) (bytes_rate({app=~"a|b"} | logfmt [1m])) * 60',
  'sum(count_over_time({app="a"}[1m])) / sum(count_over_time({app=~".+"}[1m]))',
  'topk(2, sum by (app) (rate({app=~".+"}[1m])))',
  'sum_over_time({app=~".+"} | json | unwrap ms [1m])',
  'absent_over_time({app="c"}[1m])',
  'bottomk(1, count_over_time({app=~".+"}[1m])) by (level)',
  'quantile_over_time(0.7, {app=~".+"} | json | __error__="" | unwrap ms [1m]) by (app)',
  'max_over_time({app=~"a|b"} | json | __error__="" | unwrap ms [1m])',
  'last_over_time({app=~".+"} | json | __error__="" | unwrap ms [1m]) by (level)',
]
const INSTANTS = [
  'sum(count_over_time({app=~".+"} |= "err" [5m]))',
  'sum by (app) (rate({app=~".+"} |= "e" [4m])) * 100',
  'count_over_time({app="a"} | json | level="warn" [3m])',
  'topk(1, sum by (app, level) (bytes_over_time({app=~"a|b"} | logfmt [5m])))',
  'sum(rate({app="a"} |= "l" [3m])) / sum(count_over_time({app=~".+"}[5m]))',
  'label_replace(sum by (app) (bytes_rate({app=~".+"} != "x" [150s])), "b", "$1", "app", "(.*)")',
  'count(count_over_time({app=~".+"} | json [3m]))',
]
const LOGS = ['{app=~".+"} |= "e"', '{app="a"}', '{app=~"a|b"} | json | level="warn"']
const LINES = ['{"level":"warn","ms":0.1}', '{"level":"info","ms":7.3}', 'err level=error', 'plain']

const action = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      push: fc.oneof(fc.nat(600_000), fc.nat(20_000)),
      app: fc.constantFrom('a', 'b', 'c'),
      line: fc.nat(3),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      query: fc.nat(QUERIES.length - 1),
      back: fc.nat(60_000),
      step: fc.constantFrom(5, 15, 25),
    }),
  },
)

const log = fc.record({
  log: fc.nat(LOGS.length - 1),
  limit: fc.constantFrom(1, 4, 100),
  start: fc.constantFrom(120_000, 700_000),
  back: fc.nat(60_000),
})

const instant = fc.record({
  instant: fc.nat(INSTANTS.length - 1),
  back: fc.nat(60_000),
})

test('a dashboard is told the same whether anything is used again or not', async () => {
  const base = Math.floor(Date.now() / 60_000) * 60_000
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 3, arbitrary: action }, instant, log), { minLength: 30, maxLength: 40 }),
      async (actions) => {
        for (const one of actions) {
          if ('push' in one) {
            await push(base - one.push, one.app, LINES[one.line])
            continue
          }
          const endMs = base - one.back
          if ('log' in one) {
            const range = { start: `${endMs - one.start}000000`, end: `${endMs}000000` }
            const params = { query: LOGS[one.log], limit: String(one.limit), ...range }
            const path = '/loki/api/v1/query_range'
            expect(await ask(path, params, false)).toEqual(await ask(path, params, true))
            continue
          }
          if ('instant' in one) {
            const params = { query: INSTANTS[one.instant], time: `${endMs}000000` }
            const path = '/loki/api/v1/query'
            expect(await ask(path, params, false)).toEqual(await ask(path, params, true))
            continue
          }
          const range = { start: `${endMs - 300_000}000000`, end: `${endMs}000000`, step: String(one.step) }
          const params = { query: QUERIES[one.query], ...range }
          const path = '/loki/api/v1/query_range'
          expect(await ask(path, params, false)).toEqual(await ask(path, params, true))
        }
      },
    ),
    { numRuns: 6, endOnFailure: true },
  )
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  expect(Number(/^logboom_query_points_reused_total (\d+)/m.exec(metrics)?.[1])).toBeGreaterThan(20)
}, 60_000)

test('an acknowledged line is in the next answer, whatever is known', async () => {
  const query = 'sum(count_over_time({app="seen"}[1m]))'
  const nowMs = Math.floor(Date.now() / 10_000) * 10_000
  const params = { query, start: `${nowMs - 120_000}000000`, end: `${nowMs}000000`, step: '10' }
  for (let i = 1; i <= 20; i++) {
    await push(nowMs - 500 * i, 'seen', `line ${i}`)
    const [series] = (await ask('/loki/api/v1/query_range', params, false)) as {
      values: [number, string][]
    }[]
    expect(series.values.at(-1)?.[1]).toBe(String(i))
  }
})
