import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { queryRange } from '#logql/engine/engine.ts'
import type { ScanParts } from '#logql/engine/parts.ts'
import type { QueryLimits } from '#logql/engine/types.ts'
import { makeScanParts } from '#server/scan-workers/scan-parts.ts'
import { makeScanPool } from '#server/scan-workers/scan-pool.ts'
import { openEmbeddedStore } from '#store/embedded/store.ts'
import { makeBatch, type PlainRow } from '#store/testing.ts'
import type { LogStore } from '#store/types.ts'

const T0 = 1_790_000_000_000
const LIMITS: QueryLimits = { max_query_series: 100_000, max_query_memory: 0, query_timeout: 600_000 }
/** Enough for a block to be kept in columns. */
const ROWS = 150

/** A text of a field that lines spell with an escape, and metadata as it is: no filter of a block knows it. */
const RARE = 'req-8f3a11c07b'

/** What values are made of: plain ones, and any. */
interface Values {
  readonly level: fc.Arbitrary<string>
  readonly number: fc.Arbitrary<string>
  readonly text: fc.Arbitrary<string>
  /** Which oddity a line has; none from 10 on. */
  readonly odd: fc.Arbitrary<number>
}

const plain: Values = {
  level: fc.constantFrom('info', 'warn', 'error'),
  number: fc.integer({ min: 0, max: 600 }).map(String),
  text: fc.constantFrom('abc', 'u_1', 'u_2', '10.0.0.9'),
  odd: fc.constant(99),
}
/** Plain values in lines of which some are broken. */
const broken: Values = { ...plain, odd: fc.integer({ min: 0, max: 60 }) }
const any: Values = {
  level: fc.constantFrom('info', 'warn', 'error', '', 'Info', 'a b'),
  number: fc.oneof(
    fc.integer({ min: 0, max: 600 }).map(String),
    fc.constantFrom('1.50', '0.25', '-7', '1e3', '007', '200', '12ms', '5KB', 'NaN', '10.1.2.3'),
  ),
  text: fc.constantFrom('abc', 'x"y', 'é', 'back\\slash', 'u_1', '', 'null', 'a=b', '10.0.0.9'),
  odd: fc.integer({ min: 0, max: 60 }),
}

/** JSON lines of a few shapes, now and then broken, doubled, nested, escaped, or not JSON at all. */
const jsonLine = (values: Values): fc.Arbitrary<string> =>
  fields(values).map(({ level, status, took, user, odd }) => {
    const bare = /^-?(0|[1-9]\d*)(\.\d+)?$/.test(status) ? status : JSON.stringify(status)
    const head = `{"level":${JSON.stringify(level)},"status":${bare}`
    const tail = `"took":${JSON.stringify(took)},"user":${JSON.stringify(user)}}`
    if (odd === 0) return `${head},${tail.slice(0, -1)}`
    if (odd === 1) return `${head},"status":${bare},${tail}`
    if (odd === 2) return `${head},"o":{"status":1,"deep":{"x":"y"}},${tail}`
    if (odd === 3) return `{"l\\u0065vel":"late","status":null,${tail}`
    if (odd === 4) return `${head},"list":[1,{"a":2}],${tail}`
    if (odd === 5) return 'not json at all'
    if (odd === 6) return `${head},"took":true,"user":oops}`
    if (odd === 7) return ` ${head} , ${tail} trailing`
    if (odd === 8) return `${head},"user":"\\u0072eq-8f3a11c07b"}`
    return `${head},${tail}`
  })

/** logfmt lines of a few shapes, now and then with what is none. */
const logfmtLine = (values: Values): fc.Arbitrary<string> =>
  fields(values).map(({ level, status, took, user, odd }) => {
    const quoted = JSON.stringify(level)
    const line = `level=${quoted} status=${status} msg="some words" took=${took} user=${JSON.stringify(user)}`
    if (odd === 0) return `${line} err="a"b" c"`
    if (odd === 1) return `level=first ${line}`
    if (odd === 2) return `${line} bare words =x`
    if (odd === 3) return `status= ${line}`
    if (odd === 4) return `"level"=x ${line}`
    if (odd === 5) return `le-vel=dash ${line} st.atus=5`
    if (odd === 6) return `level=${quoted} user="re\\u0071-8f3a11c07b"`
    return line
  })

/** Lines as of a web server, now and then with other words, without some parts, or with quotes in quotes. */
const textLine = (values: Values): fc.Arbitrary<string> =>
  fields(values).map(({ level, status, took, user, odd }) => {
    const head = `10.0.0.${took.length} - - [22/Nov/2026:10:00:00 +0000]`
    if (odd === 0) return `${head} "GET" ${status} ${took}`
    if (odd === 1) return `${head} "${user} /${level} \\" HTTP/1.1" ${status} ${took}`
    if (odd === 2) return `${head} broken ${status}`
    if (odd === 3) return `${level} ${user} - - [x] "GET / H" ${status} took ${took}`
    if (odd === 4) return ''
    if (odd === 5) return `${head} "GET /a b c HTTP/1.1" ${status} ${took} "${user}" more "${level}"`
    if (odd === 6) return `${head}  "GET /${user} HTTP/1.1" ${status}`
    return `${head} "GET /${user}/x HTTP/1.1" ${status} ${took} "${user}" level=${level}`
  })

function fields({ level, number, text, odd }: Values) {
  return fc.record({ level, status: number, took: number, user: text, odd })
}

const metadata = fc.constantFrom<Record<string, string>>(
  {},
  {},
  {},
  { detected_level: 'error' },
  { status: '418' },
  { trace: 't1' },
  { user: RARE },
)

const streams: { labels: Record<string, string>; line: fc.Arbitrary<string>; sets: number }[] = [
  { labels: { app: 'json', kind: 'plain' }, line: jsonLine(plain), sets: 0 },
  { labels: { app: 'json', kind: 'broken' }, line: jsonLine(broken), sets: 0 },
  { labels: { app: 'json', kind: 'any', level: 'mine' }, line: jsonLine(any), sets: 30 },
  { labels: { app: 'logfmt', kind: 'plain' }, line: logfmtLine(plain), sets: 0 },
  { labels: { app: 'logfmt', kind: 'broken', status: '1' }, line: logfmtLine(broken), sets: 10 },
  { labels: { app: 'logfmt', kind: 'any' }, line: logfmtLine(any), sets: 30 },
  { labels: { app: 'text', kind: 'plain' }, line: textLine(plain), sets: 0 },
  { labels: { app: 'text', kind: 'broken', level: 'mine' }, line: textLine(broken), sets: 10 },
  { labels: { app: 'text', kind: 'any' }, line: textLine(any), sets: 30 },
]

const rows = fc
  .tuple(
    ...streams.map(({ labels, line, sets }) =>
      fc
        .tuple(
          fc.array(line, { minLength: ROWS, maxLength: ROWS }),
          fc.array(metadata, { minLength: sets, maxLength: sets }),
        )
        .map(([lines, ofRows]) =>
          lines.map(
            (text, i): PlainRow => ({
              labels,
              ms: T0 + i * 500,
              ns: i,
              line: text,
              metadata: ofRows[i] ?? {},
            }),
          ),
        ),
    ),
  )
  .map((all) => all.flat())

const name = fc.constantFrom(
  'level',
  'status',
  'took',
  'user',
  'o_status',
  'trace',
  'detected_level',
  'absent',
)
const filter: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(
      name,
      fc.constantFrom('=', '!=', '=~', '!~'),
      fc.constantFrom('info', 'error', '', '200', 'x"y', '.+', 'a.*', RARE, `${RARE}|${RARE}x`),
    )
    .map(([label, op, value]) => `${label}${op}${JSON.stringify(value)}`),
  fc
    .tuple(
      name,
      fc.constantFrom('>', '>=', '<', '<=', '==', '!='),
      fc.constantFrom('200', '0.25', '10ms', '4KB', '500'),
    )
    .map(([label, op, value]) => `${label} ${op} ${value}`),
  fc.constantFrom('__error__=""', '__error__!=""', 'user=ip("10.0.0.0/8")'),
)
const filters = fc
  .array(fc.tuple(filter, fc.constantFrom(' and ', ' or ', ' | ')), { maxLength: 3 })
  .map((legs) => legs.map(([leg, join], i) => (i === 0 ? ` | ${leg}` : `${join}${leg}`)).join(''))
/** Patterns that fit most lines of {@link textLine}, some of them or lines of other kinds, or none. */
const pattern = fc.constantFrom(
  '<_> - - <_> "<method> <path> <_>" <status> <took>',
  '<ip> - - [<time>] "<method> /<user>/<_> <_>" <status> <took> <_>',
  '<_>" <status> <took> "<user>" level=<level>',
  '10.0.0.<status> - - <_> "<_>" <_> <took> <_>',
  '<level> <user> - <_>',
  '<_>"<user>" <status> <_>',
  '<_>" <took> <_>',
  '<_>level":"<level>",<_>',
  '<_>"status":<status>,<_>:<took>,"user":"<user>"<_>',
  'level="<level>" status=<status> <_>took=<took> <_>',
  '<_>us=<status> <_>',
  '<user>',
)
/** A selector and what follows it; the parser is mostly the one that the lines are for. */
const read = fc
  .tuple(
    fc.constantFrom('json', 'json', 'logfmt', 'logfmt', 'text', 'text', 'any'),
    fc.constantFrom('plain', 'broken', 'any', '.+'),
    fc.constantFrom('', '', ' |= "error"', ' |~ "(?i)INFO"', ' != "abc"', ' |~ "l.v"'),
    fc.constantFrom('', '', '', ' --strict', ' --keep-empty'),
    filters,
    pattern,
    fc.integer({ min: 0, max: 9 }),
  )
  .map(([app, kind, lines, flag, stages, captures, dice]) => {
    const parser =
      app === 'text' || dice === 0
        ? ` | pattern ${JSON.stringify(captures)}`
        : app === 'json'
          ? ' | json'
          : app === 'logfmt'
            ? ` | logfmt${flag}`
            : ''
    return `{app${app === 'any' ? '=~".+"' : `="${app}"`}, kind=~"${kind}"}${lines}${parser}${stages}`
  })
/** Lines with errors are left out, or the query fails. */
const forgiven = fc.constantFrom('', ' | __error__=""')
const by = fc
  .subarray(['level', 'status', 'user', 'app', 'trace'], { maxLength: 3 })
  .map((labels) => `by (${labels.join(', ')})`)
const query = fc.oneof(
  read,
  fc
    .tuple(by, fc.constantFrom('count_over_time', 'rate', 'bytes_over_time'), read, forgiven)
    .map(([grouping, op, from, after]) => `sum ${grouping} (${op}(${from}${after} [20s]))`),
  fc
    .tuple(
      fc.constantFrom('sum', 'max'),
      by,
      fc.constantFrom('sum_over_time', 'avg_over_time', 'max_over_time', 'last_over_time'),
      read,
      fc.constantFrom('status', 'took', 'took', 'duration(took)', 'bytes(took)', 'absent'),
      fc.constantFrom('', ' | __error__=""', ' | __error__=""', ' | status > 10'),
    )
    .map(
      ([outer, grouping, op, from, label, after]) =>
        `${outer} ${grouping} (${op}(${from} | unwrap ${label}${after} [20s]) ${
          op === 'sum_over_time' ? '' : grouping
        })`,
    ),
  fc
    .tuple(by, read, forgiven)
    .map(
      ([grouping, from, after]) => `quantile_over_time(0.9, ${from} | unwrap took${after} [30s]) ${grouping}`,
    ),
)

async function answer(
  store: LogStore,
  text: string,
  shortcuts: boolean,
  parts?: ScanParts,
): Promise<unknown> {
  const range = {
    startMs: T0 - 5000,
    startNs: 0,
    endMs: T0 + ROWS * 500,
    endNs: 0,
    stepMs: 10_000,
    intervalMs: 0,
  }
  const settings = {
    query: text,
    ...range,
    limit: 40,
    direction: 'backward',
    shortcuts,
    ...(parts && { parts }),
  } as const
  try {
    const result = await queryRange(store, 't', settings, LIMITS, new AbortController().signal)
    if (result.type === 'streams') return result.streams
    return result.type === 'matrix' ? result.series : result
  } catch (thrown) {
    // Which of several lines with an error comes first is nobody's promise.
    return `error: ${String(thrown).slice(0, 40)}`
  }
}

/**
 * Queries over lines in columns must answer what the same queries answer line by line, on this thread and on
 * another.
 */
export function columnsSuite(title: string): void {
  describe(title, () => {
    const pool = makeScanPool({ threads: 1, cacheBytes: 8 << 20, logger: silentLogger })
    afterAll(() => pool.close())

    test('answer generated queries over generated logs as the lines do', async () => {
      const property = fc.asyncProperty(
        rows,
        fc.array(query, { minLength: 80, maxLength: 80 }),
        async (all, queries) => {
          const dir = await mkdtemp(join(tmpdir(), 'logboom-columns-'))
          const store = await openEmbeddedStore({
            dir,
            logger: silentLogger,
            fsync: { intervalMs: 1000 },
            retentionMs: () => 0,
            outOfOrderWindowMs: 3_600_000,
            compactionIntervalMs: 600_000,
          })
          try {
            await store.append('t', makeBatch(all))
            await store.flush()
            for (const text of queries) {
              const expected = await answer(store, text, false)
              expect(await answer(store, text, true), text).toEqual(expected)
              const parts = makeScanParts(store.planScan, pool, 0)
              expect(await answer(store, text, true, parts), `${text} in another thread`).toEqual(expected)
            }
          } finally {
            await store.close()
            await rm(dir, { recursive: true })
          }
        },
      )
      await fc.assert(property, { numRuns: 6, interruptAfterTimeLimit: 60_000, endOnFailure: true })
    }, 120_000)
  })
}
