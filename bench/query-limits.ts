import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, startServer, writeConfig } from '../test/crash/server-process.ts'
import { cpuSeconds, rssMb } from './load/process-usage.ts'
import { seconds, table } from './load/table.ts'

// What the largest answers cost: ten thousand series, a million lines in one metric query, five thousand
// lines given back.
// usage: node bench/query-limits.ts [lines, default 1000000]

const LINES = Number(process.argv[2] ?? 1_000_000)
const USERS = 10_000
const LINES_PER_PUSH = 20_000
const END_MS = Date.now() - 60_000
/** Lines lie this far apart. */
const GAP_MS = 3_600_000 / LINES

const QUERIES = [
  ['10,000 series', `sum by (user) (count_over_time({app="big"} | json [5m]))`, '300'],
  ['1 M lines parsed', `sum by (level) (rate({app="big"} | json | took > 1 [5m]))`, '60'],
  ['1 M lines, quantile', `quantile_over_time(0.9, {app="big"} | json | unwrap took [5m]) by (level)`, '60'],
  ['1 M lines, all labels', `sum(count_over_time({app="big"} | json [1h]))`, '3600'],
  [
    '1 M lines as text',
    `sum(count_over_time({app="big"} |~ "to+k" | regexp "u(?P<n>[0-9]+)" | n > 5 [5m]))`,
    '300',
  ],
  ['5,000 lines', `{app="big"}`, '60'],
  ['5,000 lines, json', `{app="big"} | json`, '60'],
] as const

const dir = mkdtempSync(join(tmpdir(), 'logboom-bench-'))
const port = await freePort()
const server = await startServer(writeConfig(dir, port, { max_query_series: USERS * 2 }), port)
try {
  for (let from = 0; from < LINES; from += LINES_PER_PUSH) await push(from)
  await fetch(`${server.url}/flush`, { method: 'POST' })
  const rows: string[][] = []
  for (const [name, query, step] of QUERIES) rows.push(await measure(name, query, step))
  console.log(table(['', 'CPU s', 'ms', 'answer KB', 'series or streams', 'RSS MB', 'peak RSS MB'], rows))
} finally {
  await server.end('SIGTERM')
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
}

async function push(from: number): Promise<void> {
  const values = Array.from({ length: Math.min(LINES_PER_PUSH, LINES - from) }, (_, i) => {
    const n = from + i
    const ms = Math.floor(END_MS - (LINES - n) * GAP_MS)
    const level = n % 10 === 0 ? 'error' : 'info'
    const took = (n * 7919) % 1000
    const line = `{"level":"${level}","user":"u${n % USERS}","took":${took},"msg":"request completed"}`
    return [`${ms}${String(n % 1_000_000).padStart(6, '0')}`, line]
  })
  const body = JSON.stringify({ streams: [{ stream: { app: 'big' }, values }] })
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${server.url}/loki/api/v1/push`, { method: 'POST', headers, body })
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
}

async function measure(name: string, query: string, step: string): Promise<string[]> {
  const parameters = new URLSearchParams({
    query,
    step,
    start: `${END_MS - 3_600_000}000000`,
    end: `${END_MS}000000`,
    limit: '5000',
  })
  const before = cpuSeconds(server.pid)
  const startedMs = performance.now()
  const answer = await fetch(`${server.url}/loki/api/v1/query_range?${parameters}`, {
    headers: { 'cache-control': 'no-cache' },
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${name}: ${answer.status} ${text.slice(0, 200)}`)
  const ms = performance.now() - startedMs
  const { data } = JSON.parse(text) as { data: { result: unknown[] } }
  const rss = rssMb(server.pid)
  return [
    name,
    seconds(cpuSeconds(server.pid) - before),
    ms.toFixed(0),
    (text.length / 1024).toFixed(0),
    String(data.result.length),
    String(rss.now),
    String(rss.peak),
  ]
}
