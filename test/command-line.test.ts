import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jsonBody } from './crash/push-body.ts'
import { freePort, type ServerProcess, startServer, writeConfig } from './crash/server-process.ts'

const LOGBOOM = fileURLToPath(new URL('../bin/logboom', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'logboom-command-line-'))
const LINES = 3000
let server: ServerProcess

interface Result {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

async function run(command: string, args: readonly string[]): Promise<Result> {
  const env = {
    ...process.env,
    LOKI_ADDR: server.url,
    TZ: 'UTC',
    NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
  }
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const texts = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...texts }
}

function logboom(...args: string[]): Promise<Result> {
  return run(process.execPath, [LOGBOOM, ...args])
}

beforeAll(async () => {
  const port = await freePort()
  server = await startServer(writeConfig(folder, port), port)
  const startNs = BigInt(Date.now() - 60_000) * 1_000_000n
  const lines = Array.from({ length: LINES }, (_, i) => ({
    tsNs: startNs + BigInt(i >> 3),
    line: `{"n":${i}}`,
  }))
  const streams = [
    { labels: { app: 'shop', part: 'a' }, lines },
    { labels: { app: 'shop', part: 'b' }, lines: [{ tsNs: startNs, line: 'hello' }] },
  ]
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${server.url}/loki/api/v1/push`, {
    method: 'POST',
    headers,
    body: jsonBody(streams),
  })
  expect(answer.status).toBe(204)
})

afterAll(async () => {
  await server?.end('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

describe('against a real server', () => {
  test('query gives every line once, in order, past what the server gives at a time', async () => {
    const { code, out } = await logboom('query', '{part="a"}', '-q', '-o', 'raw', '--forward', '--limit', '0')
    expect(code).toBe(0)
    expect(out).toBe(Array.from({ length: LINES }, (_, i) => `{"n":${i}}\n`).join(''))
  })

  test('query prints time, labels and line', async () => {
    const { out, err } = await logboom('query', '{app="shop"} |= "hello"')
    expect(out).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \{\} hello\n$/)
    expect(err).toContain('Common labels: {app="shop", ')
  })

  test('metric queries, labels and series', async () => {
    const instant = await logboom('instant-query', 'sum(count_over_time({app="shop"}[5m]))', '-q')
    expect(JSON.parse(instant.out)).toMatchObject([
      { metric: {}, value: [expect.any(Number), String(LINES + 1)] },
    ])
    expect((await logboom('labels', '-q')).out).toBe('app\npart\nservice_name\n')
    expect((await logboom('labels', 'part', '-q')).out).toBe('a\nb\n')
    const series = await logboom('series', '{part="b"}', '-q')
    expect(series.out).toBe('{app="shop", part="b", service_name="shop"}\n')
  })

  test('health', async () => {
    expect(await logboom('health', `${server.url}/ready`)).toEqual({ code: 0, out: 'healthy\n', err: '' })
    expect((await logboom('health', `${server.url}/nowhere`)).code).toBe(1)
  })

  test('hash-secret makes the hash of what it reads, and nothing of nothing', async () => {
    const hash = (input: string): Promise<Result> =>
      run('bash', ['-c', `printf %s '${input}' | "$0" "$1" hash-secret`, process.execPath, LOGBOOM])
    expect((await hash('teapot')).out).toMatch(/^scrypt:15:8:1:[\w-]{22}:[\w-]{43}\n$/)
    expect(await hash('')).toMatchObject({ code: 1, err: 'logboom: no secret on standard input\n' })
  })

  test('a reader that has enough ends it quietly', async () => {
    const script = `"$0" "$1" query '{part="a"}' -q -o raw --limit 0 | head -n 1; echo "\${PIPESTATUS[0]}"`
    const { out, err } = await run('bash', ['-c', script, process.execPath, LOGBOOM])
    expect(out).toBe(`{"n":${LINES - 1}}\n0\n`)
    expect(err).toBe('')
  })

  test('a refused query is shown with the text of the server and a mark at its place', async () => {
    const { code, out, err } = await logboom('query', '{app="shop"', '-q')
    expect(code).toBe(1)
    expect(out).toBe('')
    const [message, marked, mark] = err.split('\n')
    expect(message).toMatch(
      /^logboom: parse error at line 1, col 12: syntax error: .* \(400 from http:\/\/127\.0\.0\.1:\d+\)$/,
    )
    expect([marked, mark]).toEqual(['  {app="shop"', `  ${' '.repeat(11)}^`])
  })
})

test('check ends with 1 for errors and 0 without', async () => {
  const lab = fileURLToPath(new URL('../deploy/lab/', import.meta.url))
  const good = await logboom(
    'check',
    `${lab}docker-compose.yml`,
    `${lab}loki/loki-config.yaml`,
    `${lab}alloy/config.alloy`,
  )
  expect(good).toMatchObject({ code: 0, err: '' })
  const bad = await logboom('check', fileURLToPath(new URL('../package.json', import.meta.url)))
  expect(bad.code).toBe(1)
  expect(bad.err).toMatch(/^logboom: .*package\.json looks like none of the files check knows/)
})

test.each([
  ['--retention', 'a-week', /^logboom: --retention a-week is not a duration, e\.g\. /],
  ['--listen', 'nowhere', /^logboom: --listen nowhere is not host:port, e\.g\. /],
  ['--log-level', 'loud', /--log-level <level>.* Allowed choices are debug, info, warn, error\./],
])('up says what is wrong with %s', async (flag, value, message) => {
  const { code, out, err } = await logboom('up', flag, value, '--data', join(folder, 'never'))
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toMatch(message)
})

test('fmt prints a query as Loki lays it out, and says where one is wrong', async () => {
  const path = join(folder, 'errors.logql')
  writeFileSync(path, 'sum by(level)(count_over_time({a="b"}|json|level="x"[5m]))')
  const printed = await logboom('fmt', path)
  expect(printed).toMatchObject({
    code: 0,
    out: 'sum by (level)(count_over_time({a="b"} | json | level="x"[5m]))\n',
  })
  expect((await logboom('fmt', '-t', path)).code).toBe(1)
  expect((await logboom('fmt', '-w', path)).code).toBe(0)
  expect((await logboom('fmt', '-t', path)).code).toBe(0)
  writeFileSync(path, 'sum by(level(')
  expect(await logboom('fmt', path)).toMatchObject({
    code: 1,
    err: expect.stringContaining('errors.logql: parse error at line 1, col 13'),
  })
})
