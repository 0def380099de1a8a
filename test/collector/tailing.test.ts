import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Logger, silentLogger } from '#base/logger.ts'
import { type DockerClient, makeDockerClient } from '#collector/docker/client.ts'
import { startTailer } from '#collector/docker/container-tailer.ts'
import { type Cursor, cursorText, parseCursor } from '#collector/docker/cursor.ts'
import { parseDockerHost } from '#collector/docker/host.ts'
import { makePermissionNotes } from '#collector/docker/permission-notes.ts'
import { makeSemaphore } from '#collector/docker/semaphore.ts'
import type { ContainerTailer } from '#collector/docker/tailer.ts'
import type { LogBatch } from '#collector/pipeline.ts'
import { type ScriptedEngine, startScriptedEngine } from './scripted-engine.ts'

let folder: string
let engine: ScriptedEngine
let client: DockerClient
let tailer: ContainerTailer | undefined
let warned: string[]
let came: string[]
/** Where reading stands, as a positions file has it. */
let place: string | undefined
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-tail-'))
  engine = await startScriptedEngine(join(folder, 'docker.sock'))
  client = makeDockerClient(parseDockerHost(engine.host))
  warned = []
  came = []
  place = undefined
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
  tailer = startTailer(id, { labels: [[], []], receivers: [receiver] }, parseCursor(place ?? ''), {
    ...{ client, logger, opening: makeSemaphore(4), permissions: makePermissionNotes('', logger) },
    counters: { entries: ignore, unreadable: ignore, tooLong: ignore },
    ...{ onProblem: ignore, stallCheckMs: 50 },
    commit: (_, cursor: Cursor) => {
      place = cursorText(cursor)
    },
  })
}

async function untail(): Promise<void> {
  await tailer?.stop(1000)
}

const numbered = (word: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${word} ${index}`)
const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

// Before version 23 an engine leaves out every line that is older than what was asked for.
describe.each([
  ['28.2.2', 'followed', undefined],
  ['20.10.24', 'followed', undefined],
  ['20.10.24', 'read again and again', 4],
])('the clock of engine %s is set back by an hour, its log %s', (version, _, fileRecords) => {
  beforeEach(async () => {
    await engine.close()
    engine = await startScriptedEngine(join(folder, 'docker.sock'), version)
  })

  test('while it is read', async () => {
    const app = engine.make('app', { fileRecords })
    const [before, after, later] = [numbered('before', 3), numbered('after', 700), numbered('later', 3)]
    app.write('stdout', text(before))
    tail(app.id)
    await vi.waitFor(() => expect(came).toEqual(before))
    engine.setClock(-3_600_000)
    app.write('stderr', text(after))
    await vi.waitFor(() => expect(came).toHaveLength(703), { timeout: 20_000 })
    engine.setClock(0)
    app.write('stdout', text(later))
    await vi.waitFor(() => expect(came).toHaveLength(706), { timeout: 20_000 })
    expect(came).toEqual([...before, ...after, ...later])
  })

  test.each([
    ['runs', true],
    ['has stopped', false],
  ])('while nobody reads, and the container %s', async (__, isRunning) => {
    const app = engine.make('app', { fileRecords })
    const [before, after, later] = [numbered('before', 3), numbered('after', 700), numbered('later', 3)]
    app.write('stdout', text(before))
    tail(app.id)
    await vi.waitFor(() => expect(came).toEqual(before))
    await untail()
    engine.setClock(-3_600_000)
    app.stop()
    if (isRunning) app.start()
    app.write('stdout', text(after))
    tail(app.id)
    await vi.waitFor(() => expect(came).toHaveLength(703), { timeout: 20_000 })
    await untail()
    // The last known line is older than some that were read before it.
    app.write('stderr', text(later))
    tail(app.id)
    await vi.waitFor(() => expect(came).toHaveLength(706), { timeout: 20_000 })
    await untail()
    tail(app.id)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(came).toEqual([...before, ...after, ...later])
  })

  test('while nobody reads, and the last known line is thrown away', async () => {
    const app = engine.make('app', { fileRecords })
    app.write('stdout', text(numbered('before', 3)))
    tail(app.id)
    await vi.waitFor(() => expect(came).toHaveLength(3))
    await untail()
    engine.setClock(-3_600_000)
    app.forget()
    app.write('stdout', text(numbered('after', 10)))
    tail(app.id)
    await vi.waitFor(() => expect(came).toHaveLength(13), { timeout: 20_000 })
  })
})

test('a line that waited for the log over a second is not left out by an engine that filters', async () => {
  await engine.close()
  engine = await startScriptedEngine(join(folder, 'docker.sock'), '20.10.24')
  const app = engine.make('app', { fileRecords: 4 })
  app.write('stdout', 'out\n')
  app.write('stderr', 'err\n', 4000)
  tail(app.id)
  await vi.waitFor(() => expect(came).toHaveLength(2))
  app.write('stdout', 'later\n')
  await vi.waitFor(() => expect(came).toHaveLength(3))
  app.write('stderr', 'late\n', 2500)
  await vi.waitFor(() => expect(came).toEqual(['out', 'err', 'later', 'late']))
})

test.each([
  ['28.2.2', undefined],
  ['20.10.24', 16],
])(
  'a line of 1 MB whose reading is cut short, again and again, comes whole and once: engine %s',
  async (version, fileRecords) => {
    await engine.close()
    engine = await startScriptedEngine(join(folder, 'docker.sock'), version)
    const app = engine.make('app', { fileRecords })
    const line = (number: number): string => `${number} `.padEnd(1_000_000, String.fromCharCode(97 + number))
    const lines = [0, 1, 2, 3, 4, 5].map(line)
    tail(app.id)
    for (const [number, one] of lines.entries()) {
      const half = 16_384 * (20 + number)
      app.write('stdout', one.slice(0, half))
      app.write('stderr', `between ${number}\n`)
      await new Promise((resolve) => setTimeout(resolve, 100))
      if (number % 3 === 0) engine.cut()
      else if (number % 3 === 1) {
        await untail()
        tail(app.id)
      }
      app.write('stdout', `${one.slice(half)}\n`)
    }
    await vi.waitFor(() => expect(came).toHaveLength(12), { timeout: 20_000 })
    expect(came.filter((text) => text.length > 100)).toEqual(lines)
  },
)

test('a log that is emptied from outside is read on, and nothing again', async () => {
  const app = engine.make('app')
  app.write('stdout', text(numbered('before', 3)))
  app.stop()
  tail(app.id)
  await vi.waitFor(() => expect(came).toHaveLength(3))
  app.forget()
  app.start()
  app.write('stdout', 'after\n')
  app.stop()
  tailer?.look()
  await vi.waitFor(() => expect(came).toContain('after'))
  await untail()
  tail(app.id)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(came).toEqual([...numbered('before', 3), 'after'])
})

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
  app.write('stdout', 'late\n', 20_000)
  app.write('stderr', lines.slice(100).join(''))
  await vi.waitFor(() => expect(came).toContain('line 598'))
  expect(came).toHaveLength(602)
})
