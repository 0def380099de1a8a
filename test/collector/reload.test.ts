import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type FakeLoki, startFakeLoki } from '#collector/testing/fake-loki.ts'
import { freePort } from '../crash/server-process.ts'
import { type CollectorProcess, makeCollectorProcess } from './chaos/collector-process.ts'
import { type ScriptedContainer, type ScriptedEngine, startScriptedEngine } from './scripted-engine.ts'

let folder: string
let engine: ScriptedEngine
let loki: FakeLoki
let collector: CollectorProcess
let apiPort: number
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-reload-'))
  engine = await startScriptedEngine(join(folder, 'docker.sock'))
  loki = await startFakeLoki()
  apiPort = await freePort()
})
afterEach(async () => {
  await collector.stop()
  await loki.stop()
  await engine.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

interface Settings {
  readonly wal: boolean
  readonly batchWaitMs: number
  /** Endpoints of other names take over from those that are gone. */
  readonly endpoint: string
  /** Whether lines go through another component on their way. */
  readonly isDetour: boolean
}

const config = ({ wal, batchWaitMs, endpoint, isDetour }: Settings): string => `
discovery.docker "all" {
  host = "${engine.host}"
}
loki.source.docker "all" {
  host = "${engine.host}"
  targets = discovery.docker.all.targets
  labels = {job = "app"}
  forward_to = [${isDetour ? 'loki.process.detour' : 'loki.write.out'}.receiver]
}
loki.source.api "pushed" {
  http {
    listen_address = "127.0.0.1"
    listen_port = ${apiPort}
  }
  labels = {job = "pushed"}
  forward_to = [loki.write.out.receiver]
}
loki.process "detour" {
  stage.static_labels {
    values = {batch = "${batchWaitMs}"}
  }
  forward_to = [loki.write.out.receiver]
}
loki.write "out" {
  wal {
    enabled = ${wal}
  }
  endpoint {
    name = "${endpoint}"
    url = "${loki.url}"
    batch_wait = "${batchWaitMs}ms"
    min_backoff_period = "20ms"
    max_backoff_period = "100ms"
    max_backoff_retries = 0
  }
}
`

/** Writes and pushes numbered lines until it is told to end; gives back all that must arrive. */
async function writeLines(apps: readonly ScriptedContainer[], isOver: () => boolean): Promise<string[]> {
  const written: string[] = []
  for (let number = 0; !isOver(); number++) {
    for (const [index, app] of apps.entries()) {
      const line = `app ${index} ${number}`
      app.write(number % 3 === 0 ? 'stderr' : 'stdout', `${line}\n`)
      written.push(line)
    }
    const line = `pushed ${number}`
    const url = `http://127.0.0.1:${apiPort}/loki/api/v1/raw`
    const response = await fetch(url, { method: 'POST', body: line }).catch(() => undefined)
    if (response?.status === 204) written.push(line)
    await response?.arrayBuffer().catch(() => undefined)
    await sleep(1)
  }
  return written
}

// It takes nothing at three of four times.
const ANSWERS = [429, 500, 204, 503]

test.each([
  ['with a buffer on disk', () => true],
  ['without one', () => false],
  ['with one that comes and goes', (round: number) => round % 2 === 0],
])(
  'reloaded under load, %s: each line arrives once at a server that refuses for now',
  async (_, hasWal) => {
    loki.answer = (__, count) => ANSWERS[count % ANSWERS.length]
    const settings = (round: number): Settings => ({
      wal: hasWal(round),
      batchWaitMs: [20, 50, 80][round % 3],
      endpoint: round % 5 === 4 ? 'other' : 'one',
      isDetour: round % 4 === 1,
    })
    collector = makeCollectorProcess(folder, config(settings(0)), await freePort())
    await collector.start()
    const apps = Array.from({ length: 4 }, (__, index) => engine.make(`app${index}`))
    let isOver = false
    const writing = writeLines(apps, () => isOver)
    for (let round = 1; round <= 12; round++) {
      await sleep(150)
      if (round % 2 === 0) collector.hangUp(config(settings(round)))
      else await collector.reload(config(settings(round)))
    }
    await sleep(300)
    isOver = true
    const written = await writing
    expect(written.length).toBeGreaterThan(100)
    const known = new Set(written)
    const lines = (): string[] => loki.entries().flatMap(({ line }) => (known.has(line) ? [line] : []))
    await vi.waitFor(() => expect(new Set(lines()).size).toBe(known.size), { timeout: 20_000 })
    await sleep(300)
    expect(lines().length).toBe(written.length)
  },
  60_000,
)
