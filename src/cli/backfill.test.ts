import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '#server/testing.ts'
import {
  type BackfillEnvironment,
  type BackfillLokiOptions,
  type BackfillOptions,
  runBackfillFiles,
  runBackfillLoki,
} from './backfill.ts'
import type { TimeOptions } from './backfill-time.ts'

const DAY_MS = 86_400_000
const beginMs = Math.floor(Date.now() / 1000) * 1000 - 3_600_000
const dir = mkdtempSync(join(tmpdir(), 'logboom-backfill-'))
let target: TestServer

const YAML = 'auth_enabled: true\nlimits_config: {ingestion_rate_mb: 100, ingestion_burst_size_mb: 100}'

beforeAll(async () => {
  target = await startTestServer(YAML)
})

afterAll(async () => {
  await target.close()
  rmSync(dir, { recursive: true, force: true })
})

function environment(input = ''): BackfillEnvironment & { readonly said: () => string } {
  const out = new PassThrough()
  let said = ''
  out.on('data', (text: Buffer) => (said += text))
  return {
    stdout: out,
    stderr: out,
    stdin: Readable.from([Buffer.from(input)]),
    signal: new AbortController().signal,
    said: () => said,
  }
}

function fileOptions(orgId: string, more: Partial<BackfillOptions & TimeOptions> = {}) {
  return {
    addr: target.url,
    orgId,
    label: ['job=test'],
    batchSize: 64 * 1024,
    retries: 3,
    timestampFormat: 'auto',
    timestampZone: 'UTC',
    ...more,
  }
}

/** Every line of a tenant with its labels and metadata, sorted. */
async function everything(url: string, orgId: string, limit = 5000): Promise<string[]> {
  const parameters = new URLSearchParams({
    query: '{service_name=~".+"}',
    start: `${Date.now() - 6 * DAY_MS}000000`,
    end: `${Date.now() + DAY_MS}000000`,
    limit: String(limit),
  })
  const headers = { 'x-scope-orgid': orgId, 'x-loki-response-encoding-flags': 'categorize-labels' }
  const response = await fetch(`${url}/loki/api/v1/query_range?${parameters}`, { headers })
  const { data } = (await response.json()) as {
    data: { result: { stream: Record<string, string>; values: [string, string, unknown][] }[] }
  }
  return data.result
    .flatMap(({ stream, values }) =>
      values.map(([ts, line, more]) => JSON.stringify([Object.entries(stream).sort(), ts, line, more])),
    )
    .sort()
}

async function lines(orgId: string): Promise<[string, string][]> {
  return (await everything(target.url, orgId))
    .map((row) => JSON.parse(row) as [unknown, string, string])
    .map(([, ts, line]): [string, string] => [ts, line])
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

const iso = (i: number): string => new Date(beginMs + i * 1000).toISOString()

describe('files', () => {
  const plain = join(dir, 'plain.log')
  const text = Array.from({ length: 500 }, (_, i) => `${iso(i)} line ${i}`).join('\n')
  writeFileSync(plain, `${text}\n`)
  writeFileSync(join(dir, 'packed.gz'), gzipSync(text.replaceAll('line', 'gzipped')))
  writeFileSync(join(dir, 'packed.zst'), zstdCompressSync(text.replaceAll('line', 'zstd')))

  test('plain, gzip and zstd are copied, and a second time nothing is doubled', async () => {
    const names = [plain, join(dir, 'packed.gz'), join(dir, 'packed.zst')]
    for (let round = 0; round < 2; round++) {
      const env = environment()
      await runBackfillFiles(names, fileOptions('files'), env)
      expect(env.said()).toMatch(/^1500 lines copied, \d+ bytes, in \d+ pushes$/m)
      expect((await lines('files')).length).toBe(1500)
    }
    expect((await lines('files'))[0]).toEqual([`${beginMs}000000`, `${iso(0)} gzipped 0`])
  })

  test('a state skips what is copied, and takes in what was added', async () => {
    const path = join(dir, 'growing.log')
    const options = fileOptions('state', { state: join(dir, 'state.json') })
    writeFileSync(path, `${iso(1)} one\n${iso(2)} two\n`)
    await runBackfillFiles([path], options, environment())
    writeFileSync(path, `${iso(1)} one\n${iso(2)} two\n${iso(3)} three\n`)
    const env = environment()
    await runBackfillFiles([path], options, env)
    expect(env.said()).toContain('1 lines copied')
    expect(env.said()).toContain('2 lines were copied before')
    expect((await lines('state')).map(([, line]) => line.slice(25))).toEqual(['one', 'two', 'three'])
    const other = runBackfillFiles([path], { ...options, label: ['job=other'] }, environment())
    await expect(other).rejects.toThrow('belongs to another backfill')
  })

  test('lines of `docker logs --timestamps` on standard input lose their stamp', async () => {
    const at = `${iso(7).slice(0, -5)}.123456789Z`
    const env = environment(`${at} hello\n  at a.ts:1\n${at} hello\n`)
    await runBackfillFiles(['-'], fileOptions('stdin', { stripTimestamp: true }), env)
    const ns = (more: number): string => String(BigInt(beginMs + 7000) * 1_000_000n + BigInt(more))
    expect(await lines('stdin')).toEqual([
      [ns(123456789), '  at a.ts:1'],
      [ns(123456789), 'hello'],
      [ns(123456790), 'hello'],
    ])
    expect(env.said()).toContain('1 lines without a time have that of the line before')
  })

  const seconds = Math.floor(beginMs / 1000)
  const table: [string, Partial<TimeOptions>, string, string][] = [
    ['unix seconds', {}, `${seconds} x`, `${seconds}000000000`],
    ['unix seconds with decimals', {}, `${seconds}.25 x`, `${seconds}250000000`],
    ['unix milliseconds', {}, `${seconds}123 x`, `${seconds}123000000`],
    ['unix nanoseconds', {}, `${seconds}123456789 x`, `${seconds}123456789`],
    [
      'a space, a comma and no zone',
      {},
      `${iso(0).slice(0, 19).replace('T', ' ')},5 x`,
      `${seconds}500000000`,
    ],
    ['a key of JSON', { timestampJson: 'a.t' }, `{"a":{"t":${seconds}456}}`, `${seconds}456000000`],
    ['a regular expression', { timestampRegex: 'at (\\S+)' }, `x at ${iso(0)}`, `${seconds}000000000`],
    [
      'a layout',
      { timestampRegex: '\\[(.*?)\\]', timestampFormat: '2006-01-02 15:04:05 -0700' },
      `- [${iso(0).slice(0, 19).replace('T', ' ')} +0100] x`,
      `${seconds - 3600}000000000`,
    ],
  ]
  test.each(table)('reads times: %s', async (name, options, line, expected) => {
    const orgId = name.replaceAll(/\W/g, '')
    await runBackfillFiles(['-'], fileOptions(orgId, options), environment(line))
    expect(await lines(orgId)).toEqual([[expected, line]])
  })

  test('says what is wrong with flags and files', async () => {
    const files = (more: Partial<BackfillOptions & TimeOptions>, input = ''): Promise<void> =>
      runBackfillFiles(['-'], fileOptions('wrong', more), environment(input))
    await expect(files({ label: [] })).rejects.toThrow('--label')
    await expect(files({ timestampRegex: '(' })).rejects.toThrow('--timestamp-regex')
    await expect(files({ timestampFormat: '2006' })).rejects.toThrow('--timestamp-regex or --timestamp-json')
    await expect(files({}, 'no time\n')).rejects.toThrow('no time in any line')
    const missing = runBackfillFiles([join(dir, 'none')], fileOptions('wrong'), environment())
    await expect(missing).rejects.toThrow('ENOENT')
    const old = files({}, '2001-01-01T00:00:00Z too old\n')
    await expect(old).rejects.toThrow(/refused lines:.*has timestamp too old/s)
    const env = environment('2001-01-01T00:00:00Z too old\n')
    await runBackfillFiles(['-'], fileOptions('wrong', { skipRefused: true }), env)
    expect(env.said()).toContain('1 lines were in pushes of which the server refused lines')
  })

  test('a dry run counts and pushes nothing', async () => {
    const env = environment()
    await runBackfillFiles([plain], fileOptions('dry', { dryRun: true }), env)
    expect(env.said()).toContain('500 lines would be copied')
    expect(await lines('dry')).toEqual([])
  })
})

test('a busy server is asked again, and what it does not take is not counted', async () => {
  let asked = 0
  const taken: string[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      asked++
      response.statusCode = asked === 1 ? 503 : asked === 2 ? 429 : asked < 5 ? 204 : 500
      if (response.statusCode === 204) taken.push(gunzipSync(Buffer.concat(parts)).toString())
      response.end('busy')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const addr = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const path = join(dir, 'busy.log')
  const state = join(dir, 'busy.json')
  const line = (i: number): string => `${iso(i)} ${'x'.repeat(400)} ${i}`
  writeFileSync(path, Array.from({ length: 20 }, (_, i) => line(i)).join('\n'))
  const env = environment()
  const options = fileOptions('', { addr, batchSize: 4000, retries: 1, state })
  // The first push is taken at the third try: one more than a single retry allows.
  await expect(runBackfillFiles([path], options, env)).rejects.toThrow('did not take lines in 2 tries: busy')
  expect(env.said()).toContain('0 lines copied, 0 bytes, in 2 pushes (1 tried again)')
  const again = environment()
  await expect(runBackfillFiles([path], options, again)).rejects.toThrow('did not take lines')
  expect(again.said()).toMatch(/^18 lines copied/m)
  expect(taken.length).toBe(2)
  server.close()
})

describe('another Loki', () => {
  let source: TestServer
  beforeAll(async () => {
    source = await startTestServer(YAML)
    const push = async (stream: Record<string, string>, values: unknown[][]): Promise<void> => {
      const response = await fetch(`${source.url}/loki/api/v1/push`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-scope-orgid': 'old' },
        body: JSON.stringify({ streams: [{ stream, values }] }),
      })
      expect(response.status).toBe(204)
    }
    const at = (i: number): string => String(BigInt(beginMs) * 1_000_000n + BigInt(i) * 1_000_003n)
    await push(
      { app: 'a' },
      Array.from({ length: 700 }, (_, i) => [at(i), `level=error a ${i}`]),
    )
    await push(
      { app: 'a', pod: 'p}"' },
      Array.from({ length: 300 }, (_, i) => [at(i * 1000), `b ${i}`, { trace: String(i % 7) }]),
    )
    // More lines of one moment than a request gives out, but not of one stream.
    for (const pod of ['1', '2', '3']) {
      const many = Array.from({ length: 80 }, (_, i) => [at(2_000_000), `same ${pod} ${i}`])
      await push({ app: 'burst', ...(pod !== '1' && { pod }) }, many)
    }
  })
  afterAll(async () => await source.close())

  const options = (more: Partial<BackfillLokiOptions> = {}): BackfillLokiOptions => ({
    addr: target.url,
    orgId: 'new',
    source: source.url,
    sourceOrgId: 'old',
    query: '{app=~".+"}',
    label: [],
    limit: 100,
    window: '10m',
    since: '6d',
    batchSize: 16 * 1024,
    retries: 3,
    ...more,
  })

  test('is copied line by line with labels and metadata, twice as well as once', async () => {
    const wanted = await everything(source.url, 'old')
    expect(wanted.length).toBe(1240)
    for (let round = 0; round < 2; round++) {
      const env = environment()
      await runBackfillLoki(options(), env)
      expect(env.said()).toMatch(/^1240 lines copied/m)
      expect(await everything(target.url, 'new')).toEqual(wanted)
    }
  })

  test('goes on where it was interrupted', async () => {
    const state = join(dir, 'loki.json')
    const abort = new AbortController()
    const env = environment()
    const interrupted = runBackfillLoki(options({ orgId: 'resumed', state, rateLimit: 4000 }), {
      ...env,
      signal: abort.signal,
    })
    await expect.poll(() => readState(state)).toBeGreaterThan(0)
    abort.abort(new Error('interrupted'))
    await expect(interrupted).rejects.toThrow('interrupted')
    const before = readState(state)
    expect(before).toBeLessThan(1240)
    const again = environment()
    await runBackfillLoki(options({ orgId: 'resumed', state }), again)
    expect(again.said()).toContain(`${1240 - before} lines copied`)
    expect(await everything(target.url, 'resumed')).toEqual(await everything(source.url, 'old'))
  })

  function readState(path: string): number {
    try {
      return (JSON.parse(readFileSync(path, 'utf8')) as { lines: number }).lines
    } catch {
      return 0
    }
  }

  test('says which stream has too many lines at one moment', async () => {
    const small = runBackfillLoki(options({ orgId: 'small', limit: 50 }), environment())
    await expect(small).rejects.toThrow(/50 or more lines of \{app="burst".* raise --limit/)
  })
})
