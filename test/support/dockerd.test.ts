import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Dockerd, dockerdMissing, importBusybox, startDockerd } from './dockerd.ts'

const missing = await dockerdMissing()

describe.skipIf(missing !== undefined)('a Docker Engine for tests', () => {
  let dockerd: Dockerd
  beforeAll(async () => {
    dockerd = await startDockerd()
    await importBusybox(dockerd)
  })
  afterAll(() => dockerd?.stop())

  test('runs containers that reach each other by name', async () => {
    await dockerd.docker(['network', 'create', 'inner'])
    const serve = 'while true; do echo hello | nc -l -p 80; done'
    await dockerd.docker([
      'run',
      '-d',
      '--network',
      'inner',
      '--name',
      'server',
      'busybox:local',
      'sh',
      '-c',
      serve,
    ])
    const ask = 'until nc server 80; do sleep 0.1; done'
    const heard = await dockerd.docker([
      'run',
      '--rm',
      '--network',
      'inner',
      'busybox:local',
      'sh',
      '-c',
      ask,
    ])
    expect(heard).toBe('hello')
  })

  test('keeps containers and images over a restart, and leaves nothing when stopped', async () => {
    await dockerd.restart()
    expect(await dockerd.docker(['ps', '-a', '--format', '{{.Names}}'])).toBe('server')
    const { pid, socket } = dockerd
    await dockerd.stop()
    expect(existsSync(`/proc/${pid}`)).toBe(false)
    expect(existsSync(socket)).toBe(false)
  })
})
