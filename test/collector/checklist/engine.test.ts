import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { compileRules } from '#base/relabel.ts'
import { discoveryDocker } from '#collector/components/discovery_docker.ts'
import { lokiSourceDocker } from '#collector/components/loki_source_docker.ts'
import type { LogBatch } from '#collector/pipeline.ts'
import { type RunningComponent, runComponent } from '#collector/testing/run-component.ts'
import { type ScriptedEngine, startScriptedEngine } from '../scripted-engine.ts'

const rule = { action: 'replace', separator: ';', regex: '(.*)', replacement: '$1', modulus: 0 }
const rules = compileRules([
  { ...rule, source_labels: ['__meta_docker_container_name'], target_label: 'name', regex: '/(.*)' },
  { ...rule, source_labels: ['__meta_docker_container_label_team'], target_label: 'team' },
  { ...rule, source_labels: ['__meta_docker_container_log_stream'], target_label: 'stream' },
])
const LONGEST = 1024 * 1024

let engine: ScriptedEngine
let dataDir: string
let source: RunningComponent<unknown>
let stop: () => Promise<void>
let came: { readonly labels: string; readonly line: string }[]

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'logboom-engine-'))
  came = []
  engine = await startScriptedEngine()
  start()
})
afterEach(async () => {
  await stop()
  await engine.close()
  rmSync(dataDir, { recursive: true })
})

function start(): void {
  const receiver = {
    async push({ labels, entries, delivery }: LogBatch) {
      const text = labels.map(([, value]) => value).join(' ')
      for (const { line } of entries)
        came.push({ labels: text, line: Buffer.from(line as Uint8Array).toString() })
      delivery.done()
    },
  }
  const { host } = engine
  const discovery = runComponent(discoveryDocker, { host }, { dataDir: join(dataDir, 'discovery') })
  const args = (targets: unknown): Record<string, unknown> => ({
    ...{ host, targets, forward_to: [receiver], labels: {}, refresh_interval: 60_000 },
    relabel_rules: rules,
  })
  source = runComponent(lokiSourceDocker, args([]), { dataDir }) as RunningComponent<unknown>
  discovery.onExports(({ targets }) => void source.instance.update(args(targets)))
  stop = async () => {
    await Promise.all([discovery.stop(), source.stop()])
  }
}

const all = (): string[] => came.map(({ labels, line }) => `${labels}: ${line}`)
const arrived = (...lines: string[]): Promise<void> => vi.waitFor(() => expect(all()).toEqual(lines))
const metric = async (name: string): Promise<number | undefined> =>
  (await source.metrics.getSingleMetric(name)?.get())?.values[0]?.value

describe('the log of a container, at an http:// host', () => {
  test('both streams of one without a terminal, everything of one with it', async () => {
    const plain = engine.make('plain')
    plain.write('stdout', 'out\n')
    await arrived('plain stdout: out')
    plain.write('stderr', 'err\n')
    await arrived('plain stdout: out', 'plain stderr: err')
    engine.make('tty', { tty: true }).write('stdout', 'screen\n')
    await arrived('plain stdout: out', 'plain stderr: err', 'tty stdout: screen')
  })

  test('a line in pieces of 16 KiB, the other stream speaking in between', async () => {
    const app = engine.make('app')
    const long = 'x'.repeat(100_000)
    app.write('stdout', `${long.slice(0, 65_536)}`)
    app.write('stderr', 'meanwhile\n')
    app.write('stdout', `${long.slice(65_536)}\n`)
    await vi.waitFor(() => expect(came).toHaveLength(2))
    expect(came.map(({ line }) => line.length).toSorted()).toEqual([100_000, 9])
  })

  test('a line over 1 MiB is skipped and counted, and reading goes on', async () => {
    const app = engine.make('app')
    app.write('stdout', `before\n${'x'.repeat(LONGEST + 1)}\n${'y'.repeat(LONGEST)}\nafter\n`)
    await vi.waitFor(() => expect(came.map(({ line }) => line.length)).toEqual([6, LONGEST, 5]))
    expect(await metric('loki_source_docker_target_too_long_lines_total')).toBe(1)
  })

  test('empty lines are left out, those of spaces are lines', async () => {
    engine.make('app').write('stdout', 'a\n\n   \n\nb\n')
    await arrived('app stdout: a', 'app stdout:    ', 'app stdout: b')
  })

  test('goes on over stops, starts and a new container of the same name', async () => {
    const app = engine.make('app')
    app.write('stdout', 'one\n')
    await arrived('app stdout: one')
    app.write('stdout', 'last word')
    app.stop()
    await arrived('app stdout: one', 'app stdout: last word')
    app.start()
    app.write('stdout', 'two\n')
    await vi.waitFor(() => expect(all().at(-1)).toBe('app stdout: two'))
    app.stop()
    app.remove()
    engine.make('app').write('stdout', 'three\n')
    await vi.waitFor(() => expect(all().at(-1)).toBe('app stdout: three'))
    expect(came.map(({ line }) => line)).toEqual(['one', 'last word', 'two', 'three'])
  })

  test('a restart of the collector within the second repeats nothing and loses nothing', async () => {
    const app = engine.make('app')
    for (let round = 0; round < 3; round++) {
      app.write('stdout', `a${round}\nb${round}\n`)
      await vi.waitFor(() => expect(came).toHaveLength(2 * (round + 1)))
      await stop()
      start()
    }
    await sleep(200)
    expect(came.map(({ line }) => line)).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2'])
  })

  test('changed labels hold from then on, and send nothing again', async () => {
    const app = engine.make('app', { labels: { team: 'red' } })
    app.write('stdout', 'one\n')
    await arrived('app stdout red: one')
    app.relabel({ team: 'blue' })
    await vi.waitFor(() => {
      app.write('stdout', 'two\n')
      expect(all().at(-1)).toBe('app stdout blue: two')
    })
    expect(all().filter((line) => line.endsWith('one'))).toHaveLength(1)
  })

  test('a proxy that ends idle streams has nothing sent again, however often', async () => {
    const app = engine.make('app')
    app.write('stdout', 'one\n')
    await arrived('app stdout: one')
    for (let opened = 1; opened < 4; opened++) {
      await vi.waitFor(() => expect(engine.followed(app.id)).toBeGreaterThanOrEqual(opened))
      engine.cut()
    }
    await vi.waitFor(() => expect(engine.followed(app.id)).toBeGreaterThanOrEqual(4))
    app.write('stdout', 'two\n')
    await arrived('app stdout: one', 'app stdout: two')
  })
})
