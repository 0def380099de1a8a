import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../testing.ts'

interface Frame {
  readonly streams: readonly { stream: Record<string, string>; values: readonly unknown[][] }[]
}

interface Tail {
  readonly lines: string[]
  readonly frames: Frame[]
  readonly closed: Promise<{ code: number; reason: string }>
  close(): void
}

/** Follows a query with Node's own WebSocket, a browser's. */
function follow(base: string, path: string): Tail {
  const socket = new WebSocket(base.replace('http', 'ws') + path)
  const frames: Frame[] = []
  const lines: string[] = []
  socket.addEventListener('message', ({ data }) => {
    const frame = JSON.parse(String(data)) as Frame
    frames.push(frame)
    for (const { values } of frame.streams ?? []) lines.push(...values.map(([, line]) => String(line)))
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }))
  })
  return { lines, frames, closed, close: () => socket.close() }
}

const tailOf = (query: string, more = ''): string =>
  `/loki/api/v1/tail?query=${encodeURIComponent(query)}${more}`

/** Sends an upgrade by hand, with headers that browsers do not let one set, and returns the whole answer. */
function upgrade(base: string, path: string, headers: Record<string, string> = {}): Promise<string> {
  const { hostname, port, host } = new URL(base)
  const all = {
    host,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
    })
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (!text.includes('\r\n\r\n')) return
      socket.destroy()
      resolve(text)
    })
    socket.on('error', reject)
  })
}

let server: TestServer

beforeAll(async () => {
  server = await startTestServer('auth_enabled: false\nlimits_config: {max_concurrent_tail_requests: 2}')
})

afterAll(async () => {
  await server.close()
})

describe('a tail', () => {
  test('sends history oldest first, then what comes in and fits, each line once', async () => {
    await server.push({ app: 'follow' }, ['one error', 'two error', 'three error', 'four'])
    const tail = follow(server.url, tailOf('{app="follow"} |= "error"', '&limit=2'))
    await expect.poll(() => tail.lines).toEqual(['two error', 'three error'])
    await server.push({ app: 'follow' }, ['five error', 'no'])
    await server.push({ app: 'other' }, ['an error elsewhere'])
    await server.push({ app: 'follow' }, ['six error'])
    await expect.poll(() => tail.lines.slice(2)).toEqual(['five error', 'six error'])
    expect(tail.frames[0].streams[0].stream).toMatchObject({ app: 'follow', detected_level: 'error' })
    expect(tail.frames.at(-1)?.streams[0].stream).toMatchObject({ app: 'follow', detected_level: 'error' })
    tail.close()
    await tail.closed
  })

  test('loses and repeats nothing while lines keep coming in', async () => {
    const pushed: string[] = []
    const pushAll = async (from: number, to: number): Promise<void> => {
      for (let i = from; i < to; i++) {
        pushed.push(`line ${i}`)
        await server.push({ app: 'steady' }, [`line ${i}`])
      }
    }
    await pushAll(0, 20)
    const pushing = pushAll(20, 60)
    const tail = follow(server.url, tailOf('{app="steady"} | line_format "{{__line__}}"', '&limit=1000'))
    await pushing
    await expect.poll(() => tail.lines.length).toBe(60)
    expect([...tail.lines].sort()).toEqual([...pushed].sort())
    tail.close()
    await tail.closed
  })

  test('that cannot be followed is told in the close frame', async () => {
    const metric = follow(server.url, tailOf('rate({app="x"}[1m])'))
    expect(await metric.closed).toEqual({ code: 1011, reason: 'only log selector is supported' })
    const two = [1, 2].map(() => follow(server.url, tailOf('{app="nothing"}')))
    const gauge = async (): Promise<string> => await (await fetch(`${server.url}/metrics`)).text()
    await expect.poll(gauge).toContain('loki_querier_tail_active 2')
    const third = follow(server.url, tailOf('{app="nothing"}'))
    expect(await third.closed).toEqual({
      code: 1011,
      reason:
        'rpc error: code = Code(400) desc = max concurrent tail requests limit exceeded, count > limit (3 > 2)',
    })
    for (const tail of two) tail.close()
    await expect.poll(gauge).toContain('loki_querier_tail_active 0')
  })
})

describe('before the upgrade', () => {
  test.each([
    ['GET', tailOf('{app="x"}'), 400, 'Bad Request\n'],
    ['POST', tailOf('{app="x"}'), 400, 'Bad Request\n'],
    ['GET', tailOf('{app="x"}', '&delay_for=6'), 400, "delay_for can't be greater than 5"],
    ['GET', tailOf('{app="x"}', '&limit=0'), 400, 'limit must be a positive value'],
    ['GET', tailOf('{'), 400, 'parse error at line 1, col 2: syntax error: unexpected $end'],
  ])('%s %s', async (method, path, status, text) => {
    const response = await fetch(server.url + path, { method })
    const body = await response.text()
    expect([response.status, body.slice(0, text.length)]).toEqual([status, text])
    if (text.startsWith('Bad')) expect(response.headers.get('sec-websocket-version')).toBe('13')
  })

  test('a page of another host is refused, one of the same host is not', async () => {
    const path = tailOf('{app="x"}')
    const { host } = new URL(server.url)
    expect(await upgrade(server.url, path, { origin: 'https://evil.example' })).toMatch(/^HTTP\/1.1 403 /)
    expect(await upgrade(server.url, path, { origin: `http://${host}` })).toMatch(/^HTTP\/1.1 101 /)
  })

  test('paths that know no WebSocket answer as ever', async () => {
    expect(await upgrade(server.url, '/ready')).toMatch(/^HTTP\/1.1 200 OK.*\r\n\r\nready\n$/s)
    expect(await upgrade(server.url, '/nope')).toMatch(/^HTTP\/1.1 404 .*404 page not found\n$/s)
    const h2c = { upgrade: 'h2c', connection: 'Upgrade, HTTP2-Settings', 'http2-settings': 'AAEAAEAAAA' }
    expect(await upgrade(server.url, '/ready', h2c)).toMatch(/^HTTP\/1.1 200 OK.*\r\n\r\nready\n$/s)
  })
})

test('the older path writes the older form', async () => {
  await server.push({ app: 'legacy' }, ['old'])
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/prom/tail?query={app="legacy"}`)
  const frame = await new Promise<unknown>((resolve) => {
    socket.addEventListener('message', ({ data }) => resolve(JSON.parse(String(data))))
  })
  expect(frame).toMatchObject({
    streams: [{ labels: expect.stringContaining('app="legacy"'), entries: [{ line: 'old' }] }],
    dropped_entries: null,
  })
  socket.close()
})

test('a tail ends after its time, and when the server closes', async () => {
  const other = await startTestServer('auth_enabled: false\nquerier: {tail_max_duration: 300ms}')
  const tail = follow(other.url, tailOf('{app="x"}'))
  expect(await tail.closed).toEqual({ code: 1011, reason: 'reached tail max duration limit' })
  await other.close()
  const third = await startTestServer()
  const cut = follow(third.url, tailOf('{app="x"}'))
  await expect
    .poll(async () => await (await fetch(`${third.url}/metrics`)).text())
    .toContain('loki_querier_tail_active 1')
  await third.close()
  expect(await cut.closed).toEqual({ code: 1001, reason: 'the server is shutting down' })
})
