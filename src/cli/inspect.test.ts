import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { openEmbeddedStore } from '#store/embedded/store.ts'
import { makeBatch } from '#store/testing.ts'
import { runInspect } from './inspect.ts'

const dir = mkdtempSync(join(tmpdir(), 'logboom-inspect-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

async function inspect(
  path: string,
  options: { json?: boolean } = {},
): Promise<[isWhole: boolean, text: string]> {
  let text = ''
  const write = (part: string): boolean => {
    text += part
    return true
  }
  return [await runInspect([path], options, { stdout: { write } }), text]
}

test('a segment is described for people and for programs, damaged or not', async () => {
  const store = await openEmbeddedStore({
    dir,
    logger: silentLogger,
    fsync: { intervalMs: 1000 },
    retentionMs: () => 0,
    outOfOrderWindowMs: 0,
    compactionIntervalMs: 600_000,
  })
  const rows = Array.from({ length: 100 }, (_, i) => ({
    labels: { app: 'shop' },
    ms: 1_700_000_000_000 + i,
    line: `{"path":"/cart","ms":${i}}`,
  }))
  await store.append('fake', makeBatch(rows))
  await store.close()
  const name = readdirSync(dir, { recursive: true, encoding: 'utf8' }).find((each) => each.endsWith('.seg'))
  const path = join(dir, String(name))
  const [isWhole, text] = await inspect(path)
  expect(isWhole).toBe(true)
  expect(text).toMatch(/100 rows from 2023-11-14T22:13:20\.000Z/)
  expect(text).toMatch(/blocks: 1, 1 of them in columns, up to 1 shapes/)
  expect(text).toMatch(/json +constant +"path"/)
  expect(text).toMatch(/1 +100 .* \{app="shop"\}/)
  expect(text).toMatch(/^whole: every checksum fits/m)
  const [, json] = await inspect(path, { json: true })
  expect(JSON.parse(json)).toMatchObject({ properties: { rows: 100 }, problems: [] })
  const bytes = readFileSync(path)
  bytes[30] ^= 1
  writeFileSync(path, bytes)
  const [isStillWhole, damage] = await inspect(path)
  expect(isStillWhole).toBe(false)
  expect(damage).toMatch(/DAMAGED: 1 place\n {2}at byte \d+: 100 rows of a block: checksum/)
})
