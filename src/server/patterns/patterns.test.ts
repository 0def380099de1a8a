import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../testing.ts'

const MINUTE_MS = 60_000
const LINES = 4000

interface Answer {
  readonly pattern: string
  readonly level: string
  readonly samples: readonly (readonly [number, number])[]
}

let server: TestServer
/** Hours before now, on a whole minute. */
const beginMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 30 * MINUTE_MS

beforeAll(async () => {
  server = await startTestServer('auth_enabled: false\npattern_ingester: {enabled: true}')
  const kinds: Record<string, (i: number) => string> = {
    json: (i) =>
      JSON.stringify(
        i % 4 === 0
          ? { level: 'error', time: i, msg: `payment of order ${i} declined` }
          : { level: 'info', time: i, msg: 'request completed', status: 200 },
      ),
    quoted: (i) => JSON.stringify({ level: 'info', msg: `user "u${i}" logged in`, n: i }),
    bare: (i) => JSON.stringify({ level: 'info', id: i, path: `/x/${i}` }),
    logfmt: (i) => `ts=${i} level=info msg="took ${i}ms" caller=a.go:${i}`,
    nginx: (i) => `10.0.0.${i % 256} - - [01/Jan/2026] "GET /api/${i} HTTP/1.1" 200 ${i}`,
    text: (i) => `worker ${i % 7} picked job ${i} for ${['alice', 'bob', 'carol', 'dave'][i % 4]}`,
    rare: (i) => (i < 29 ? `only ${i} of these` : `many ${i} of those`),
  }
  for (const [app, line] of Object.entries(kinds)) {
    const values = Array.from({ length: LINES }, (_, i) => {
      return [`${beginMs + i * 300}000000`, line(i)]
    })
    const response = await fetch(`${server.url}/loki/api/v1/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ streams: [{ stream: { app }, values }] }),
    })
    expect(response.status).toBe(204)
  }
})

afterAll(async () => await server.close())

async function ask(path: string, params: Record<string, string>): Promise<Response> {
  const range = { start: String(beginMs / 1000), end: String(beginMs / 1000 + 3600) }
  return await fetch(`${server.url}/loki/api/v1/${path}?${new URLSearchParams({ ...range, ...params })}`)
}

async function patterns(app: string, step = '30s'): Promise<Answer[]> {
  const response = await ask('patterns', { query: `{app="${app}"}`, step })
  expect(response.status).toBe(200)
  return ((await response.json()) as { data: Answer[] }).data
}

const totalOf = ({ samples }: Answer): number => samples.reduce((sum, [, count]) => sum + count, 0)
const shown = (all: readonly Answer[]): string[] =>
  all.map((one) => `${totalOf(one)} ${one.level} ${one.pattern}`)

const EXPECTED: Record<string, readonly string[]> = {
  json: ['3000 info <_>request completed<_>', '1000 error <_>payment of order <_> declined<_>'],
  quoted: ['4000 info <_>user \\"<_>\\" logged in<_>'],
  bare: ['4000 info {"level":"<_>","id":<_>,"path":"<_>"}'],
  logfmt: ['4000 info ts=<_> level=<_> msg="took <_>" caller=<_>'],
  nginx: ['4000 unknown <_> - - [<_>] "<_>" <_> <_>'],
  text: ['4000 unknown worker <_> picked job <_> for <_>'],
  rare: ['3971 unknown many <_> of those'],
}

for (const where of ['memory', 'columns'] as const) {
  describe(`patterns of lines in ${where}`, () => {
    beforeAll(async () => {
      if (where === 'columns') await fetch(`${server.url}/flush`, { method: 'POST' })
    })

    test.each(Object.entries(EXPECTED))('of %s', async (app, expected) => {
      expect(shown(await patterns(app))).toEqual(expected)
    })

    test('find their own lines with |>', async () => {
      for (const app of Object.keys(EXPECTED)) {
        for (const one of await patterns(app)) {
          const query = `sum(count_over_time({app="${app}"} |> ${JSON.stringify(one.pattern)} [2h]))`
          const found = await ask('query', { query, time: String(beginMs / 1000 + 3600) })
          const { data } = (await found.json()) as { data: { result: { value: [number, string] }[] } }
          expect([app, Number(data.result[0]?.value[1])]).toEqual([app, totalOf(one)])
        }
      }
    })

    test('are counted by steps', async () => {
      const [{ samples }] = await patterns('text', '5m')
      expect(samples.length).toBeGreaterThanOrEqual(4)
      expect(samples.length).toBeLessThanOrEqual(5)
      for (const [at] of samples) expect(at % 300).toBe(0)
      expect(samples.map(([at]) => at)).toEqual(samples.map(([at]) => at).sort())
    })
  })
}

test('refuses what Loki refuses', async () => {
  const piped = await ask('patterns', { query: '{app="json"} |= "x"' })
  expect([piped.status, await piped.text()]).toEqual([400, 'only label matchers are supported'])
  expect((await ask('patterns', { query: '' })).status).toBe(400)
  const nothing = await ask('patterns', { query: '{app="nobody"}' })
  expect(await nothing.text()).toBe('{"status":"success","data":[]}\n')
  const wire = await (await ask('patterns', { query: '{app="text"}' })).text()
  expect(wire).toContain('\\u003c_\\u003e')
})

test('is not there unless it is switched on', async () => {
  const other = await startTestServer()
  const response = await fetch(`${other.url}/loki/api/v1/patterns?query=%7Ba%3D%22b%22%7D`)
  expect([response.status, await response.text()]).toEqual([404, ''])
  await other.close()
})
