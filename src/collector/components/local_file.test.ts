import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { type Collector, startCollector } from '../runtime/collector.ts'

let folder: string
let collector: Collector | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-file-'))
})
afterEach(async () => {
  await collector?.stop(1000)
  collector = undefined
  rmSync(folder, { recursive: true })
})

async function start(text: string): Promise<Collector> {
  collector = await startCollector({
    config: { files: [{ name: 'config.alloy', text }] },
    storagePath: folder,
    logger: silentLogger,
  })
  return collector
}

function shown(id: string): unknown {
  const first = collector?.component(id)?.exports[0]
  return first?.type === 'attr' ? first.value : undefined
}

/** Waits until an export is as expected; the test's own timeout ends the waiting. */
async function untilShown(id: string, expected: unknown): Promise<void> {
  const wanted = JSON.stringify(expected)
  while (JSON.stringify(shown(id)) !== wanted) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('local.file', () => {
  test.each(['fsnotify', 'poll'])('follows a file with %s', async (detector) => {
    const path = join(folder, 'f')
    writeFileSync(path, 'one\n')
    const frequency = detector === 'poll' ? '10ms' : '1h'
    await start(`local.file "f" {
      filename       = "${path}"
      detector       = "${detector}"
      poll_frequency = "${frequency}"
    }`)
    expect(shown('local.file.f')).toEqual({ type: 'string', value: 'one\n' })
    writeFileSync(`${path}.new`, 'two')
    renameSync(`${path}.new`, path)
    await untilShown('local.file.f', { type: 'string', value: 'two' })
    rmSync(path)
    while (collector?.components()[0].health.state !== 'unhealthy') {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(shown('local.file.f')).toEqual({ type: 'string', value: 'two' })
  })

  test('a secret is never shown, and may not become a string', async () => {
    const path = join(folder, 'f')
    writeFileSync(path, 'hunter2')
    const file = `local.file "f" {\n filename = "${path}"\n is_secret = true\n}\n`
    await start(file)
    expect(shown('local.file.f')).toEqual({ type: 'capsule', value: '(secret)' })
    const wrong = `${file}local.file "g" { filename = local.file.f.content }`
    await expect(start(wrong)).rejects.toThrow('secrets may not be converted into strings')
  })

  test('a file that cannot be read fails the load', async () => {
    const text = `local.file "f" { filename = "${join(folder, 'gone')}" }`
    await expect(start(text)).rejects.toThrow(/1:1: Failed to build component: building component: ENOENT/)
  })
})

describe('local.file_match', () => {
  test('exports a target per file and keeps looking', async () => {
    writeFileSync(join(folder, 'a.log'), '')
    writeFileSync(join(folder, 'b.log'), '')
    await start(`local.file_match "m" {
      path_targets = [{
        __path__         = "${folder}/*.log",
        __path_exclude__ = "${folder}/b*",
        job              = "x",
      }]
      sync_period = "10ms"
    }`)
    const target = (name: string) => ({
      type: 'object',
      value: [
        { key: '__path__', value: { type: 'string', value: join(folder, name) } },
        { key: '__path_exclude__', value: { type: 'string', value: `${folder}/b*` } },
        { key: 'job', value: { type: 'string', value: 'x' } },
      ],
    })
    await untilShown('local.file_match.m', { type: 'array', value: [target('a.log')] })
    writeFileSync(join(folder, 'c.log'), '')
    await untilShown('local.file_match.m', { type: 'array', value: [target('a.log'), target('c.log')] })
  })

  test('a bad pattern fails the load', async () => {
    const text = 'local.file_match "m" { path_targets = [{ __path__ = "/a/[" }] }'
    await expect(start(text)).rejects.toThrow('syntax error in pattern')
  })
})
