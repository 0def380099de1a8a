import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { compileRules } from '#base/relabel.ts'
import { discoveryDocker } from '#collector/components/discovery_docker.ts'
import { lokiSourceDocker } from '#collector/components/loki_source_docker.ts'
import type { LogBatch } from '#collector/pipeline.ts'
import { type RunningComponent, runComponent } from '#collector/testing/run-component.ts'
import { type PodmanEngine, podmanMissing, startPodman } from './podman/podman-engine.ts'

const missing = podmanMissing()
const rule = { action: 'replace', separator: ';', regex: '(.*)', replacement: '$1', modulus: 0 }
const rules = compileRules([
  { ...rule, source_labels: ['__meta_docker_container_name'], target_label: 'name', regex: '/(.*)' },
])

describe.skipIf(missing !== undefined)('collecting from Podman', () => {
  let engine: PodmanEngine
  let dataDir: string
  let stop: () => Promise<void>
  /** What came, as `name time line`. */
  let came: { name: string; time: string; line: string }[]

  beforeAll(async () => {
    engine = await startPodman()
  }, 120_000)
  afterAll(() => engine?.stop(), 120_000)
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'logboom-source-'))
    came = []
    start()
  })
  afterEach(async () => {
    await stop()
    await engine.podman(['rm', '--all', '--force', '--time=0'])
    rmSync(dataDir, { recursive: true })
  }, 60_000)

  function start(): void {
    const receiver = {
      async push({ labels, entries, delivery }: LogBatch) {
        const name = labels.find(([label]) => label === 'name')?.[1] ?? ''
        for (const { tsMs, tsNs, line } of entries) {
          came.push({ name, time: `${tsMs} ${tsNs}`, line: Buffer.from(line as Uint8Array).toString() })
        }
        delivery.done()
      },
    }
    const { host } = engine
    const discovery = runComponent(discoveryDocker, { host }, { dataDir: join(dataDir, 'discovery') })
    const args = (targets: unknown): Record<string, unknown> => ({
      ...{ host, targets, forward_to: [receiver], labels: {}, refresh_interval: 60_000 },
      relabel_rules: rules,
    })
    const source = runComponent(lokiSourceDocker, args([]), { dataDir }) as RunningComponent<unknown>
    discovery.onExports(({ targets }) => void source.instance.update(args(targets)))
    stop = async () => {
      await Promise.all([discovery.stop(), source.stop()])
    }
  }
  const run = (name: string, script: string): Promise<string> =>
    engine.podman(['run', '-d', '--name', name, '--network=none', 'busybox:local', 'sh', '-c', script])
  const linesOf = (name: string): string[] =>
    came.filter((line) => line.name === name).map(({ line }) => line)
  const numbered = (from: number, to: number): string[] =>
    Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`)
  const soon = { timeout: 30_000, interval: 50 }

  test('each line once and in order, each at a time of its own', async () => {
    await run('app', 'for i in $(seq 1 500); do echo line $i; done; sleep 300')
    await vi.waitFor(() => expect(linesOf('app')).toEqual(numbered(1, 500)), soon)
    expect(new Set(came.map(({ time }) => time)).size).toBe(500)
  }, 60_000)

  test('long lines, and a last one without an end', async () => {
    await run('long', "echo a; head -c 100000 /dev/zero | tr '\\0' x; echo; printf end")
    await vi.waitFor(() => expect(linesOf('long')).toEqual(['a', 'x'.repeat(100_000), 'end']), soon)
  }, 60_000)

  test('a container that is gone in a moment, also one that ran while the collector was down', async () => {
    await run('brief', 'echo one')
    await vi.waitFor(() => expect(linesOf('brief')).toEqual(['one']), soon)
    await stop()
    await run('unseen', 'echo two')
    await sleep(1500)
    start()
    await vi.waitFor(() => expect(linesOf('unseen')).toEqual(['two']), soon)
    expect(linesOf('brief')).toEqual(['one'])
  }, 60_000)

  test('goes on where it stopped, within a second that is the time of many lines', async () => {
    await run('resumed', 'for i in $(seq 1 300); do echo line $i; usleep 10000; done; sleep 300')
    for (let round = 0; round < 3; round++) {
      await sleep(500)
      await stop()
      start()
    }
    await vi.waitFor(() => expect(linesOf('resumed')).toContain('line 300'), soon)
    expect(linesOf('resumed')).toEqual(numbered(1, 300))
  }, 60_000)

  test('a container that starts again is read on at once', async () => {
    await run('again', 'echo life')
    await vi.waitFor(() => expect(linesOf('again')).toEqual(['life']), soon)
    await sleep(1100)
    await engine.podman(['start', 'again'])
    await vi.waitFor(() => expect(linesOf('again')).toEqual(['life', 'life']), soon)
  }, 60_000)
})
