import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { labelsText } from '#base/labels.ts'
import { compileRules } from '#base/relabel.ts'
import type { LogBatch } from '../pipeline.ts'
import { type RunningComponent, runComponent } from '../testing/run-component.ts'
import { lokiSourceSyslog } from './loki_source_syslog.ts'

let component: RunningComponent<unknown> | undefined
afterEach(() => component?.stop())

const seen: string[] = []
const receiver = {
  async push({ labels, entries, delivery }: LogBatch): Promise<void> {
    for (const { line, tsMs } of entries) seen.push(`${labelsText(labels)} ${tsMs} ${line}`)
    delivery.done()
  },
}
const rule = { action: 'replace', separator: ';', regex: '(.*)', replacement: '$1', modulus: 0 }
const rules = compileRules([
  { ...rule, source_labels: ['__syslog_message_app_name'], target_label: 'app' },
  { ...rule, source_labels: ['__syslog_message_sd_a_x'], target_label: 'x' },
])

/** Starts the component with one listener, and resolves to its port. */
async function listen(args: Record<string, unknown>): Promise<number> {
  seen.length = 0
  const listener = [{ address: '127.0.0.1:0', use_incoming_timestamp: true, labels: { job: 's' }, ...args }]
  const all = { forward_to: [receiver], relabel_rules: rules, listener }
  component = runComponent(lokiSourceSyslog, all) as RunningComponent<unknown>
  const { instance } = component
  const ports = (): number[] => {
    const info = instance.debugInfo?.() as { listeners: { port: number }[] }
    return info.listeners.map(({ port }) => port)
  }
  await vi.waitFor(() => expect(ports()).toHaveLength(1))
  return ports()[0]
}

const MESSAGE = '<14>1 1970-01-01T00:00:01Z h web 1 - [a x="7"] hello'

test('takes lines and counted messages over TCP', async () => {
  const port = await listen({ label_structured_data: true })
  connect(port, '127.0.0.1').end(`${MESSAGE}\n<13>1 nonsense\n${MESSAGE} again\n`)
  await vi.waitFor(() => expect(seen).toHaveLength(2))
  connect(port, '127.0.0.1').end(`${MESSAGE.length} ${MESSAGE}`)
  await vi.waitFor(() => expect(seen).toHaveLength(3))
  const labels = '{app="web", job="s", x="7"}'
  expect(seen).toEqual([`${labels} 1000 hello`, `${labels} 1000 hello again`, `${labels} 1000 hello`])
  const metrics = await component?.metrics.metrics()
  expect(metrics).toContain('loki_source_syslog_entries_total 3')
  expect(metrics).toContain('loki_source_syslog_parsing_errors_total 1')
})

test('takes datagrams, and passes on whole messages where wanted', async () => {
  const port = await listen({ protocol: 'udp', use_rfc5424_message: true })
  const socket = createSocket('udp4')
  await vi.waitFor(() => {
    socket.send(MESSAGE, port, '127.0.0.1')
    expect(seen).toContain(`{app="web", job="s"} 1000 ${MESSAGE}`)
  })
  socket.close()
})

test('reads RFC 3164, and closes a connection that sends something else', async () => {
  const port = await listen({ syslog_format: 'rfc3164', use_incoming_timestamp: false })
  connect(port, '127.0.0.1').end('<34>Oct 11 22:14:15 box su[1]: failed\n')
  await vi.waitFor(() => expect(seen).toHaveLength(1))
  expect(seen[0]).toMatch(/^\{app="su", job="s"\} \d{13} failed$/)
  const stranger = connect(port, '127.0.0.1')
  stranger.on('error', () => undefined)
  stranger.write('GET / HTTP/1.1\r\n\r\n')
  await new Promise((resolve) => stranger.once('close', resolve))
})

test('an address that cannot be had is reported, and no reason to end', async () => {
  component = runComponent(lokiSourceSyslog, {
    forward_to: [],
    listener: [{ address: 'nowhere' }],
  }) as RunningComponent<unknown>
  await vi.waitFor(() => expect(component?.health.message).toContain('not of the form host:port'))
})
