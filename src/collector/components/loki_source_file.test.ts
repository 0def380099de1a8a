import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { labelsText } from '#base/labels.ts'
import type { LogsReceiver } from '../pipeline.ts'
import { type RunningComponent, runComponent } from '../testing/run-component.ts'
import { lokiSourceFile } from './loki_source_file.ts'

let folder: string
let file: string
let running: RunningComponent<unknown>[]
/** Everything delivered, as `labels line`. */
let got: string[]
let receiver: LogsReceiver
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-file-'))
  file = join(folder, 'app.log')
  running = []
  got = []
  receiver = {
    async push({ labels, entries, delivery }) {
      const text = labelsText(labels.filter(([name]) => name !== 'filename'))
      for (const { line } of entries) got.push(`${text} ${Buffer.from(line as string)}`)
      delivery.done()
    },
  }
})
afterEach(async () => {
  for (const component of running) await component.stop()
  rmSync(folder, { recursive: true })
})

function start(args: Record<string, unknown> = {}): RunningComponent<unknown> {
  const targets = [{ __path__: file, app: 'x', __hidden: 'y' }]
  const quick = { min_poll_frequency: 10, max_poll_frequency: 10 }
  const component = runComponent(
    lokiSourceFile,
    { targets, forward_to: [receiver], file_watch: quick, ...args },
    { dataDir: join(folder, 'data') },
  )
  running.push(component as RunningComponent<unknown>)
  return component as RunningComponent<unknown>
}

async function arrived(...lines: string[]): Promise<void> {
  await vi.waitFor(() => expect(got).toEqual(lines.map((line) => `{app="x"} ${line}`)), { timeout: 5000 })
}

test('reads what is there and what comes, and holds a line without its end back', async () => {
  writeFileSync(file, 'one\r\ntwo\nthr')
  start()
  await arrived('one', 'two')
  appendFileSync(file, 'ee\n')
  await arrived('one', 'two', 'three')
})

test('goes on after a restart where it stopped, also when nothing was written since', async () => {
  writeFileSync(file, 'one\ntwo\n')
  const first = start()
  await arrived('one', 'two')
  await first.stop()
  appendFileSync(file, 'three\n')
  const second = start()
  await arrived('one', 'two', 'three')
  await second.stop()
  start()
  appendFileSync(file, 'four\n')
  await arrived('one', 'two', 'three', 'four')
})

test('reads a rotated file to its end, then the new one', async () => {
  writeFileSync(file, 'one\n')
  start()
  await arrived('one')
  appendFileSync(file, 'two\nlast')
  renameSync(file, `${file}.1`)
  writeFileSync(file, 'three\n')
  await arrived('one', 'two', 'last', 'three')
})

test('finishes a file that was rotated while the collector was down', async () => {
  writeFileSync(file, 'one\n')
  const first = start()
  await arrived('one')
  await first.stop()
  appendFileSync(file, 'two\n')
  renameSync(file, `${file}.1`)
  writeFileSync(file, 'three\n')
  start()
  await arrived('one', 'two', 'three')
})

test('starts over when the file is cut short', async () => {
  writeFileSync(file, 'one\ntwo\n')
  start()
  await arrived('one', 'two')
  copyFileSync(file, `${file}.1`)
  truncateSync(file)
  await new Promise((resolve) => setTimeout(resolve, 100))
  appendFileSync(file, 'three\n')
  await arrived('one', 'two', 'three')
})

test('waits for a file that is not there yet', async () => {
  start({ targets: [{ __path__: file, app: 'x' }] })
  writeFileSync(file, 'one\n')
  await arrived('one')
})

test('tail_from_end begins with the line after the present ones', async () => {
  writeFileSync(file, 'one\ntwo\nthr')
  start({ tail_from_end: true })
  await new Promise((resolve) => setTimeout(resolve, 200))
  appendFileSync(file, 'ee\n')
  await arrived('three')
})

test('decodes UTF-16 by its mark, and other encodings by name', async () => {
  writeFileSync(file, Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('grün\nĊ\n', 'utf16le')]))
  start()
  await arrived('grün', 'Ċ')
  const latin = join(folder, 'latin.log')
  writeFileSync(latin, Buffer.from('weiß\n', 'latin1'))
  got.length = 0
  start({ targets: [{ __path__: latin, app: 'x' }], encoding: 'iso-8859-1' })
  await arrived('weiß')
})

test('reads a compressed file once', async () => {
  writeFileSync(file, gzipSync('one\ntwo\n'))
  const decompression = { enabled: true, format: 'gz' }
  const first = start({ decompression })
  await arrived('one', 'two')
  await first.stop()
  await start({ decompression }).stop()
  await arrived('one', 'two')
})

test('finds files by pattern', async () => {
  writeFileSync(join(folder, 'a.log'), 'a\n')
  writeFileSync(join(folder, 'b.log'), 'b\n')
  start({
    targets: [{ __path__: join(folder, '*.log'), app: 'x' }],
    file_match: { enabled: true, sync_period: 50 },
  })
  await vi.waitFor(() => expect([...got].sort()).toEqual(['{app="x"} a', '{app="x"} b']))
})

test('does not move its place past lines that have not been delivered', async () => {
  writeFileSync(file, 'one\ntwo\n')
  const taken: string[] = []
  const held: LogsReceiver = {
    async push({ entries }) {
      for (const { line } of entries) taken.push(String(line))
    },
  }
  const first = start({ forward_to: [held] })
  await vi.waitFor(() => expect(taken).toHaveLength(2))
  await first.stop()
  start()
  await arrived('one', 'two')
  await vi.waitFor(() =>
    expect(readFileSync(join(folder, 'data/positions.yml'), 'utf8')).toMatch(/"8 8:[0-9a-f]{16}"/),
  )
})

test.each([
  [{ encoding: 'klingon' }, 'encoding "klingon" is not known'],
  [{ decompression: { enabled: true, format: 'bz2' } }, 'not supported yet: decompression format "bz2"'],
])('refuses %j', (args, message) => {
  expect(() => start(args)).toThrow(message)
})

describe('legacy_positions_file', () => {
  const legacy = (): string => join(folder, 'promtail.yml')
  const first = 'one\ntwo\n'
  beforeEach(() => writeFileSync(file, `${first}three\n`))

  test('goes on where Promtail has stopped, once', async () => {
    const text = `positions:\n  cursor-journal: s=1\n  ${file}: "${first.length}"\n`
    writeFileSync(legacy(), text)
    const component = start({ legacy_positions_file: legacy() })
    await arrived('three')
    await component.stop()
    rmSync(join(folder, 'data'), { recursive: true })
    writeFileSync(legacy(), `positions:\n  ${file}: "0"\n`)
    start({ legacy_positions_file: legacy() })
    await arrived('three', 'one', 'two', 'three')
  })

  test('is not looked at where there are positions already', async () => {
    const before = start()
    await arrived('one', 'two', 'three')
    await before.stop()
    writeFileSync(legacy(), `positions:\n  ${file}: "${first.length}"\n`)
    start({ legacy_positions_file: legacy() })
    appendFileSync(file, 'four\n')
    await arrived('one', 'two', 'three', 'four')
  })

  test.each([
    ['absent', undefined],
    ['no YAML', ': ['],
    ['of another form', 'positions: 3'],
  ])('%s is no hindrance', async (_, text) => {
    if (text !== undefined) writeFileSync(legacy(), text)
    start({ legacy_positions_file: legacy() })
    await arrived('one', 'two', 'three')
  })

  test('that cannot be read stops the start: all files would be sent again', () => {
    mkdirSync(legacy())
    expect(() => start({ legacy_positions_file: legacy() })).toThrow('legacy_positions_file: cannot read')
  })
})
