import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { type Logger, silentLogger } from '#base/logger.ts'
import { makeDockerClient } from '#collector/docker/client.ts'
import { startTailer } from '#collector/docker/container-tailer.ts'
import { parseDockerHost } from '#collector/docker/host.ts'
import { makePermissionNotes } from '#collector/docker/permission-notes.ts'
import { makeSemaphore } from '#collector/docker/semaphore.ts'
import type { LogBatch } from '#collector/pipeline.ts'
import { startScriptedEngine } from './scripted-engine.ts'

test('a stream that falls silent while lines are written is opened again; each line comes once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'logboom-stall-'))
  const engine = await startScriptedEngine(join(folder, 'docker.sock'))
  const client = makeDockerClient(parseDockerHost(engine.host))
  const warned: string[] = []
  const logger: Logger = {
    ...silentLogger,
    warn: (_, message) => void warned.push(message),
    child: () => logger,
  }
  const came: string[] = []
  const receiver = {
    async push({ entries, delivery }: LogBatch) {
      for (const { line } of entries) came.push(Buffer.from(line as Uint8Array).toString())
      delivery.done()
    },
  }
  const app = engine.make('app')
  const ignore = (): void => undefined
  const tailer = startTailer(app.id, { labels: [[], []], receivers: [receiver] }, undefined, {
    ...{ client, logger, opening: makeSemaphore(4), permissions: makePermissionNotes('', logger) },
    counters: { entries: ignore, unreadable: ignore, tooLong: ignore },
    ...{ onProblem: ignore, commit: ignore, stallCheckMs: 50 },
  })
  try {
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
  } finally {
    await tailer.stop(1000)
    client.close()
    await engine.close()
    rmSync(folder, { recursive: true })
  }
})
