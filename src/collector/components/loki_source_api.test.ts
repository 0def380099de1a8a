import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { compressSync } from 'snappy'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { labelsText } from '#base/labels.ts'
import { compileRules } from '#base/relabel.ts'
import { timestampText } from '#base/timestamp.ts'
import { parseJsonPush, parseProtobufPush } from '../api/push-request.ts'
import type { LogsReceiver } from '../pipeline.ts'
import { type RunningComponent, runComponent } from '../testing/run-component.ts'
import { PushBatch } from '../write/push-batch.ts'
import { lokiSourceApi } from './loki_source_api.ts'

let component: RunningComponent<unknown>
let got: string[]
let receiver: LogsReceiver
beforeEach(() => {
  got = []
  receiver = {
    async push({ labels, entries, delivery }) {
      for (const { line, tsMs, tsNs, metadata } of entries) {
        const stamp = tsMs > 1_600_000_000_000 ? 'now' : timestampText(tsMs, tsNs)
        got.push(`${labelsText(labels)} ${stamp} ${Buffer.from(line as string)} ${labelsText(metadata)}`)
      }
      delivery.done()
    },
  }
})
afterEach(() => component.stop())

async function start(args: Record<string, unknown> = {}): Promise<string> {
  const http = { listen_address: '127.0.0.1', listen_port: 0 }
  component = runComponent(lokiSourceApi, {
    ...{ forward_to: [receiver], http, use_incoming_timestamp: true },
    ...args,
  }) as RunningComponent<unknown>
  await vi.waitFor(() => expect(component.health.state).toBe('healthy'))
  return `http://127.0.0.1:${(component.instance.debugInfo!() as { port: number }).port}`
}

async function post(
  url: string,
  body: string | Uint8Array,
  headers: Record<string, string>,
): Promise<string> {
  const response = await fetch(url, { method: 'POST', body: Buffer.from(body as string), headers })
  return `${response.status} ${(await response.text()).trim()}`.trim()
}

const JSON_TYPE = { 'Content-Type': 'application/json' }
const jsonBody = JSON.stringify({
  streams: [
    {
      stream: { a: 'b' },
      values: [
        ['5', 'x'],
        ['6', 'y', { t: 'u' }],
      ],
    },
  ],
})

test('takes JSON, plain and compressed, with its tenant', async () => {
  const url = await start({ labels: { via: 'api' } })
  expect(await post(`${url}/loki/api/v1/push`, jsonBody, { ...JSON_TYPE, 'X-Scope-OrgID': 'team' })).toBe(
    '204',
  )
  expect(got).toEqual([
    '{__tenant_id__="team", a="b", via="api"} 5 x {}',
    '{__tenant_id__="team", a="b", via="api"} 6 y {t="u"}',
  ])
  const gzip = { ...JSON_TYPE, 'Content-Encoding': 'gzip' }
  expect(await post(`${url}/api/v1/push`, gzipSync(jsonBody), gzip)).toBe('204')
  expect(got).toHaveLength(4)
})

test('takes protobuf; streams with bad labels are refused and the others kept', async () => {
  const url = await start()
  const batch = new PushBatch('', 0)
  const entry = { tsMs: 1, tsNs: 2, line: 'x', metadata: [] }
  batch.add('{a="b"}', entry)
  batch.add('{broken', entry)
  const body = batch.encodeFor((bytes) => compressSync(bytes))
  const headers = { 'Content-Type': 'application/x-protobuf' }
  expect(await post(`${url}/loki/api/v1/push`, body, headers)).toBe('400 error parsing labels: {broken')
  expect(got).toEqual(['{a="b"} 1000002 x {}'])
})

test('takes raw lines, and relabels pushed ones', async () => {
  const rule = { separator: ';', regex: '(.*)', replacement: '$1', modulus: 0 }
  const rules = compileRules([{ ...rule, action: 'replace', source_labels: ['a'], target_label: 'c' }])
  const url = await start({ labels: { via: 'api' }, relabel_rules: rules })
  expect(await post(`${url}/loki/api/v1/raw`, 'one\n\ntwo\n', {})).toBe('204')
  expect(await post(`${url}/loki/api/v1/push`, jsonBody, JSON_TYPE)).toBe('204')
  expect(got.slice(0, 3)).toEqual([
    '{via="api"} now one {}',
    '{via="api"} now two {}',
    '{a="b", c="b", via="api"} 5 x {}',
  ])
})

test('what is taken over and what rules leave out is counted, with its bytes', async () => {
  const rule = { separator: ';', regex: 'b', replacement: '', modulus: 0 }
  const rules = compileRules([{ ...rule, action: 'drop', source_labels: ['a'], target_label: '' }])
  const url = await start({ relabel_rules: rules })
  expect(await post(`${url}/loki/api/v1/raw`, 'one\n\nzwölf\n', {})).toBe('204')
  expect(await post(`${url}/loki/api/v1/push`, jsonBody, JSON_TYPE)).toBe('204')
  const metrics = await component.metrics.metrics()
  for (const [name, value] of Object.entries({ entries: 4, bytes: 11, entries_dropped: 2 })) {
    expect(metrics).toContain(`loki_source_api_${name}_total ${value}\n`)
  }
})

test.each([
  ['/loki/api/v1/push', '{', JSON_TYPE, '400'],
  ['/loki/api/v1/push', 'nonsense', {}, '400'],
  ['/loki/api/v1/push', 'x'.repeat(2000), JSON_TYPE, '413'],
  ['/elsewhere', '{}', JSON_TYPE, '404'],
])('%s with %.10s is answered with %s', async (path, body, headers, status) => {
  const url = await start({ max_send_message_size: 1000 })
  expect(await post(url + path, body, headers as Record<string, string>)).toContain(status)
  expect(got).toEqual([])
})

test('is ready', async () => {
  expect(await (await fetch(`${await start()}/ready`)).text()).toBe('ready\n')
})

test('property: no bytes make the readers do anything but give streams or throw an Error', async () => {
  await start()
  const attempt = (read: () => unknown): void => {
    try {
      read()
    } catch (error) {
      expect(error).toBeInstanceOf(Error)
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => attempt(() => parseProtobufPush(bytes))))
  fc.assert(fc.property(fc.json(), (text) => attempt(() => parseJsonPush(text))))
})
