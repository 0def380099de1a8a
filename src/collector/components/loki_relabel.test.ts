import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { labelsText, makeLabels } from '#base/labels.ts'
import type { Logger } from '#base/logger.ts'
import { type LogBatch, type LogsReceiver, makeDelivery } from '../pipeline.ts'
import { type Collector, startCollector } from '../runtime/collector.ts'
import type { ComponentDefinition } from '../runtime/component.ts'
import { lokiEcho } from './loki_echo.ts'
import { lokiRelabel } from './loki_relabel.ts'

/** Gives the test the receivers that the configuration forwards to. */
let entrance: readonly LogsReceiver[] = []
const source: ComponentDefinition<{ forward_to: readonly LogsReceiver[] }> = {
  name: 'test.source',
  stability: 'generally-available',
  role: 'source',
  schema: { attributes: { forward_to: { type: { list: { capsule: 'LogsReceiver' } }, required: true } } },
  build: (_context, args) => {
    entrance = args.forward_to
    return { run: async () => undefined, update: () => undefined }
  },
}

const registry = new Map<string, ComponentDefinition>(
  [source, lokiEcho, lokiRelabel].map((item) => [item.name, item as unknown as ComponentDefinition]),
)

let logged: Record<string, unknown>[] = []
const record = (fields: Record<string, unknown>): void => {
  logged.push(fields)
}
const logger: Logger = { debug: record, info: record, warn: record, error: record, child: () => logger }
let collector: Collector

beforeEach(async () => {
  const text = `
    test.source "s" { forward_to = [loki.relabel.r.receiver] }
    loki.relabel "r" {
      forward_to = [loki.echo.e.receiver, loki.echo.e.receiver]
      rule {
        source_labels = ["app"]
        target_label  = "service"
      }
      rule {
        source_labels = ["app"]
        regex         = "noise"
        action        = "drop"
      }
      rule {
        regex  = "app"
        action = "labeldrop"
      }
    }
    loki.echo "e" { }`
  const config = { files: [{ name: 'config.alloy', text }] }
  collector = await startCollector({ config, storagePath: '/nonexistent', logger, registry })
  logged = []
})
afterEach(() => collector.stop(1000))

/** Pushes one line; resolves with whether it was let go of by then. */
async function push(labels: Record<string, string>, line: string): Promise<boolean> {
  let isDone = false
  const batch: LogBatch = {
    labels: makeLabels(labels),
    entries: [
      { tsMs: 1_700_000_000_000, tsNs: 7, line: Buffer.from(line), metadata: makeLabels({ k: 'v' }) },
    ],
    delivery: makeDelivery(() => {
      isDone = true
    }),
  }
  await entrance[0].push(batch)
  return isDone
}

describe('loki.relabel into loki.echo', () => {
  test('labels are rewritten, every receiver gets the line, and all of it is let go of', async () => {
    expect(await push({ app: 'x', __tmp: 'y' }, 'hello')).toBe(true)
    const line = {
      labels: '{__tmp="y", service="x"}',
      entry: 'hello',
      entry_timestamp: '2023-11-14T22:13:20.000000007Z',
      structured_metadata: labelsText(makeLabels({ k: 'v' })),
    }
    expect(logged).toMatchObject([line, line])
  })

  test('dropped and label-less lines are let go of without being passed on', async () => {
    expect(await push({ app: 'noise' }, 'a')).toBe(true)
    expect(await push({}, 'b')).toBe(true)
    expect(logged).toEqual([])
  })

  test('metrics', async () => {
    await push({ app: 'noise' }, 'a')
    await push({ app: 'x' }, 'b')
    await push({ app: 'x' }, 'c')
    const labels = '{component_path="/",component_id="loki.relabel.r"}'
    const text = await collector.metrics()
    expect(text).toContain(`loki_relabel_entries_processed${labels} 3\n`)
    expect(text).toContain(`loki_relabel_entries_written${labels} 2\n`)
    expect(text).toContain(`loki_relabel_cache_hits${labels} 1\n`)
    expect(text).toContain(`loki_relabel_cache_misses${labels} 2\n`)
    expect(text).toContain(`loki_relabel_cache_size${labels} 2\n`)
  })
})
