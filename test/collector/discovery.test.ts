import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { discoveryDocker } from '#collector/components/discovery_docker.ts'
import { lokiSourceDocker } from '#collector/components/loki_source_docker.ts'
import type { LogsReceiver } from '#collector/pipeline.ts'
import { type RunningComponent, runComponent } from '#collector/testing/run-component.ts'
import { type ScriptedEngine, startScriptedEngine } from './scripted-engine.ts'

let folder: string
let engine: ScriptedEngine
let discovery: RunningComponent<unknown> | undefined
/** Every container that was ever a target. */
let found: Set<string>
let source: RunningComponent<unknown> | undefined
let onTargets: (targets: readonly Record<string, string>[]) => void
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-discovery-'))
  engine = await startScriptedEngine(join(folder, 'docker.sock'))
  found = new Set()
  onTargets = () => undefined
})
afterEach(async () => {
  await discovery?.stop()
  await source?.stop()
  source = undefined
  await engine.close()
  rmSync(folder, { recursive: true })
})

function discover(refreshMs = 60_000): void {
  const args = { host: engine.host, refresh_interval: refreshMs }
  discovery = runComponent(discoveryDocker, args, { dataDir: folder }) as RunningComponent<unknown>
  discovery.onExports(({ targets }) => {
    for (const target of targets as Record<string, string>[]) found.add(target.__meta_docker_container_name)
    onTargets(targets as Record<string, string>[])
  })
}

/** Has the targets of discovery read; gives the lines that came. */
function readTargets(): () => string[] {
  const lines: string[] = []
  const receiver: LogsReceiver = {
    async push({ entries, delivery }) {
      for (const { line } of entries) lines.push(Buffer.from(line).toString())
      delivery.done()
    },
  }
  const args = {
    host: engine.host,
    targets: [],
    forward_to: [receiver],
    labels: {},
    refresh_interval: 60_000,
  }
  const reader = runComponent(lokiSourceDocker, args, { dataDir: folder }) as RunningComponent<unknown>
  source = reader
  onTargets = (targets) => void reader.instance.update({ ...args, targets })
  return () => lines
}

/** Somebody watched the engine until a second ago. */
function watchedUntilNow(): void {
  writeFileSync(join(folder, 'watched-until'), `${Date.now() - 1000}\n`)
}

test('what ended while nobody watched is looked up until it succeeds, while events go on', async () => {
  watchedUntilNow()
  engine.make('unseen').stop()
  engine.failLists('ended', 3)
  discover()
  await vi.waitFor(() => expect(found).toContain('/unseen'), { timeout: 20_000 })
})

test('what ended is looked up again where events broke before it succeeded', async () => {
  watchedUntilNow()
  engine.make('unseen').stop()
  engine.failLists('ended', 1)
  discover()
  await new Promise((resolve) => setTimeout(resolve, 200))
  engine.cutEvents()
  engine.make('unheard').stop()
  await vi.waitFor(() => expect([...found].sort()).toEqual(['/unheard', '/unseen']), { timeout: 20_000 })
})

test('a brief container is found although lists fail for longer than it is kept in mind', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  try {
    discover()
    const steady = engine.make('steady')
    await vi.waitFor(() => expect(found).toContain('/steady'))
    engine.failLists('running', 6)
    engine.make('brief').stop()
    await new Promise((resolve) => setTimeout(resolve, 300))
    vi.setSystemTime(Date.now() + 60_000)
    steady.stop()
    await vi.waitFor(() => expect(found).toContain('/brief'), { timeout: 20_000 })
  } finally {
    vi.useRealTimers()
  }
})

test('without events brief containers are read once and whole, with one more list per refresh', async () => {
  engine.setClock(-3_600_000)
  const job = engine.make('job')
  job.stop()
  engine.setClock(0)
  const read = readTargets()
  discover(300)
  engine.make('steady')
  await vi.waitFor(() => expect(found).toContain('/steady'))
  engine.loseEvents()
  const [before, beforeMs] = [engine.listed('ended'), Date.now()]
  const brief = engine.make('brief')
  brief.write('stdout', 'one\ntwo\n')
  brief.stop()
  await vi.waitFor(() => expect(read()).toEqual(['one', 'two']), { timeout: 20_000 })
  expect(found).not.toContain('/job')
  job.start()
  job.write('stderr', 'three\n')
  job.stop()
  await vi.waitFor(() => expect(read()).toEqual(['one', 'two', 'three']), { timeout: 20_000 })
  await new Promise((resolve) => setTimeout(resolve, 1000))
  expect(read()).toEqual(['one', 'two', 'three'])
  const refreshes = (Date.now() - beforeMs) / 300
  expect(engine.listed('ended') - before).toBeLessThanOrEqual(refreshes + 1)
})

test('what ended unheard while lists failed is found when they succeed', async () => {
  discover(300)
  engine.make('steady')
  await vi.waitFor(() => expect(found).toContain('/steady'))
  engine.loseEvents()
  engine.failLists('ended', 3)
  engine.make('brief').stop()
  await vi.waitFor(() => expect(found).toContain('/brief'), { timeout: 20_000 })
})
