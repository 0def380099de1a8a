import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '#server/testing.ts'

/**
 * The requests that Grafana's Loki data source and Logs Drilldown send, in the form they send them: times in
 * nanoseconds or RFC 3339, steps in milliseconds, the encoding flag and the tags of their origin.
 */

let server: TestServer
const endMs = Date.now()
const startMs = endMs - 3_600_000
const EXPLORE = {
  'x-loki-response-encoding-flags': 'categorize-labels',
  'x-query-tags': 'Source=grafana',
}
const DRILLDOWN = { 'x-query-tags': 'Source=grafana-lokiexplore-app' }

interface Answer {
  readonly status: number
  readonly body: unknown
}

async function get(
  path: string,
  params: Record<string, string | number> = {},
  headers: Record<string, string> = {},
): Promise<Answer> {
  const query = new URLSearchParams(Object.entries(params).map(([name, value]) => [name, String(value)]))
  const response = await fetch(`${server.url}/loki/api/v1/${path}?${query}`, { headers })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  return { status: response.status, body: isJson ? JSON.parse(text) : text }
}

/** Every answer of these clients' requests is 200; anything else shows up as its text. */
async function ok(...request: Parameters<typeof get>): Promise<unknown> {
  const { status, body } = await get(...request)
  expect([status, status === 200 ? '' : body]).toEqual([200, ''])
  return body
}

const window = { start: `${startMs}000000`, end: `${endMs}000000` }
const isoWindow = { start: new Date(startMs).toISOString(), end: new Date(endMs).toISOString() }

/** Ten lines of two services, one every six minutes, the last a minute old. */
async function fill(): Promise<void> {
  const entry = (i: number, service: string): [string, string, Record<string, string>] => {
    const level = i % 5 === 4 ? 'error' : 'info'
    const line = JSON.stringify({ level, msg: `order ${i}`, duration: `${i}ms`, service, size: `${i}KB` })
    return [`${endMs - 60_000 - (9 - i) * 360_000}00000${i}`, line, { request_id: `r-${i}` }]
  }
  const streams = ['order-api', 'web-gateway'].map((service) => ({
    stream: { service, env: 'lab' },
    values: Array.from({ length: 10 }, (_, i) => entry(i, service)),
  }))
  const response = await fetch(`${server.url}/loki/api/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ streams }),
  })
  expect(response.status).toBe(204)
}

interface Streams {
  readonly data: {
    readonly result: readonly { stream: Record<string, string>; values: readonly (readonly unknown[])[] }[]
  }
}

beforeAll(async () => {
  server = await startTestServer(
    'auth_enabled: false\nlimits_config: {max_query_lookback: 72h, retention_period: 72h}\n' +
      'pattern_ingester: {enabled: true}',
  )
  await fill()
})

afterAll(async () => {
  await server.close()
})

describe('the data source', () => {
  test('is healthy: a constant, at a time far off, whatever the lookback', async () => {
    const params = { query: 'vector(1)+vector(1)', time: 4_000_000_000, direction: 'backward' }
    const body = await ok('query', params, { 'x-query-tags': 'Source=datasource' })
    expect(body).toMatchObject({
      status: 'success',
      data: { resultType: 'vector', result: [{ metric: {}, value: [4_000_000_000, '2'] }] },
    })
  })

  test.each(['backward', 'forward'])('shows log lines, %s', async (direction) => {
    const params = { query: '{service="order-api"} | json', ...window, step: '2000ms', limit: 4, direction }
    const body = (await ok('query_range', params, EXPLORE)) as Streams
    expect(body).toMatchObject({ data: { resultType: 'streams', encodingFlags: ['categorize-labels'] } })
    const [{ stream, values }] = body.data.result
    expect(body.data.result).toHaveLength(1)
    expect(stream).toEqual({ env: 'lab', service: 'order-api', service_name: 'order-api' })
    const messages = values.map(([, , extra]) => (extra as { parsed: { msg: string } }).parsed.msg)
    const wanted = direction === 'backward' ? [9, 8, 7, 6] : [0, 1, 2, 3]
    expect(messages).toEqual(wanted.map((i) => `order ${i}`))
    const metadata = { detected_level: wanted[0] === 9 ? 'error' : 'info', request_id: `r-${wanted[0]}` }
    expect(values[0][2]).toMatchObject({ structuredMetadata: metadata })
  })

  test('draws the volume histogram by level', async () => {
    const query = 'sum by (level, detected_level) (count_over_time({service="order-api"}[10m]))'
    const headers = { ...EXPLORE, 'x-query-tags': 'Source=logvolhist' }
    const body = (await ok('query_range', { query, ...window, step: '600000ms' }, headers)) as {
      data: { resultType: string; result: { metric: Record<string, string>; values: [number, string][] }[] }
    }
    expect(body.data.resultType).toBe('matrix')
    const totals = body.data.result.map(({ metric, values }) => [
      metric,
      values.reduce((sum, [, value]) => sum + Number(value), 0),
    ])
    expect(totals).toEqual([
      [{ detected_level: 'error' }, 2],
      [{ detected_level: 'info' }, 8],
    ])
  })

  test('shows the context of a line: what is before, and what is after', async () => {
    const around = `${endMs - 60_000 - 5 * 360_000}000004`
    const selector = { query: '{env="lab", service="order-api"}', limit: 2 }
    const before = { ...selector, start: `${startMs}000000`, end: around, direction: 'backward' }
    const after = { ...selector, start: around, end: `${endMs}000000`, direction: 'forward' }
    const messages = async (params: Record<string, string | number>): Promise<string[]> => {
      const { data } = (await ok('query_range', params, EXPLORE)) as Streams
      return data.result.flatMap(({ values }) =>
        values.map(([, line]) => (JSON.parse(String(line)) as { msg: string }).msg),
      )
    }
    expect(await messages(before)).toEqual(['order 3', 'order 2'])
    expect(await messages(after)).toEqual(['order 4', 'order 5'])
  })

  test('offers labels and values, for the browser and while one types', async () => {
    expect(await ok('labels', window)).toEqual({
      status: 'success',
      data: ['env', 'service', 'service_name'],
    })
    const values = { status: 'success', data: ['order-api', 'web-gateway'] }
    expect(await ok('label/service/values', window)).toEqual(values)
    expect(await ok('label/service/values', { ...window, query: '{env="lab"}' })).toEqual(values)
    expect(await ok('label/service/values', { ...window, query: '{env="none"}' })).toEqual({
      status: 'success',
    })
    const series = (await ok('series', { ...window, 'match[]': '{service=~"order.*"}' })) as { data: unknown }
    expect(series.data).toEqual([{ env: 'lab', service: 'order-api', service_name: 'order-api' }])
  })

  test('filters by hand: on labels, metadata and parsed fields', async () => {
    const filters = '{env="lab"} | service=`order-api` | request_id=`r-3` | json | duration>`2ms`'
    const query = filters.replace('`2ms`', '2ms')
    const { data } = (await ok('query_range', { query, ...window, limit: 100 }, EXPLORE)) as Streams
    expect(data.result.map(({ values }) => values.length)).toEqual([1])
    const excluded = '{env="lab"} | json | msg!=`order 3` != "web-gateway"'
    const rest = (await ok('query_range', { query: excluded, ...window }, EXPLORE)) as Streams
    expect(rest.data.result.flatMap(({ values }) => values)).toHaveLength(9)
  })

  test('estimates what a query reads, and formats queries', async () => {
    expect(await ok('index/stats', { query: '{env="lab"}', ...window })).toMatchObject({
      streams: 2,
      entries: 20,
    })
    expect(await ok('format_query', { query: '{a="b"}|json|c>5' })).toMatchObject({ status: 'success' })
  })

  test('shows the text of an error as it is', async () => {
    const { status, body } = await get('query_range', { query: '{env="lab"', ...window }, EXPLORE)
    expect([status, body]).toEqual([
      400,
      'parse error at line 1, col 11: syntax error: unexpected $end, expecting } or ,',
    ])
  })

  test('follows a query live', async () => {
    const query = encodeURIComponent('{service="order-api"}')
    const socket = new WebSocket(
      `${server.url.replace('http', 'ws')}/loki/api/v1/tail?query=${query}&limit=1`,
    )
    const frames: { streams: { values: [string, string][] }[] }[] = []
    socket.addEventListener('message', ({ data }) => frames.push(JSON.parse(String(data))))
    const lines = (): string[] =>
      frames.flatMap(({ streams }) => streams.flatMap(({ values }) => values.map(([, line]) => line)))
    await expect.poll(lines).toHaveLength(1)
    await server.push({ service: 'order-api', env: 'live' }, ['a new line'])
    await expect.poll(lines).toContain('a new line')
    socket.close()
  })
})

describe('Logs Drilldown', () => {
  test('asks for limits and version first', async () => {
    expect(await ok('drilldown-limits', {}, DRILLDOWN)).toMatchObject({
      limits: { volume_enabled: true, max_query_lookback: '3d', retention_period: '3d' },
      pattern_ingester_enabled: true,
    })
    expect(await ok('status/buildinfo')).toMatchObject({ version: '3.8.0' })
  })

  test('lists services by volume', async () => {
    const params = { query: '{service_name=~`.+`}', ...isoWindow, limit: 5000 }
    const body = (await ok('index/volume', params, DRILLDOWN)) as {
      data: { resultType: string; result: { metric: Record<string, string> }[] }
    }
    expect(body.data.resultType).toBe('vector')
    expect(body.data.result.map(({ metric }) => metric.service_name).sort()).toEqual([
      'order-api',
      'web-gateway',
    ])
  })

  test('finds labels, fields and their values', async () => {
    const labels = (await ok('detected_labels', { query: '', ...isoWindow }, DRILLDOWN)) as {
      detectedLabels: { label: string; cardinality: number }[]
    }
    expect(labels.detectedLabels).toContainEqual({ label: 'service', cardinality: 2 })
    const query = '{service_name=`order-api`} | json'
    const fields = (await ok('detected_fields', { query, ...isoWindow, limit: 1000 }, DRILLDOWN)) as {
      fields: { label: string; type: string; cardinality: number; parsers: string[] | null }[]
    }
    const byLabel = Object.fromEntries(fields.fields.map((field) => [field.label, field]))
    expect(byLabel.duration).toMatchObject({ type: 'duration', cardinality: 10, parsers: ['json'] })
    expect(byLabel.size).toMatchObject({ type: 'bytes' })
    expect(byLabel.request_id).toMatchObject({ type: 'string', cardinality: 10, parsers: null })
    const values = (await ok('detected_field/level/values', { query, ...isoWindow }, DRILLDOWN)) as {
      values: string[]
    }
    expect(values.values.sort()).toEqual(['error', 'info'])
  })

  test('counts levels and asks for patterns', async () => {
    const query =
      'sum(count_over_time({service_name=`order-api`} | detected_level != "" [1m])) by (detected_level)'
    const params = { query, ...window, step: '60000ms' }
    expect(await ok('query_range', params, DRILLDOWN)).toMatchObject({ data: { resultType: 'matrix' } })
    const patterns = { query: '{service_name=`order-api`}', ...isoWindow, step: '30s' }
    expect(await ok('patterns', patterns, DRILLDOWN)).toMatchObject({ status: 'success' })
  })
})
