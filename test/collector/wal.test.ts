import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type FakeLoki, startFakeLoki } from '#collector/testing/fake-loki.ts'
import { freePort } from '../crash/server-process.ts'
import { type CollectorProcess, makeCollectorProcess } from './chaos/collector-process.ts'

let folder: string
let loki: FakeLoki
let collector: CollectorProcess
let pushUrl: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-wal-'))
  loki = await startFakeLoki()
  const [port, apiPort] = [await freePort(), await freePort()]
  pushUrl = `http://127.0.0.1:${apiPort}/loki/api/v1/raw`
  collector = makeCollectorProcess(folder, config(apiPort, loki.url), port)
})
afterEach(async () => {
  await collector.end('SIGKILL')
  await loki.stop()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

const config = (port: number, url: string): string => `
loki.source.api "in" {
  http {
    listen_address = "127.0.0.1"
    listen_port = ${port}
  }
  labels = {job = "pushed"}
  forward_to = [loki.write.out.receiver]
}
loki.write "out" {
  wal {
    enabled = true
  }
  endpoint {
    url = "${url}"
    batch_wait = "50ms"
    min_backoff_period = "20ms"
    max_backoff_period = "100ms"
    max_backoff_retries = 2
  }
}
`

/** Pushes lines one request at a time until the collector is gone; returns those that were answered for. */
async function pushUntilGone(name: string, isGone: () => boolean): Promise<string[]> {
  const taken: string[] = []
  for (let number = 0; !isGone(); number++) {
    const line = `${name} ${number}`
    const response = await fetch(pushUrl, { method: 'POST', body: line }).catch(() => undefined)
    if (response?.status === 204) taken.push(line)
    await response?.arrayBuffer().catch(() => undefined)
  }
  return taken
}

async function pushAndKill(name: string, ms: number): Promise<string[]> {
  await collector.start()
  let isGone = false
  const pushing = pushUntilGone(name, () => isGone)
  await sleep(ms)
  await collector.end('SIGKILL')
  isGone = true
  return pushing
}

test('what was taken over while the server is away arrives, however often the collector is killed', async () => {
  loki.answer = () => 503
  const taken = [...(await pushAndKill('first', 700)), ...(await pushAndKill('second', 300))]
  expect(taken.length).toBeGreaterThan(10)
  await collector.start()
  expect(loki.accepted).toEqual([])
  loki.answer = () => 204
  const lines = (): string[] => loki.entries().map(({ line }) => line)
  await vi.waitFor(() => expect(taken.filter((line) => !lines().includes(line))).toEqual([]), 10_000)
  // In the order in which they were pushed.
  expect(lines().filter((line) => taken.includes(line))).toEqual(taken)
  await collector.end('SIGTERM')
  const before = lines().length
  await collector.start()
  await sleep(500)
  expect(lines().length).toBe(before)
}, 60_000)
