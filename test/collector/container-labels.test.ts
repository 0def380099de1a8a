import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { dockerConfig } from '#cli/up-config.ts'
import { type Collector, startCollector } from '#collector/runtime/collector.ts'
import { type FakeLoki, startFakeLoki } from '#collector/testing/fake-loki.ts'
import { type Dockerd, dockerdMissing, importBusybox, startDockerd } from '../support/dockerd.ts'

const missing = await dockerdMissing()

describe.skipIf(missing !== undefined)('labels of containers, as logboom up takes them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'logboom-labels-'))
  let dockerd: Dockerd
  let loki: FakeLoki
  let collector: Collector

  beforeAll(async () => {
    dockerd = await startDockerd()
    await importBusybox(dockerd)
    loki = await startFakeLoki()
    const files = [{ name: 'logboom up', text: dockerConfig(dockerd.host, { pushUrl: loki.url }) }]
    collector = await startCollector({ config: { files }, storagePath: folder, logger: silentLogger })
  })
  afterAll(async () => {
    await collector?.stop(2000)
    await loki?.stop()
    await dockerd?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** What arrived of a container: lines, and their structured metadata as `name=value`. */
  function linesOf(name: string): string[] {
    const labels = `{container="${name}", service="${name}", stream="stdout"}`
    return loki
      .entries()
      .filter((entry) => entry.labels === labels)
      .map(({ line, metadata }) => [line, ...metadata.map((pair) => pair.join('='))].join(' '))
  }

  test.each<[name: string, labels: Record<string, string>, script: string, expected: string[]]>([
    ['plain', {}, 'echo one; echo " two"', ['one', ' two']],
    [
      'joined',
      { 'logboom.multiline': '^\\d{4}-' },
      'echo 2026-01 boom; echo "  at a"; echo "  at b"; echo 2026-02 fine',
      ['2026-01 boom\n  at a\n  at b', '2026-02 fine'],
    ],
    ['thinned', { 'logboom.drop': 'GET /health' }, 'echo GET /health 200; echo GET /a 200', ['GET /a 200']],
    [
      'json',
      { 'logboom.parse': 'json' },
      `echo '{"severity":"warn","time":"2026-01-02T03:04:05Z","m":1}'; echo none`,
      [
        '{"severity":"warn","time":"2026-01-02T03:04:05Z","m":1} level=warn timestamp=2026-01-02T03:04:05Z',
        'none',
      ],
    ],
    [
      'logfmt',
      { 'logboom.parse': 'logfmt' },
      'echo "ts=1 lvl=error msg=x"',
      ['ts=1 lvl=error msg=x level=error timestamp=1'],
    ],
    [
      'regex',
      { 'logboom.parse': 'regex:^(?P<level>\\w+) \\[(?P<thread>[^\\]]+)\\]', 'logboom.drop': '^DEBUG' },
      'echo "ERROR [main] x"; echo "DEBUG [main] y"',
      ['ERROR [main] x level=ERROR thread=main'],
    ],
    ['mistaken', { 'logboom.multiline': '(', 'logboom.parse': 'xml' }, 'echo a; echo b', ['a', 'b']],
  ])('%s', async (name, labels, script, expected) => {
    const options = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`])
    await dockerd.docker(['run', '-d', '--name', name, ...options, 'busybox:local', 'sh', '-c', script])
    await vi.waitFor(() => expect(linesOf(name)).toEqual(expected), { timeout: 20_000, interval: 100 })
  })

  test('logboom.enable=false leaves a container out', async () => {
    const run = (name: string, value: string): Promise<string> =>
      dockerd.docker([
        'run',
        '--name',
        name,
        '--label',
        `logboom.enable=${value}`,
        'busybox:local',
        'echo',
        name,
      ])
    await run('private', 'false')
    await run('public', 'true')
    await vi.waitFor(() => expect(linesOf('public')).toEqual(['public']), { timeout: 20_000, interval: 100 })
    expect(linesOf('private')).toEqual([])
  })
})
