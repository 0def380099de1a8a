import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { lokiSourceDocker } from '#collector/components/loki_source_docker.ts'
import type { LogBatch } from '#collector/pipeline.ts'
import { type RunningComponent, runComponent } from '#collector/testing/run-component.ts'
import { type ScriptedContainer, type ScriptedEngine, startScriptedEngine } from './scripted-engine.ts'

let folder: string
let engine: ScriptedEngine
let source: RunningComponent<unknown>
let came: string[]
/** Deliveries that the server has yet to confirm. */
let underWay: (() => void)[]
let isServerAway: boolean
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-reader-'))
  engine = await startScriptedEngine(join(folder, 'docker.sock'))
  came = []
  underWay = []
  isServerAway = true
  source = runComponent(lokiSourceDocker, args(), { dataDir: folder }) as RunningComponent<unknown>
})
afterEach(async () => {
  confirm()
  await source.stop()
  await engine.close()
  rmSync(folder, { recursive: true })
})

const receiver = {
  async push({ entries, delivery }: LogBatch) {
    for (const { line } of entries) came.push(Buffer.from(line as Uint8Array).toString())
    if (isServerAway) underWay.push(delivery.done)
    else delivery.done()
  },
}

function args(...containers: ScriptedContainer[]): Record<string, unknown> {
  const targets = containers.map(({ id }) => ({ __meta_docker_container_id: id, name: 'app' }))
  return { host: engine.host, targets, forward_to: [receiver], labels: {}, refresh_interval: 60_000 }
}

function confirm(): void {
  isServerAway = false
  for (const done of underWay.splice(0)) done()
}

const target = (...containers: ScriptedContainer[]): Promise<void> =>
  source.instance.update(args(...containers)) as Promise<void>

test.each([
  ['has stopped', true],
  ['runs', false],
])(
  'a container that %s is no target for a moment, while the server is away: nothing comes twice',
  async (_, ends) => {
    const app = engine.make('app')
    app.write('stdout', 'one\ntwo\n')
    await target(app)
    await vi.waitFor(() => expect(came).toEqual(['one', 'two']))
    if (ends) app.stop()
    await target()
    await sleep(600)
    await target(app)
    await sleep(600)
    if (ends) app.start()
    app.write('stdout', 'three\n')
    await vi.waitFor(() => expect(came).toContain('three'))
    confirm()
    await sleep(300)
    expect(came).toEqual(['one', 'two', 'three'])
  },
)

test('the place of a removed container is forgotten, also where its lines arrive after that', async () => {
  const app = engine.make('app')
  app.write('stdout', 'one\n')
  await target(app)
  await vi.waitFor(() => expect(came).toEqual(['one']))
  app.stop()
  app.remove()
  await target()
  await sleep(300)
  confirm()
  const positions = (): string => readFileSync(join(folder, 'positions.yml'), 'utf8')
  await vi.waitFor(() => expect(positions()).toBe('positions: {}\n'))
})

test('a container that is made anew under its name, with other labels, is another one', async () => {
  confirm()
  const first = engine.make('app')
  first.write('stdout', 'one\n')
  await target(first)
  await vi.waitFor(() => expect(came).toEqual(['one']))
  first.relabel({ version: '2' })
  await target(first)
  first.stop()
  first.remove()
  const second = engine.make('app')
  second.write('stdout', 'one\n')
  await target(second)
  await vi.waitFor(() => expect(came).toEqual(['one', 'one']))
  await sleep(300)
  expect(came).toHaveLength(2)
})

test('ends and starts in quick succession lose no life and repeat none', async () => {
  confirm()
  const app = engine.make('app')
  await target(app)
  const lives = Array.from({ length: 40 }, (_, life) => `life ${life}`)
  for (const life of lives) {
    app.write('stdout', `${life}\n`)
    app.stop()
    if (Math.random() < 0.5) await sleep(Math.random() * 20)
    app.start()
    if (Math.random() < 0.5) await sleep(Math.random() * 20)
  }
  await vi.waitFor(() => expect(came).toContain('life 39'))
  await sleep(300)
  expect(came).toEqual(lives)
})
