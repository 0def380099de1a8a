import { execFile } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { VERSION } from '#base/version.ts'
import { bundle } from '../../build/bundle.ts'

/** What the image contains, run where no node_modules of the repository are within reach. */

const REPOSITORY = join(import.meta.dirname, '../..')
const run = promisify(execFile)
let dir: string

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'logboom-bundle-'))
  await bundle(dir)
})
afterAll(() => {
  rmSync(dir, { recursive: true, force: true })
})

async function logboom(...args: string[]) {
  const program = join(dir, 'logboom.js')
  return await run(process.execPath, [program, ...args], { cwd: tmpdir() }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
}

describe('the bundle', () => {
  test('runs without the repository', async () => {
    expect((await logboom('--version')).stdout.trim()).toBe(VERSION)
    expect((await logboom('--help')).stdout).toContain('query')
  })

  test('checks and validates configurations', async () => {
    const lab = join(REPOSITORY, 'deploy/lab')
    const verify = await logboom('serve', `-config.file=${lab}/loki/loki-config.yaml`, '-verify-config')
    expect(verify).toMatchObject({ code: 0 })
    expect(await logboom('collect', 'validate', join(lab, 'alloy/config.alloy'))).toMatchObject({ code: 0 })
  })

  test('finds nothing wrong with what deploy/ contains', async () => {
    const files = globSync('deploy/**/*.{yml,yaml,alloy}', { cwd: REPOSITORY }).filter(
      (file) => !/grafana\/|prometheus\//.test(file),
    )
    expect(files.length).toBeGreaterThanOrEqual(8)
    const { code, stdout, stderr } = await logboom('check', ...files.map((file) => join(REPOSITORY, file)))
    expect(code, `${stdout}${stderr}`).toBe(0)
  })

  test('answers health checks', async () => {
    const nowhere = await logboom('health', 'http://127.0.0.1:2/ready')
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('ECONNREFUSED') })
    expect((await logboom('health', '--help')).stdout).toContain('readiness')
  })

  test('brings the sample shop along', () => {
    for (const service of ['web-gateway', 'order-api', 'fulfillment-worker']) {
      expect(existsSync(join(dir, `shop/${service}.js`)), service).toBe(true)
    }
  })
})
