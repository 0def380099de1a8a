import { exec } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
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
])
const LONG = 100_000
const ROTATED = ['--log-opt', 'max-size=100k', '--log-opt', 'max-file=100']
/** Numbered lines of a life each, on both streams; `long` ones are cut into pieces by the engine. */
const LIFE = 'life=$(cat /proc/sys/kernel/random/uuid); i=0'
const SHORT = `${LIFE}; while :; do i=$((i+1)); echo $life o $i; echo $life e $i >&2; usleep 5000; done`
const PAD = `pad=$(head -c ${LONG} /dev/zero | tr '\\0' x)`
const PADDED = `${LIFE}; ${PAD}; while :; do i=$((i+1)); echo $life $i $pad; usleep 100000; done`

describe.skipIf(missing !== undefined)('the engine is killed', () => {
  let dockerd: Dockerd
  let loki: FakeLoki
  let dataDir: string
  let collector: { stop(): Promise<void> } | undefined
  beforeEach(async () => {
    loki = await startFakeLoki()
    dataDir = mkdtempSync(join(tmpdir(), 'logboom-killed-'))
  })
  afterEach(async () => {
    await collector?.stop()
    await dockerd?.stop()
    await loki.stop()
    rmSync(dataDir, { recursive: true })
  }, 60_000)

  function startCollector(): void {
    const { host } = dockerd
    const endpoint = { url: loki.url, batch_wait: 50, min_backoff_period: 50, max_backoff_retries: 0 }
    const write = runComponent(lokiWrite, { endpoint: [endpoint] })
    const discovery = runComponent(discoveryDocker, { host }, { dataDir: join(dataDir, 'discovery') })
    const args = (targets: unknown): Record<string, unknown> => ({
      ...{ host, targets, forward_to: [write.exports.receiver], relabel_rules: relabelRules },
      ...{ labels: {}, refresh_interval: 60_000 },
    })
    const source = runComponent(lokiSourceDocker, args([]), { dataDir }) as RunningComponent<unknown>
    discovery.onExports(({ targets }) => void source.instance.update(args(targets)))
    collector = {
      async stop() {
        await Promise.all([discovery.stop(), source.stop()])
        await write.stop()
      },
    }
  }
  const linesOf = (name: string): string[] =>
    loki.entries().flatMap(({ labels, line }) => (labels === `{name="${name}"}` ? [line] : []))
  /** What the engine has of a container, with the streams put together. */
  async function loggedBy(name: string): Promise<string[]> {
    const streams = ['2>/dev/null', '2>&1 >/dev/null'].map(async (how) => {
      const command = `docker -H ${dockerd.host} logs ${name} ${how}`
      const { stdout } = await promisify(exec)(command, { maxBuffer: 1 << 28 })
      return stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.replace(/\r$/, '')]))
    })
    return (await Promise.all(streams)).flat()
  }

  test.each([
    ['and the containers end, once', [], 1],
    ['and the containers live on, twice', ['--live-restore'], 2],
  ])(
    '%s: each line that it has is collected once',
    async (_, args, kills) => {
      dockerd = await startDockerd({ supervised: true, args })
      await importBusybox(dockerd)
      const run = (name: string, script: string, ...options: string[]): Promise<string> =>
        dockerd.docker(['run', '-d', '--name', name, ...options, 'busybox:local', 'sh', '-c', script])
      startCollector()
      const names = ['short', 'rotated', 'terminal', 'long', 'long-rotated']
      await run('short', SHORT)
      await run('rotated', SHORT, ...ROTATED)
      await run('terminal', SHORT, '-t', ...ROTATED)
      await run('long', PADDED)
      await run('long-rotated', PADDED, '--log-opt', 'max-size=1m', '--log-opt', 'max-file=200')
      for (let round = 0; round < kills; round++) {
        await sleep(1500)
        await dockerd.kill()
        for (const name of names) await dockerd.docker(['start', name])
      }
      await sleep(1500)
      for (const name of names) await dockerd.docker(['kill', name])
      for (const name of names) {
        const expected = (await loggedBy(name)).sort()
        expect(expected.length).toBeGreaterThan(20)
        const soon = { timeout: 30_000, interval: 200 }
        await vi.waitFor(
          () => expect(linesOf(name).length, name).toBeGreaterThanOrEqual(expected.length),
          soon,
        )
        await sleep(300)
        expect(linesOf(name).sort(), name).toEqual(expected)
      }
    },
    180_000,
  )
})
