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
    [true, 'debug/loki.process.p?sampleProb=2', 400, 'sampleProb'],
    [true, 'graph?window=0', 400, 'window'],
  ])('enabled %s, %s: %i', async (enabled, path, status, message) => {
    await start(enabled)
    const response = await fetch(`${http.url}/api/v0/web/${path}`)
    expect(response.status).toBe(status)
    expect(await response.text()).toContain(message)
  })
})
