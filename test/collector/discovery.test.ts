import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { discoveryDocker } from '#collector/components/discovery_docker.ts'
import { type RunningComponent, runComponent } from '#collector/testing/run-component.ts'
import { type ScriptedEngine, startScriptedEngine } from './scripted-engine.ts'

let folder: string
let engine: ScriptedEngine
let discovery: RunningComponent<unknown> | undefined
/** Every container that was ever a target. */
let found: Set<string>
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-discovery-'))
  engine = await startScriptedEngine(join(folder, 'docker.sock'))
  found = new Set()
})
afterEach(async () => {
  await discovery?.stop()
  await engine.close()
  rmSync(folder, { recursive: true })
})

function discover(): void {
  const args = { host: engine.host, refresh_interval: 60_000 }
  discovery = runComponent(discoveryDocker, args, { dataDir: folder }) as RunningComponent<unknown>
  discovery.onExports(({ targets }) => {
    for (const target of targets as Record<string, string>[]) found.add(target.__meta_docker_container_name)
  })
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
