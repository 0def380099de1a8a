import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { compileRules } from '#base/relabel.ts'
import { discoveryDocker } from '#collector/components/discovery_docker.ts'
import { lokiSourceDocker } from '#collector/components/loki_source_docker.ts'
import { lokiWrite } from '#collector/components/loki_write.ts'
import { type FakeLoki, startFakeLoki } from '#collector/testing/fake-loki.ts'
import { type RunningComponent, runComponent } from '#collector/testing/run-component.ts'
import { type Dockerd, dockerdMissing, importBusybox, startDockerd } from '../support/dockerd.ts'

const missing = await dockerdMissing()
const rule = { action: 'replace', separator: ';', regex: '(.*)', replacement: '$1', modulus: 0 }
const relabelRules = compileRules([
  { ...rule, source_labels: ['__meta_docker_container_name'], target_label: 'name', regex: '/(.*)' },
  { ...rule, source_labels: ['__meta_docker_container_log_stream'], target_label: 'stream' },
])

describe.skipIf(missing !== undefined)('collecting from a Docker Engine', () => {
  let dockerd: Dockerd
  let loki: FakeLoki
  let dataDir: string
  let collector: { stop(): Promise<void> } | undefined

  beforeAll(async () => {
    dockerd = await startDockerd()
    await importBusybox(dockerd)
  })
  afterAll(() => dockerd?.stop())
  beforeEach(async () => {
    loki = await startFakeLoki()
    dataDir = mkdtempSync(join(tmpdir(), 'logboom-source-'))
  })
  afterEach(async () => {
    await collector?.stop()
    collector = undefined
    const ids = await dockerd.docker(['ps', '-aq'])
    if (ids !== '') await dockerd.docker(['rm', '-f', ...ids.split('\n')])
    await loki.stop()
    rmSync(dataDir, { recursive: true })
  })

  /** discovery.docker → loki.source.docker → loki.write, as a configuration would wire them. */
  function startCollector(queueConfig?: Record<string, unknown>): void {
    const { host } = dockerd
    const endpoint = { url: loki.url, batch_wait: 50, min_backoff_period: 50, max_backoff_retries: 0 }
    Object.assign(endpoint, queueConfig === undefined ? {} : { queue_config: queueConfig })
    const write = runComponent(lokiWrite, { endpoint: [endpoint] })
    const discovery = runComponent(discoveryDocker, { host }, { dataDir: join(dataDir, 'discovery') })
    const argsFor = (targets: unknown): Record<string, unknown> => ({
      ...{ host, targets, forward_to: [write.exports.receiver], relabel_rules: relabelRules },
      ...{ labels: {}, refresh_interval: 60_000 },
    })
    const source = runComponent(lokiSourceDocker, argsFor([]), { dataDir }) as RunningComponent<unknown>
    discovery.onExports(({ targets }) => void source.instance.update(argsFor(targets)))
    collector = {
      async stop() {
        await Promise.all([discovery.stop(), source.stop()])
        await write.stop()
      },
    }
  }
  async function restartCollector(): Promise<void> {
    await collector?.stop()
    startCollector()
  }
  const run = (name: string, script: string, ...options: string[]): Promise<string> =>
    dockerd.docker(['run', '-d', '--name', name, ...options, 'busybox:local', 'sh', '-c', script])
  const count = (from: number, to: number, delay = ''): string =>
    `for i in $(seq ${from} ${to}); do echo out $i; echo err $i >&2; ${delay}done`
  const linesOf = (name: string, stream: string): string[] =>
    loki
      .entries()
      .flatMap(({ labels, line }) => (labels === `{name="${name}", stream="${stream}"}` ? [line] : []))
  const numbered = (word: string, from: number, to: number): string[] =>
    Array.from({ length: to - from + 1 }, (_, index) => `${word} ${from + index}`)
  const soon = { timeout: 15_000, interval: 50 }

  test('takes each line of both streams once and in order', async () => {
    startCollector()
    await run('both', count(1, 2000))
    await vi.waitFor(() => expect(linesOf('both', 'stderr')).toEqual(numbered('err', 1, 2000)), soon)
    await vi.waitFor(() => expect(linesOf('both', 'stdout')).toEqual(numbered('out', 1, 2000)), soon)
    const stamps = loki.entries().map(({ tsNs }) => tsNs)
    expect(new Set(stamps).size).toBeGreaterThan(2000)
  })

  test('reads terminals, empty lines and lines of 100 KB', async () => {
    startCollector()
    const long = "head -c 100000 /dev/zero | tr '\\0' x; echo"
    await run('long', `echo a; echo; ${long}; echo b`)
    await run('tty', `echo a; echo; ${long}; echo b`, '-t')
    const expected = ['a', 'x'.repeat(100_000), 'b']
    await vi.waitFor(() => expect(linesOf('long', 'stdout')).toEqual(expected), soon)
    await vi.waitFor(() => expect(linesOf('tty', 'stdout')).toEqual(expected), soon)
  })

  test('keeps a last line without an end', async () => {
    startCollector()
    await run('last', "echo a; printf 'no end'")
    await vi.waitFor(() => expect(linesOf('last', 'stdout')).toEqual(['a', 'no end']), soon)
  })

  test('keeps a last word of a terminal without an end, and the first line of its next life', async () => {
    startCollector()
    await run('prompt', "echo a; printf '$ '", '-t')
    await vi.waitFor(() => expect(linesOf('prompt', 'stdout')).toEqual(['a', '$ ']), soon)
    await dockerd.docker(['start', 'prompt'])
    await vi.waitFor(() => expect(linesOf('prompt', 'stdout')).toEqual(['a', '$ ', 'a', '$ ']), soon)
    await collector?.stop()
    for (const _ of [1, 2]) {
      await dockerd.docker(['start', 'prompt'])
      await dockerd.docker(['wait', 'prompt'])
    }
    await run('other', 'sleep 100')
    startCollector()
    const four = ['a', '$ ', 'a', '$ ', 'a', '$ ', 'a', '$ ']
    await vi.waitFor(() => expect(linesOf('prompt', 'stdout')).toEqual(four), soon)
  })

  test('follows a container over its restart, and a new one of the same name', async () => {
    startCollector()
    await run('again', count(1, 50))
    await vi.waitFor(() => expect(linesOf('again', 'stdout')).toHaveLength(50), soon)
    await dockerd.docker(['start', 'again'])
    await vi.waitFor(() => expect(linesOf('again', 'stdout')).toHaveLength(100), soon)
    await dockerd.docker(['rm', '-f', 'again'])
    await run('again', count(51, 60))
    const expected = [...numbered('err', 1, 50), ...numbered('err', 1, 50), ...numbered('err', 51, 60)]
    await vi.waitFor(() => expect(linesOf('again', 'stderr')).toEqual(expected), soon)
  })

  test('goes on exactly where it stopped, however often, while lines keep coming', async () => {
    startCollector()
    await run('resumed', count(1, 300, 'usleep 10000; '))
    for (let round = 0; round < 4; round++) {
      await new Promise((resolve) => setTimeout(resolve, 600))
      await restartCollector()
    }
    await vi.waitFor(() => expect(linesOf('resumed', 'stdout')).toEqual(numbered('out', 1, 300)), soon)
    await vi.waitFor(() => expect(linesOf('resumed', 'stderr')).toEqual(numbered('err', 1, 300)), soon)
    await restartCollector()
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(linesOf('resumed', 'stdout')).toHaveLength(300)
  })

  test('reads what a container said before it stopped while nobody listened', async () => {
    startCollector()
    await run('unseen', count(1, 100, 'usleep 10000; '))
    await vi.waitFor(() => expect(linesOf('unseen', 'stdout').length).toBeGreaterThan(5), soon)
    await collector?.stop()
    await dockerd.docker(['wait', 'unseen'])
    // Another container makes sure that there is a target at all.
    await run('other', 'sleep 100')
    startCollector()
    await vi.waitFor(() => expect(linesOf('unseen', 'stdout')).toEqual(numbered('out', 1, 100)), soon)
  })

  test('reads a container that lived and ended while nobody listened', async () => {
    startCollector()
    await run('known', count(1, 3))
    await vi.waitFor(() => expect(linesOf('known', 'stdout')).toHaveLength(3), soon)
    await collector?.stop()
    await run('missed', count(1, 5))
    await dockerd.docker(['wait', 'missed'])
    startCollector()
    await vi.waitFor(() => expect(linesOf('missed', 'stdout')).toEqual(numbered('out', 1, 5)), soon)
    expect(linesOf('known', 'stdout')).toHaveLength(3)
  })

  test('catches containers that live only for a moment', async () => {
    startCollector()
    const names = Array.from({ length: 8 }, (_, index) => `brief${index}`)
    await Promise.all(names.map((name) => run(name, `echo ${name}`)))
    for (const name of names) await vi.waitFor(() => expect(linesOf(name, 'stdout')).toEqual([name]), soon)
  })

  test('loses and repeats nothing while the server is away or refuses', async () => {
    let calls = 0
    loki.answer = () => ([500, 'close', 429, 204] as const)[calls++ % 4]
    startCollector()
    await run('stubborn', count(1, 3000))
    await vi.waitFor(() => expect(linesOf('stubborn', 'stdout')).toEqual(numbered('out', 1, 3000)), soon)
    await vi.waitFor(() => expect(linesOf('stubborn', 'stderr')).toEqual(numbered('err', 1, 3000)), soon)
  })

  test('finds the lines of files that were rotated away while the server was slow', async () => {
    loki.answer = () => 500
    startCollector({ capacity: 64 * 1024, min_shards: 1 })
    const pad = 'x'.repeat(100)
    const rotated = ['--log-opt', 'max-size=100k', '--log-opt', 'max-file=40']
    await run('rotated', `for i in $(seq 1 10000); do echo $i ${pad}; done; sleep 100`, ...rotated)
    await new Promise((resolve) => setTimeout(resolve, 3000))
    loki.answer = () => 204
    const numbers = (): number[] => linesOf('rotated', 'stdout').map((line) => Number(line.split(' ')[0]))
    await vi.waitFor(() => expect(numbers().at(-1)).toBe(10_000), soon)
    expect(new Set(numbers()).size).toBe(10_000)
  })

  test('loses no file at the first rotation after it was started', async () => {
    const pad = 'x'.repeat(100)
    const burst = `n=0; while [ $n -lt 700 ]; do n=$((n+1)); i=$((i+1)); echo $i ${pad}; done; usleep 300000`
    const script = `i=0; while [ $i -lt 7000 ]; do ${burst}; done; sleep 100`
    await run('bursts', script, '--log-opt', 'max-size=100k', '--log-opt', 'max-file=40')
    await new Promise((resolve) => setTimeout(resolve, 1000))
    startCollector()
    const numbers = (): number[] => linesOf('bursts', 'stdout').map((line) => Number(line.split(' ')[0]))
    await vi.waitFor(() => expect(numbers().at(-1)).toBe(7000), soon)
    expect(new Set(numbers()).size).toBe(7000)
  })

  test('reads what was written after the clock had been set back while nobody listened', async () => {
    startCollector()
    const id = await run('clock', count(1, 5))
    await vi.waitFor(() => expect(linesOf('clock', 'stderr')).toHaveLength(5), soon)
    await collector?.stop()
    const log = join(dirname(dockerd.socket), 'data/containers', id, `${id}-json.log`)
    const record = (text: string, hour: number): string =>
      `${JSON.stringify({ log: `${text}\n`, stream: 'stdout', time: `2026-01-02T0${hour}:00:00.5Z` })}\n`
    appendFileSync(log, record('an hour back', 2) + record('later', 3) + record('two hours back', 1))
    await run('other', 'sleep 100')
    startCollector()
    const expected = [...numbered('out', 1, 5), 'an hour back', 'later', 'two hours back']
    await vi.waitFor(() => expect(linesOf('clock', 'stdout')).toEqual(expected), soon)
    await restartCollector()
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(linesOf('clock', 'stdout')).toEqual(expected)
    expect(linesOf('clock', 'stderr')).toEqual(numbered('err', 1, 5))
  })

  test('survives a restart of the engine', async () => {
    startCollector()
    await run('engine', count(1, 20), '--restart', 'no')
    await vi.waitFor(() => expect(linesOf('engine', 'stdout')).toHaveLength(20), soon)
    await dockerd.restart()
    await dockerd.docker(['start', 'engine'])
    await vi.waitFor(() => expect(linesOf('engine', 'stdout')).toHaveLength(40), { ...soon, timeout: 30_000 })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(linesOf('engine', 'stderr')).toEqual([...numbered('err', 1, 20), ...numbered('err', 1, 20)])
  }, 60_000)
})
