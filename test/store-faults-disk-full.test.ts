import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { pages } from '#cli/query-pages.ts'
import { jsonBody, type PushLine } from './crash/push-body.ts'
import { freePort, type ServerProcess, startServer, writeConfig } from './crash/server-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'logboom-full-'))
const data = join(folder, 'data')
const isMounted = mountSmallDisk()
let server: ServerProcess | undefined

/** A disk of 16 MB, where this process may mount one. */
function mountSmallDisk(): boolean {
  mkdirSync(data)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', data], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

afterAll(async () => {
  await server?.end('SIGKILL')
  if (isMounted) execFileSync('umount', [data])
  rmSync(folder, { recursive: true, force: true })
})

const startNs = BigInt(Date.now() - 600_000) * 1_000_000n
let next = 0

/** Lines that do not compress. */
function makeLines(): PushLine[] {
  return Array.from({ length: 100 }, () => {
    const number = next++
    return { tsNs: startNs + BigInt(number), line: `n${number} ${randomBytes(1800).toString('base64')}` }
  })
}

async function push(url: string, lines: readonly PushLine[]): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}/loki/api/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: jsonBody([{ labels: { job: 'full' }, lines }]),
  })
  return { status: response.status, text: await response.text() }
}

async function read(url: string): Promise<string[]> {
  const lines: string[] = []
  const range = { fromNs: startNs, toNs: startNs + 3_600_000_000_000n }
  const request = {
    query: '{job="full"}',
    range,
    direction: 'forward' as const,
    limit: Infinity,
    batch: 1000,
  }
  for await (const page of pages({ addr: url }, request)) {
    if (!('lines' in page)) throw new Error('not a log result')
    for (const { line } of page.lines) lines.push(line)
  }
  return lines
}

test.skipIf(!isMounted)(
  'on a full disk reads go on and pushes get a 5xx, across a restart; with space it goes on by itself',
  { timeout: 120_000 },
  async () => {
    const port = await freePort()
    const config = join(folder, 'loki-config.yaml')
    copyFileSync(writeConfig(data, port), config)
    const ballast = join(data, 'ballast')
    writeFileSync(ballast, Buffer.alloc(10 << 20))
    server = await startServer(config, port)
    const acknowledged: string[] = []
    let refused: PushLine[] = []
    for (let i = 0; i < 200 && refused.length === 0; i++) {
      const lines = makeLines()
      const { status, text } = await push(server.url, lines)
      if (status === 204) acknowledged.push(...lines.map(({ line }) => line))
      else {
        expect([status, text]).toEqual([500, expect.stringContaining('no space left')])
        refused = lines
      }
    }
    expect(refused.length).toBeGreaterThan(0)
    expect(acknowledged.length).toBeGreaterThan(1000)
    expect(await read(server.url)).toEqual(acknowledged)
    await server.end('SIGKILL')
    server = await startServer(config, port)
    const { url } = server
    expect(await read(url)).toEqual(acknowledged)
    expect((await push(url, refused)).status).toBe(500)
    rmSync(ballast)
    await vi.waitFor(async () => expect((await push(url, refused)).status).toBe(204))
    acknowledged.push(...refused.map(({ line }) => line))
    expect(await read(url)).toEqual(acknowledged)
    const flushed = await fetch(`${url}/flush`, { method: 'POST' })
    expect(flushed.ok).toBe(true)
    expect(await read(url)).toEqual(acknowledged)
  },
)
