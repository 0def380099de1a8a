import { Command } from 'commander'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { registerLabels } from './labels.ts'
import {
  type InstantQueryOptions,
  type QueryOptions,
  registerQuery,
  runInstantQuery,
  runQuery,
} from './query.ts'
import { type Line, pages } from './query-pages.ts'
import { registerSeries } from './series.ts'
import { capture, lokiForEachTest } from './testing.ts'

const loki = lokiForEachTest()

const base: QueryOptions = {
  addr: '',
  since: '1h',
  from: '1970-01-01T00:00:00Z',
  to: '1970-01-01T01:00:00Z',
  limit: 30,
  batch: 1000,
  output: 'default',
  timezone: 'UTC',
  includeLabel: [],
  excludeLabel: [],
  labels: true,
}

async function query(
  options: Partial<QueryOptions>,
  logql = '{app="a"}',
): Promise<{ out: string; err: string }> {
  const io = capture()
  await runQuery(logql, { ...base, addr: loki.addr, ...options }, io)
  return { out: io.out(), err: io.err() }
}

test.each([false, true])('--explain prints how the server answers; instant: %s', async (instant) => {
  const reads = [{ expr: '{app="a"}', scans: [] }]
  loki.answer = {
    status: 200,
    body: JSON.stringify({ data: { resultType: 'vector', result: [], explain: { reads } } }),
  }
  const io = capture()
  const options = { ...base, addr: loki.addr, explain: true, quiet: true }
  await (instant ? runInstantQuery('x', options, io) : runQuery('x', options, io))
  expect(JSON.parse(io.out())).toEqual({ reads })
  expect(loki.heads.map((head) => head['x-logboom-explain'])).toEqual(['1'])
  loki.answer = { status: 200, body: '{"data":{}}' }
  await expect(query({ explain: true })).rejects.toMatchObject({ code: 'client_answer' })
})

describe('query prints', () => {
  beforeEach(() => {
    loki.entries = [
      { ts: 1_000_000_000n, labels: { app: 'a', level: 'info' }, line: 'one' },
      { ts: 2_500_000_001n, labels: { app: 'a', level: 'error' }, line: 'two "quoted"' },
      { ts: 3_000_000_000n, labels: { app: 'a', level: 'info' }, line: '' },
    ]
  })

  test('time, differing labels and line, newest first; common labels once, apart', async () => {
    const { out, err } = await query({})
    expect(out).toBe(
      '1970-01-01T00:00:03Z {level="info"}  \n' +
        '1970-01-01T00:00:02Z {level="error"} two "quoted"\n' +
        '1970-01-01T00:00:01Z {level="info"}  one\n',
    )
    expect(err).toBe('Common labels: {app="a"}\n')
    const verbose = await query({ verbose: true })
    expect(verbose.err).toMatch(/^http:.*query_range\?query=.*limit=30.*\nCommon labels: \{app="a"\}\n$/)
  })

  test.each<[string, Partial<QueryOptions>, string]>([
    ['raw', { output: 'raw', forward: true }, 'one\ntwo "quoted"\n\n'],
    [
      'jsonl',
      { output: 'jsonl', limit: 2 },
      '{"labels":{"app":"a","level":"info"},"line":"","timestamp":"1970-01-01T00:00:03Z"}\n' +
        '{"labels":{"app":"a","level":"error"},"line":"two \\"quoted\\"","timestamp":"1970-01-01T00:00:02.500000001Z"}\n',
    ],
    ['no labels', { labels: false, limit: 1, forward: true }, '1970-01-01T00:00:01Z one\n'],
    ['excluded label', { excludeLabel: ['level'], limit: 1 }, '1970-01-01T00:00:03Z {} \n'],
    [
      'included label',
      { includeLabel: ['x'], output: 'jsonl', limit: 1, forward: true },
      '{"labels":{},"line":"one","timestamp":"1970-01-01T00:00:01Z"}\n',
    ],
  ])('%s', async (_name, options, expected) => {
    expect((await query({ ...options, quiet: true })).out).toBe(expected)
  })

  test('nothing but the result when quiet, and no colour without a terminal', async () => {
    const { out, err } = await query({ quiet: true })
    expect(err).toBe('')
    expect(out).not.toContain('\x1b')
  })

  test('a metric result as JSON', async () => {
    const result = [{ metric: { app: 'a' }, values: [[1, '2']] }]
    loki.answer = { status: 200, body: JSON.stringify({ data: { resultType: 'matrix', result } }) }
    const { out } = await query({ step: '30s' }, 'rate({app="a"}[1m])')
    expect(JSON.parse(out)).toEqual(result)
    expect(loki.requests[0].searchParams.get('step')).toBe('30')
  })

  test('an instant query as JSON', async () => {
    loki.answer = {
      status: 200,
      body: '{"data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]}]}}',
    }
    const io = capture()
    const options: InstantQueryOptions = {
      addr: loki.addr,
      limit: 30,
      now: '1970-01-01T00:00:04Z',
      quiet: true,
    }
    await runInstantQuery('vector(2)', options, io)
    expect(JSON.parse(io.out())).toEqual([{ metric: {}, value: [1, '2'] }])
    expect(loki.requests[0].searchParams.get('time')).toBe('4000000000')
  })
})

describe('paging', () => {
  test('gives every line once, in order, whatever shares a timestamp', async () => {
    const times = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(
        times,
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 70 }),
        async (ts, batch, forward, limit) => {
          // Some lines are equal in all but their place, as `| line_format` can make them.
          loki.entries = ts.map((t, i) => ({
            ts: BigInt(t),
            labels: { s: String(i % 3) },
            line: `l${i % 5}`,
          }))
          const got: Line[] = []
          const direction = forward ? ('forward' as const) : ('backward' as const)
          const range = { fromNs: 0n, toNs: 100n }
          for await (const page of pages(
            { addr: loki.addr },
            { query: '{}', range, direction, limit, batch },
          )) {
            if ('lines' in page) got.push(...page.lines)
          }
          const sign = forward ? 1 : -1
          const wanted = ts.toSorted((a, b) => sign * (a - b)).slice(0, limit)
          expect(got.map(({ tsNs }) => Number(tsNs))).toEqual(wanted)
          if (limit < ts.length) return
          const text = (line: { ts: bigint; s: string; line: string }): string =>
            `${line.ts} ${line.s} ${line.line}`
          const all = loki.entries.map(({ ts, labels, line }) => text({ ts, s: labels.s, line }))
          expect(got.map(({ tsNs, labels, line }) => text({ ts: tsNs, s: labels.s, line })).sort()).toEqual(
            all.sort(),
          )
        },
      ),
      { numRuns: 60 },
    )
  })

  test('more than the server gives at once, with --limit 0', async () => {
    loki.entries = Array.from({ length: 7000 }, (_, i) => ({
      ts: BigInt(i >> 2),
      labels: { app: 'a' },
      line: `${i}`,
    }))
    const { out } = await query({ limit: 0, output: 'raw', quiet: true, forward: true })
    expect(out.trimEnd().split('\n').map(Number)).toEqual(loki.entries.map((_, i) => i))
    expect(loki.requests.every((url) => Number(url.searchParams.get('limit')) <= 1000)).toBe(true)
  })

  test('announces common labels again where a page has others', async () => {
    loki.entries = ['a', 'b'].map((app, i) => ({ ts: BigInt(i), labels: { app }, line: app }))
    const { out, err } = await query({ batch: 1, forward: true, limit: 2 })
    expect(out).toBe('1970-01-01T00:00:00Z {} a\n1970-01-01T00:00:00Z {} b\n')
    expect(err.match(/Common labels.*/g)).toEqual(['Common labels: {app="a"}', 'Common labels: {app="b"}'])
  })
})

test('tail shows the past, then what arrives, late lines included, each once', async () => {
  const now = BigInt(Date.now()) * 1_000_000n
  loki.entries = [1n, 2n, 3n].map((n) => ({
    ts: now - 10n ** 9n + n,
    labels: { app: 'a' },
    line: `past ${n}`,
  }))
  const io = capture()
  const stop = new AbortController()
  const seen = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const timer = setInterval(() => {
        if (!io.out().includes(text)) return
        clearInterval(timer)
        resolve()
      }, 10)
    })
  const options = {
    ...base,
    addr: loki.addr,
    from: undefined,
    to: undefined,
    tail: true,
    output: 'raw' as const,
    limit: 2,
  }
  const done = runQuery('{app="a"}', options, io, stop.signal)
  await seen('past 3')
  loki.entries.push({ ts: now + 10n, labels: { app: 'a' }, line: 'new' })
  await seen('new')
  loki.answer = { status: 503, body: 'starting' }
  const asked = loki.requests.length
  await expect.poll(() => loki.requests.length).toBeGreaterThan(asked)
  loki.answer = undefined
  loki.entries.push({ ts: now - 500_000_000n, labels: { app: 'b' }, line: 'late' })
  await seen('late')
  stop.abort()
  await done
  expect(io.out()).toBe('past 2\npast 3\nnew\nlate\n')
  expect(io.err()).toContain('503 from')
  expect(io.err()).toContain('trying again')
})

describe('errors say where and what the server said', () => {
  test.each<[string, Partial<QueryOptions>, RegExp]>([
    ['a refusal', {}, /^parse error : syntax error: unexpected \$end \(400 from http:\/\/127.*\)$/],
    [
      'nobody there',
      { addr: 'closed' },
      /^no answer from http:\/\/127\.0\.0\.1:\d+\/.*ECONNREFUSED.*running/,
    ],
    ['no address', { addr: 'http://' }, /no address/],
    ['bad since', { since: 'yesterday' }, /--since "yesterday": give a duration/],
    ['bad from', { from: 'monday' }, /--from "monday": give a time/],
    ['turned round', { from: '1970-01-01T02:00:00Z' }, /--from lies after --to/],
    ['no token file', { bearerTokenFile: '/does/not/exist' }, /--bearer-token-file: .*ENOENT/],
  ])('%s', async (_name, options, message) => {
    loki.answer = { status: 400, body: 'parse error : syntax error:\n unexpected $end' }
    const error = await query(options.addr === 'closed' ? { addr: loki.closedAddr } : options).then(
      () => undefined,
      (thrown: Error) => thrown,
    )
    expect(error?.message).toMatch(message)
    expect(error?.message).not.toContain('\n')
  })

  test('an answer that is not JSON', async () => {
    loki.answer = { status: 200, body: '<html>login</html>' }
    await expect(query({})).rejects.toThrow(/is not JSON: <html>/)
  })

  test('an answer that is no Loki answer', async () => {
    loki.answer = { status: 200, body: '{}' }
    await expect(query({})).rejects.toThrow(/is it a Loki/)
  })
})

test('tenant and credentials are sent', async () => {
  await query({ orgId: 'team-a', username: 'u', password: 'p' })
  await query({ bearerToken: 't' })
  expect(loki.heads[0]['x-scope-orgid']).toBe('team-a')
  expect(loki.heads[0].authorization).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`)
  expect(loki.heads[1].authorization).toBe('Bearer t')
})

test('the command line reaches the query', async () => {
  loki.entries = [{ ts: 5n, labels: { app: 'a' }, line: 'x' }]
  const program = new Command()
  registerQuery(program)
  registerLabels(program)
  registerSeries(program)
  const flags = [
    '--from',
    '1970-01-01T00:00:00Z',
    '--to',
    '1970-01-01T00:00:01Z',
    '--limit',
    '7',
    '--forward',
  ]
  const written: string[] = []
  const stdoutWrite = process.stdout.write
  process.stdout.write = ((text: string) => written.push(text) > 0) as typeof process.stdout.write
  try {
    await program.parseAsync(['query', '{app="a"}', '--addr', loki.addr, '-q', '-o', 'raw', ...flags], {
      from: 'user',
    })
  } finally {
    process.stdout.write = stdoutWrite
  }
  expect(written).toEqual(['x\n'])
  expect(Object.fromEntries(loki.requests[0].searchParams)).toEqual({
    query: '{app="a"}',
    start: '0',
    end: '1000000000',
    limit: '7',
    direction: 'forward',
  })
})
