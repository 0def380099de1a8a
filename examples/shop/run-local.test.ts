import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startShop } from './run-local.ts'

const silent = { info: () => undefined, warn: () => undefined }
let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'shop-'))
})
afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

test('runs as processes that write one file each, and stops in order', async () => {
  const shop = await startShop({ dir, logger: silent, ratePerSecond: 50 })
  const text = (index: number) => readFileSync(shop.files[index].path, 'utf8')
  try {
    expect(shop.files.map((file) => file.service)).toEqual(['fulfillment-worker', 'order-api', 'web-gateway'])
    await expect.poll(() => text(0), { timeout: 10_000 }).toContain('job_completed')
  } finally {
    await shop.stop()
  }
  for (const index of [0, 1, 2]) {
    const lines = text(index).trimEnd().split('\n')
    expect(lines[0]).toContain('started')
    expect(lines.at(-1)).toContain('stopped')
  }
})

test('keeps its files within their bound, in whole lines', async () => {
  const maxFileBytes = 4096
  const shop = await startShop({ dir, logger: silent, ratePerSecond: 100, maxFileBytes })
  const path = shop.files[2].path
  try {
    await expect
      .poll(() => statSync(`${path}.1`, { throwIfNoEntry: false })?.size ?? 0, { timeout: 10_000 })
      .toBeGreaterThan(0)
  } finally {
    await shop.stop()
  }
  for (const file of [path, `${path}.1`]) {
    const text = readFileSync(file, 'utf8')
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxFileBytes)
    expect(text.endsWith('\n')).toBe(true)
    for (const line of text.trimEnd().split('\n')) expect(line).toMatch(/^\{.*\}$/)
  }
})
