import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Dockerd, dockerdMissing, startDockerd } from './support/dockerd.ts'
import { linesBy, startUp, type UpProcess } from './up/logboom-up.ts'

const SAMPLE = ['--sample']
const hasDocker = existsSync('/var/run/docker.sock')

const folder = mkdtempSync(join(tmpdir(), 'logboom-up-'))
const running: UpProcess[] = []

async function up(
  dataDir: string,
  env: Record<string, string>,
  flags: readonly string[] = [],
): Promise<UpProcess> {
  const started = await startUp(dataDir, env, flags)
  running.push(started)
  return started
}

afterAll(async () => {
  for (const started of running) await started.end('SIGKILL').catch(() => undefined)
  rmSync(folder, { recursive: true, force: true })
})

// Each test starts processes, which takes its time where other tests keep the machine busy.
vi.setConfig({ testTimeout: 60_000 })

/** Asks until `check` no longer throws; the last error is the test's. */
async function eventually(check: () => Promise<void>, timeoutMs = 20_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; ; await sleep(250)) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
  }
}

describe('the sample shop', () => {
  const dataDir = join(folder, 'shop')

  test.skipIf(hasDocker)('stands in where there is no Docker', async () => {
    const logboom = await up(join(folder, 'none'), { DOCKER_HOST: '' })
    expect(logboom.greeting).toContain('a sample shop')
    expect(logboom.greeting).toContain('no Docker socket')
    await logboom.end('SIGTERM')
  })

  test('one request is found in all three services', async () => {
    const logboom = await up(dataDir, {}, SAMPLE)
    expect(logboom.greeting).toContain('a sample shop')
    expect(logboom.greeting).toContain('for 7d')
    await eventually(async () => {
      const worker = await linesBy(logboom.url, '{service="fulfillment-worker"} | json | request_id!=""', [
        'request_id',
      ])
      const ids = [...worker.keys()]
      expect(ids.length).toBeGreaterThan(0)
      const services = await linesBy(logboom.url, `{service=~".+"} | json | request_id="${ids[0]}"`, [
        'service',
      ])
      expect([...services.keys()].sort()).toEqual(['fulfillment-worker', 'order-api', 'web-gateway'])
    })
    const code = await logboom.end('SIGTERM')
    expect(code).toBe(0)
  })

  test('a second process on the same data is refused and told of the first', async () => {
    const first = await up(dataDir, {}, SAMPLE)
    await expect(startUp(dataDir, {}, SAMPLE)).rejects.toThrow(/in use|locked|another/i)
    expect(await first.end('SIGTERM')).toBe(0)
  })

  test('a taken port is one clear line', async () => {
    const first = await up(join(folder, 'a'), {}, SAMPLE)
    const { port } = new URL(first.url)
    const bin = fileURLToPath(new URL('../bin/logboom', import.meta.url))
    const args = [bin, 'up', '--listen', `127.0.0.1:${port}`, '--data', join(folder, 'b'), ...SAMPLE]
    const child = spawn(process.execPath, args)
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).toBe(1)
    expect(stderr.trim()).toMatch(new RegExp(`^logboom: 127.0.0.1:${port} is in use; .*--listen`))
    await first.end('SIGTERM')
  })
})

const missing = await dockerdMissing()

describe.skipIf(missing !== undefined)('with a Docker Engine', () => {
  let dockerd: Dockerd

  beforeAll(async () => {
    dockerd = await startDockerd()
    await dockerd.docker(['load', '-i', await busyboxImage()])
  }, 120_000)

  afterAll(async () => {
    await dockerd?.stop()
  }, 60_000)

  /** An image of nothing but busybox, as a tar that `docker load` takes. */
  async function busyboxImage(): Promise<string> {
    const tar = join(folder, 'busybox.tar')
    await dockerd.docker(['version'])
    const rootfs = spawn('sh', [
      '-c',
      `mkdir -p ${folder}/rootfs/bin && cp /bin/busybox ${folder}/rootfs/bin/ &&
      ln -sf busybox ${folder}/rootfs/bin/sh && tar -C ${folder}/rootfs -cf ${folder}/rootfs.tar .`,
    ])
    await once(rootfs, 'exit')
    await dockerd.docker(['import', join(folder, 'rootfs.tar'), 'busybox:test'])
    await dockerd.docker(['save', '-o', tar, 'busybox:test'])
    return tar
  }

  const print = (from: number, to: number, pause: string): string =>
    `i=${from}; while [ $i -lt ${to} ]; do echo "out $i"; echo "err $i" >&2; i=$((i+1)); ${pause}; done`

  const numbered = (word: string, to: number): string[] =>
    Array.from({ length: to }, (_, i) => `${word} ${i}`)

  test('every container is collected from its beginning, once, over restarts of either side', async () => {
    const run = (name: string, script: string, more: string[] = []): Promise<string> =>
      dockerd.docker([
        'run',
        '-d',
        '--network=none',
        '--name',
        name,
        ...more,
        'busybox:test',
        'sh',
        '-c',
        script,
      ])
    await run('before', print(0, 50, ':'))
    await run('talker', `${print(0, 400, 'busybox sleep 0.02')}; busybox sleep 600`, [
      '--label',
      'com.docker.compose.service=chat',
    ])
    const env = { DOCKER_HOST: dockerd.host }
    const dataDir = join(folder, 'docker')
    const first = await up(dataDir, env)
    expect(first.greeting).toContain(dockerd.host)
    await eventually(async () => {
      const lines = await linesBy(first.url, '{service="chat"}', ['stream'])
      expect(lines.get('stdout')?.length).toBeGreaterThan(5)
    })
    // Killed in the middle of the stream, started again: nothing lost, nothing twice.
    await first.end('SIGKILL')
    const second = await up(dataDir, env)
    await run('short-lived', print(0, 3, ':'))
    const check = async (): Promise<void> => {
      const lines = await linesBy(second.url, '{container=~".+"}', ['service', 'container', 'stream'])
      expect(lines.get('before before stdout')).toEqual(numbered('out', 50))
      expect(lines.get('chat talker stdout')).toEqual(numbered('out', 400))
      expect(lines.get('chat talker stderr')).toEqual(numbered('err', 400))
      expect(lines.get('short-lived short-lived stdout')).toEqual(numbered('out', 3))
    }
    await eventually(check, 40_000)
    expect(await second.end('SIGTERM')).toBe(0)
    const third = await up(dataDir, env)
    await sleep(3000)
    const lines = await linesBy(third.url, '{container=~".+"}', ['service', 'container', 'stream'])
    expect(lines.get('chat talker stdout')).toEqual(numbered('out', 400))
    expect(lines.get('chat talker stderr')).toEqual(numbered('err', 400))
    expect(lines.get('short-lived short-lived stdout')).toEqual(numbered('out', 3))
    await third.end('SIGTERM')
  }, 120_000)

  test('an engine that starts later is found', async () => {
    await dockerd.docker([
      'run',
      '-d',
      '--network=none',
      '--name',
      'later',
      'busybox:test',
      'sh',
      '-c',
      'echo hi',
    ])
    const link = join(folder, 'later.sock')
    const logboom = await up(join(folder, 'later'), { DOCKER_HOST: `unix://${link}` })
    expect(logboom.greeting).toContain(`nothing yet: DOCKER_HOST is unix://${link}`)
    symlinkSync(dockerd.socket, link)
    const url = await logboom.nextUrl()
    await eventually(async () => {
      const lines = await linesBy(url, '{service="later"}', ['stream'])
      expect(lines.get('stdout')).toEqual(['hi'])
    })
    expect(await logboom.end('SIGTERM')).toBe(0)
  }, 60_000)
})
