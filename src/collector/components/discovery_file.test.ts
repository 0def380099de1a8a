import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runComponent } from '../testing/run-component.ts'
import { discoveryFile } from './discovery_file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-discovery-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('targets of JSON and YAML files, and those of a broken file as they were', async () => {
  const json = join(folder, 'a.json')
  const yaml = join(folder, 'b.yml')
  writeFileSync(json, '[{"targets":["x","y"],"labels":{"job":"a"}}]')
  writeFileSync(yaml, '- targets: ["z"]\n  labels:\n    __path__: /var/log/*.log\n')
  const component = runComponent(discoveryFile, {
    files: [join(folder, '*.json'), yaml],
    refresh_interval: 20,
  })
  const targets = () => component.exports.targets as Record<string, string>[]
  await until(() => targets().length === 3)
  expect(targets()).toEqual([
    { job: 'a', __address__: 'x', __meta_filepath: json },
    { job: 'a', __address__: 'y', __meta_filepath: json },
    { __path__: '/var/log/*.log', __address__: 'z', __meta_filepath: yaml },
  ])
  writeFileSync(json, '[')
  await until(() => component.health.state === 'unhealthy')
  expect(targets().length).toBe(3)
  writeFileSync(json, '[]')
  await until(() => targets().length === 1 && component.health.state === 'healthy')
  await component.stop()
})

test.each([
  [{ files: ['/a.txt'] }, 'path name "/a.txt" is not valid for file discovery'],
  [{ files: ['/*/a.json'] }, 'is not valid'],
  [{ files: ['/a.yaml'], refresh_interval: 0 }, 'refresh_interval must be greater than 0'],
])('%j is refused', (args, message) => {
  expect(() => runComponent(discoveryFile, args)).toThrow(message)
})
