import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from './testing.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer('auth_enabled: false\nlimits_config: {max_line_size: 100}')
  await server.push({ app: 'a' }, ['one', 'two'])
  await server.push({ app: 'a' }, ['x'.repeat(200)])
  await fetch(`${server.url}/loki/api/v1/query_range?query={app="a"}`)
  await fetch(`${server.url}/loki/api/v1/query_range?query=sum(rate({app="a"}[1m]))`)
})
afterAll(() => server.close())

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Prometheus' text format, version 0.0.4, with what a scrape would refuse as an error: `Nan` is a number. */
function parseText(text: string): { types: Map<string, string>; samples: Sample[] } {
  const types = new Map<string, string>()
  const samples: Sample[] = []
  const seen = new Set<string>()
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line)
    if (type !== null) {
      if (types.has(type[1])) throw new Error(`${type[1]} has two types`)
      types.set(type[1], type[2])
      continue
    }
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (NaN|Nan|[+-]Inf|[-+.\deE]+)( \d+)?$/.exec(line)
    if (match === null) throw new Error(`not a sample: ${line}`)
    const labels: Record<string, string> = {}
    const rest = (match[2] ?? '').replace(/([a-zA-Z_]\w*)="((?:[^"\\]|\\["\\n])*)",?/g, (_, name, value) => {
      labels[name] = value
      return ''
    })
    if (rest !== '') throw new Error(`not labels: ${line}`)
    const family = match[1].replace(/_(?:bucket|sum|count)$/, '')
    if (!types.has(match[1]) && !types.has(family)) throw new Error(`${match[1]} has no type`)
    const id = `${match[1]} ${JSON.stringify(Object.entries(labels).sort())}`
    if (seen.has(id)) throw new Error(`twice: ${line}`)
    seen.add(id)
    const value = match[3].endsWith('Inf') ? Number(`${match[3]}inity`) : Number(match[3])
    samples.push({ name: match[1], labels, value })
  }
  return { types, samples }
}

test('a scrape takes /metrics, and finds what dashboards of Loki ask for', async () => {
  const response = await fetch(`${server.url}/metrics`)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const { types, samples } = parseText(await response.text())
  const find = (name: string, labels: Record<string, string> = {}): number[] =>
    samples
      .filter(
        (one) =>
          one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value),
      )
      .map(({ value }) => value)
  expect(find('loki_build_info', { version: '3.8.0' })).toEqual([1])
  const push = { tenant: 'fake', is_internal_stream: 'false', policy: '', format: 'loki' }
  expect(find('loki_distributor_lines_received_total', push)).toEqual([2])
  expect(find('loki_distributor_bytes_received_total', { ...push, retention_hours: '' })).toHaveLength(1)
  const discarded = {
    reason: 'line_too_long',
    tenant: 'fake',
    retention_hours: '',
    policy: '',
    format: 'loki',
  }
  expect(find('loki_discarded_samples_total', discarded)).toEqual([1])
  expect(find('loki_discarded_bytes_total', discarded)).toEqual([200])
  expect(find('loki_ingester_memory_streams')).toEqual([1])
  expect(find('loki_runtime_config_last_reload_successful')).toEqual([1])
  const served = { method: 'POST', route: 'loki_api_v1_push', ws: 'false' }
  expect(find('loki_request_duration_seconds_count', { ...served, status_code: '204' })).toEqual([1])
  expect(find('loki_request_duration_seconds_count', { ...served, status_code: '400' })).toEqual([1])
  expect(types.get('loki_request_duration_seconds')).toBe('histogram')
  expect(find('process_cpu_seconds_total')).toHaveLength(1)
  expect(find('loki_query_scheduler_queue_length')).toEqual([0])
})

test('the buckets of a histogram add up', async () => {
  const { samples } = parseText(await (await fetch(`${server.url}/metrics`)).text())
  const of = (suffix: string): Sample[] =>
    samples.filter(
      ({ name, labels }) =>
        name === `loki_request_duration_seconds_${suffix}` && labels.route === 'loki_api_v1_query_range',
    )
  const buckets = of('bucket').map(({ value }) => value)
  expect(buckets).toEqual([...buckets].sort((a, b) => a - b))
  expect(of('bucket').at(-1)?.labels.le).toBe('+Inf')
  expect(buckets.at(-1)).toBe(of('count')[0].value)
})
