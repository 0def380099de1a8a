import { afterEach, describe, expect, test } from 'vitest'
import { makeLabels } from '#base/labels.ts'
import { silentLogger } from '#base/logger.ts'
import { lokiProcess } from '../components/loki_process.ts'
import { type LogsReceiver, makeDelivery } from '../pipeline.ts'
import { type Collector, startCollector } from './collector.ts'
import type { ComponentDefinition } from './component.ts'
import { type CollectorHttp, startCollectorHttp } from './http.ts'

let send: (line: string) => Promise<void>
let received: string[]

const source = {
  name: 'test.source',
  stability: 'generally-available',
  role: 'source',
  schema: { attributes: { forward_to: { type: { list: { capsule: 'LogsReceiver' } }, required: true } } },
  build(_: unknown, args: { forward_to: readonly LogsReceiver[] }) {
    send = (line) =>
      args.forward_to[0].push({
        labels: makeLabels({ app: 'x' }),
        entries: [{ line, tsMs: 1, tsNs: 5, metadata: makeLabels({ trace: 't' }) }],
        delivery: makeDelivery(() => undefined),
      })
    return {
      run: (signal: AbortSignal) =>
        new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
      update: () => undefined,
    }
  },
}

const sink: ComponentDefinition = {
  name: 'test.sink',
  stability: 'generally-available',
  role: 'sink',
  schema: { attributes: {} },
  build(context) {
    received = []
    const receiver: LogsReceiver = {
      push: async ({ entries, delivery }) => {
        for (const { line } of entries) received.push(String(line))
        delivery.done()
      },
    }
    context.setExports({ receiver })
    return {
      run: (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
      update: () => undefined,
    }
  },
}

const registry = new Map(
  [source, lokiProcess, sink].map((item) => [item.name, item as unknown as ComponentDefinition]),
)
const config = (enabled: boolean): string => `
livedebugging { enabled = ${enabled} }
test.source "s" { forward_to = [loki.process.p.receiver] }
loki.process "p" {
	forward_to = [test.sink.k.receiver]
	stage.replace {
		expression = "(b)"
		replace    = "B"
	}
}
test.sink "k" { }
`

let collector: Collector
let http: CollectorHttp
afterEach(async () => {
  await http.close()
  await collector.stop(1000)
})

async function start(enabled: boolean): Promise<void> {
  const options = { storagePath: '/nonexistent', logger: silentLogger, registry }
  collector = await startCollector({ config: { files: [{ name: 'c', text: config(enabled) }] }, ...options })
  http = await startCollectorHttp(collector, { listenAddress: '127.0.0.1:0' })
}

/** Reads a stream until `count` chunks have come. */
async function chunks(path: string, count: number, act: () => Promise<void>): Promise<string[]> {
  const leaving = new AbortController()
  const response = await fetch(`${http.url}/api/v0/web/${path}`, { signal: leaving.signal })
  expect(response.status).toBe(200)
  await act()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString()
    if (text.split('|;|').length > count) break
  }
  leaving.abort()
  return text.split('|;|').slice(0, count)
}

describe('what flows', () => {
  test('is shown as it goes into and out of a component', async () => {
    await start(true)
    const labels = 'labels: {app="x"}, structured_metadata: {trace="t"}'
    expect(await chunks('debug/loki.process.p', 2, () => send('abc'))).toEqual([
      `[IN]: timestamp: 1970-01-01T00:00:00.001000005Z, entry: abc, ${labels}`,
      `[OUT]: timestamp: 1970-01-01T00:00:00.001000005Z, entry: aBc, ${labels}`,
    ])
    expect(received).toEqual(['aBc'])
    expect(collector.component('loki.process.p')?.liveDebuggingEnabled).toBe(true)
  })

  test('comes as JSON, which no line can break, with long lines cut', async () => {
    await start(true)
    const leaving = new AbortController()
    const path = `${http.url}/api/v0/web/debug/loki.process.p?format=ndjson`
    const response = await fetch(path, { signal: leaving.signal })
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    await send(`a|;|\n{"x":${'1'.repeat(9000)}`)
    const lines: string[] = []
    for await (const chunk of response.body ?? []) {
      lines.push(...Buffer.from(chunk).toString().trim().split('\n'))
      if (lines.length >= 2) break
    }
    leaving.abort()
    const [before, after] = lines.map((line) => JSON.parse(line))
    expect(before).toMatchObject({
      direction: 'in',
      time: '1970-01-01T00:00:00.001000005Z',
      labels: { app: 'x' },
      metadata: { trace: 't' },
      chars: 9010,
    })
    expect(before.line).toBe(`a|;|\n{"x":${'1'.repeat(9000)}`.slice(0, 8192))
    expect(after.direction).toBe('out')
  })

  test('is shown for no more than people can read; the rest is counted', async () => {
    await start(true)
    const leaving = new AbortController()
    const path = `${http.url}/api/v0/web/debug/test.sink.k?format=ndjson`
    const response = await fetch(path, { signal: leaving.signal })
    for (let i = 0; i < 1000; i++) await send('line')
    let shown = 0
    let skipped = 0
    let text = ''
    for await (const chunk of response.body ?? []) {
      const parts = (text + Buffer.from(chunk).toString()).split('\n')
      text = parts.pop() ?? ''
      for (const part of parts) {
        const { skipped: more = 0, line } = JSON.parse(part)
        skipped += more
        if (line !== undefined) shown++
      }
      if (shown + skipped === 1000) break
    }
    leaving.abort()
    expect(skipped).toBeGreaterThan(0)
    expect(received.length).toBe(1000)
  })

  test('is reported in numbers: bytes of lines, and drops by reason', async () => {
    await start(false)
    await send('äbc')
    const response = await fetch(`${http.url}/api/v0/web/flow`)
    const report = (await response.json()) as { edges: unknown; components: { id: string; role: string }[] }
    expect(report.edges).toEqual([
      { from: 'loki.process.p', to: 'test.sink.k', entries: 1, bytes: 4 },
      { from: 'test.source.s', to: 'loki.process.p', entries: 1, bytes: 4 },
    ])
    const roles = report.components.map(({ id, role }) => `${id} ${role}`).sort()
    expect(roles).toEqual(['loki.process.p transform', 'test.sink.k sink', 'test.source.s source'])
  })

  test('is counted for each edge, and goes on over a reload', async () => {
    await start(false)
    await send('a')
    expect((await collector.reload()).length).toBe(0)
    const response = await fetch(`${http.url}/api/v0/web/graph?window=1`)
    for (let i = 0; i < 5; i++) await send('b')
    const rates: Record<string, number> = {}
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString()
      const arrays = text.split('|;|')
      text = arrays.pop() ?? ''
      for (const edge of arrays.flatMap((array) => JSON.parse(array))) {
        const name = `${edge.componentID} ${edge.targetComponentIDs} ${edge.type}`
        rates[name] = (rates[name] ?? 0) + edge.rate
      }
      if (Object.values(rates).includes(5)) break
    }
    expect(rates).toEqual({
      'test.source.s loki.process.p loki_log': 5,
      'loki.process.p test.sink.k loki_log': 5,
    })
    expect(collector.flowEdges().map(({ entries }) => entries)).toEqual([6, 6])
    expect(received.length).toBe(6)
  })

  test.each([
    [false, 'debug/loki.process.p', 500, 'The live debugging service is disabled'],
    [true, 'debug/loki.process.q', 404, 'does not exist'],
    [true, 'debug/%zz', 404, 'not found'],
    [true, 'debug/loki.process.p?sampleProb=2', 400, 'sampleProb'],
    [true, 'graph?window=0', 400, 'window'],
  ])('enabled %s, %s: %i', async (enabled, path, status, message) => {
    await start(enabled)
    const response = await fetch(`${http.url}/api/v0/web/${path}`)
    expect(response.status).toBe(status)
    expect(await response.text()).toContain(message)
  })
})
