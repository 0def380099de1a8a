import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Logger, silentLogger } from '#base/logger.ts'
import { type DockerClient, makeDockerClient } from '#collector/docker/client.ts'
import { type ContainerTailer, startTailer } from '#collector/docker/container-tailer.ts'
import { parseDockerHost } from '#collector/docker/host.ts'
import { makePermissionNotes } from '#collector/docker/permission-notes.ts'
import { makeSemaphore } from '#collector/docker/semaphore.ts'
import type { LogBatch } from '#collector/pipeline.ts'
import { type ScriptedEngine, startScriptedEngine } from './scripted-engine.ts'

let folder: string
let engine: ScriptedEngine
let client: DockerClient
let tailer: ContainerTailer | undefined
let warned: string[]
let came: string[]
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-tail-'))
  engine = await startScriptedEngine(join(folder, 'docker.sock'))
  client = makeDockerClient(parseDockerHost(engine.host))
  warned = []
  came = []
})
afterEach(async () => {
  await tailer?.stop(1000)
  client.close()
  await engine.close()
  rmSync(folder, { recursive: true })
})

function tail(id: string): void {
  const logger: Logger = {
    ...silentLogger,
    warn: (_, message) => void warned.push(message),
    child: () => logger,
  }
  const receiver = {
    async push({ entries, delivery }: LogBatch) {
      for (const { line } of entries) came.push(Buffer.from(line as Uint8Array).toString())
      delivery.done()
    },
  }
  const ignore = (): void => undefined
  tailer = startTailer(id, { labels: [[], []], receivers: [receiver] }, undefined, {
    ...{ client, logger, opening: makeSemaphore(4), permissions: makePermissionNotes('', logger) },
    counters: { entries: ignore, unreadable: ignore, tooLong: ignore },
    ...{ onProblem: ignore, commit: ignore, stallCheckMs: 50 },
  })
}

test('a stream that falls silent while lines are written is opened again; each line comes once', async () => {
  const app = engine.make('app')
  tail(app.id)
  app.write('stdout', 'before\n')
  await vi.waitFor(() => expect(came).toEqual(['before']))
  engine.stall()
  app.write('stdout', 'unseen one\n')
  app.write('stderr', 'unseen two\n')
  await vi.waitFor(() => expect(came).toHaveLength(3))
  app.write('stdout', 'after\n')
  await vi.waitFor(() => expect(came).toContain('after'))
  expect(came.toSorted()).toEqual(['after', 'before', 'unseen one', 'unseen two'])
  expect(warned).toEqual(['the log stream of a container has stalled and is opened again'])
  expect(engine.followed(app.id)).toBe(2)
})

test('the log of a stopped container that an engine dies over is not taken for whole', async () => {
  const app = engine.make('app')
  app.write('stdout', `one\n${'x'.repeat(40_000)}\nthree\nlast`)
  app.stop()
  engine.dieAfter(3)
  tail(app.id)
  await vi.waitFor(() => expect(came.map((line) => line.length)).toEqual([3, 40_000, 5, 4]))
})

test('an engine that skips files is not followed where a container starts while its log is opened', async () => {
  await engine.close()
  engine = await startScriptedEngine(join(folder, 'docker.sock'), '20.10.24')
  const app = engine.make('app', { tty: true, fileRecords: 4 })
  const lines = Array.from({ length: 16 }, (_, index) => `line ${index}`)
  app.write(
    'stdout',
    lines
      .slice(0, 6)
      .map((line) => `${line}\n`)
      .join(''),
  )
  app.stop()
  engine.beforeNextLog(() => app.start())
  tail(app.id)
  await vi.waitFor(() => expect(came).toHaveLength(6))
  for (const line of lines.slice(6)) app.write('stdout', `${line}\n`)
  await vi.waitFor(() => expect(came.at(-1)).toBe('line 15'))
  expect(came).toEqual(lines)
})

test('a line that is written while a stopped container starts again comes whole', async () => {
  const app = engine.make('app')
  app.write('stdout', 'before\n')
  app.stop()
  const line = 'x'.repeat(40_000)
  engine.beforeNextLog(() => {
    app.start()
    app.write('stdout', line.slice(0, 2 * 16_384))
  })
  tail(app.id)
  await vi.waitFor(() => expect(came).toContain('before'))
  await new Promise((resolve) => setTimeout(resolve, 300))
  app.write('stdout', `${line.slice(2 * 16_384)}\n`)
  await vi.waitFor(() => expect(came).toHaveLength(2))
  expect(came).toEqual(['before', line])
})

test.each([
  ['a terminal', true],
  ['two streams', false],
])('a last word without an end and what follows it at once, on %s', async (_, tty) => {
  const app = engine.make('app', { tty })
  const lives = [0, 1, 2, 3]
  app.write('stdout', 'one\n')
  tail(app.id)
  await vi.waitFor(() => expect(came).toEqual(['one']))
  for (const life of lives) {
    app.write('stdout', `line ${life}\n$ `)
    app.stop()
    // Half of the ends are seen, the others are over before anybody looks.
    if (life % 2 === 0) await vi.waitFor(() => expect(came.at(-1)).toBe('$ '))
    app.start()
    tailer?.look()
    app.write('stdout', `first ${life}\n`)
    await vi.waitFor(() => expect(came).toContain(`first ${life}`))
  }
  expect(came).toEqual(['one', ...lives.flatMap((life) => [`line ${life}`, '$ ', `first ${life}`])])
})

test('a late line at the place where the newest records begin does not hide those before', async () => {
  await engine.close()
  engine = await startScriptedEngine(join(folder, 'docker.sock'), '20.10.24')
  const app = engine.make('app', { fileRecords: 4 })
  tail(app.id)
  app.write('stdout', 'out\n', 60_000)
  app.write('stderr', 'first\n')
  await vi.waitFor(() => expect(came).toHaveLength(2))
  const lines = Array.from({ length: 599 }, (_, index) => `line ${index}\n`)
  app.write('stderr', lines.slice(0, 100).join(''))
  // With it begin the 500 records that are asked for first. It was stamped before the last line that was read.
  app.write('stdout', 'late\n', 30_000)
  app.write('stderr', lines.slice(100).join(''))
  await vi.waitFor(() => expect(came).toContain('line 598'))
  expect(came).toHaveLength(602)
})
