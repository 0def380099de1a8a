import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { freePort, writeConfig } from '../test/crash/server-process.ts'
import { openCorpus } from './load/corpus.ts'
import { pushLive } from './load/live-lines.ts'
import { type Dashboard, makeDashboards, type Panel } from './load/panels.ts'
import { cpuSeconds, rssMb } from './load/process-usage.ts'
import { pushCorpus } from './load/push.ts'
import { makeRandom } from './load/random.ts'
import { table } from './load/table.ts'
import { startLogProcess } from './support/log-process.ts'

// Dashboards that refresh while lines come in: how long panels take, and what the server needs for it.
// usage: npm run bench:dashboards -- [flags]
//   --minutes     how long; 1
//   --dashboards  how many, 20, of 12 panels each; every third shows six hours, the others one
//   --refresh     seconds between refreshes, 10; one that is still under way when the next is due delays it
//   --rate        MB of lines per second that come in meanwhile; 5
//   --history     MB of lines of the six hours before; 256
//   --paths       a panel groups by 90,000 paths instead of by methods and statuses

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    dashboards: { type: 'string', default: '20' },
    refresh: { type: 'string', default: '10' },
    rate: { type: 'string', default: '5' },
    history: { type: 'string', default: '256' },
    paths: { type: 'boolean', default: false },
  },
})

/** What one panel's requests took. */
interface Taken {
  readonly ms: number[]
  errors: number
  /** Bytes of lines that the server looked at, by its own account. */
  readBytes: number
}

const folder = mkdtempSync(join(tmpdir(), 'logboom-bench-dashboards-'))
const port = await freePort()
const taken = new Map<string, Taken>()
const faults = new Map<string, number>()
let late = 0
try {
  const sizeMb = Number(options.history)
  const corpus = openCorpus(join(folder, 'corpus'), { sizeMb, hours: 6, seed: 11, endMs: Date.now() })
  const server = await startLogProcess(writeConfig(folder, port), port)
  try {
    await pushCorpus(server.url, corpus)
    await measure(server.url, server.pid)
  } finally {
    await server.end('SIGTERM')
  }
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

async function measure(url: string, pid: number): Promise<void> {
  const minutes = Number(options.minutes)
  const endMs = Date.now() + minutes * 60_000
  const refreshMs = Number(options.refresh) * 1000
  const live = pushLive(url, Number(options.rate) * 1e6, makeRandom(12))
  const cpuBefore = cpuSeconds(pid)
  const startedMs = performance.now()
  const memory: string[] = []
  const watch = setInterval(() => memory.push(String(rssMb(pid).now)), Math.max(5000, minutes * 6000))
  const dashboards = makeDashboards(Number(options.dashboards), options.paths)
  const runs = dashboards.map((one, i) => {
    return keepRefreshing(url, one, refreshMs, (i / dashboards.length) * refreshMs, endMs)
  })
  await Promise.all(runs)
  clearInterval(watch)
  const wallS = (performance.now() - startedMs) / 1000
  await live.stop()
  const cpu = cpuSeconds(pid) - cpuBefore
  const { now, peak } = rssMb(pid)
  console.log(`${availableParallelism()} cores, ${minutes} min\n`)
  console.log(table(['panel', 'requests', 'p50 ms', 'p95 ms', 'max ms', 'MB read', 'errors'], rows()))
  const rate = (live.pushedBytes / 1e6 / wallS).toFixed(2)
  console.log(`\ncame in: ${rate} MB/s, ${live.pushedLines} lines; pushes that failed: ${live.errors}`)
  console.log(`refreshes that were late: ${late}`)
  console.log(`server: ${(cpu / wallS).toFixed(2)} cores; RSS ${now} MB, peak ${peak} MB`)
  console.log(`RSS over the time, MB: ${memory.join(' ')}`)
  for (const [fault, times] of faults) console.log(`${times} × ${fault}`)
  console.log((await loopDelay(url)).join('\n'))
}

async function keepRefreshing(
  url: string,
  dashboard: Dashboard,
  refreshMs: number,
  offsetMs: number,
  endMs: number,
): Promise<void> {
  await sleep(offsetMs)
  let dueMs = Date.now()
  while (dueMs < endMs) {
    await Promise.all(dashboard.panels.map((panel) => refreshPanel(url, dashboard, panel)))
    dueMs += refreshMs
    const waitMs = dueMs - Date.now()
    if (waitMs > 0) await sleep(waitMs)
    else {
      late++
      dueMs = Date.now()
    }
  }
}

async function refreshPanel(url: string, { rangeMs, stepMs }: Dashboard, panel: Panel): Promise<void> {
  const nowMs = Date.now()
  const parameters = new URLSearchParams({
    query: panel.query,
    start: `${nowMs - rangeMs}000000`,
    end: `${nowMs}000000`,
    step: `${stepMs}ms`,
    direction: 'backward',
    ...(panel.path === 'query' && { time: `${nowMs}000000` }),
    ...(panel.limit !== undefined && { limit: String(panel.limit) }),
  })
  const startedMs = performance.now()
  const of = taken.get(panel.name) ?? { ms: [], errors: 0, readBytes: 0 }
  taken.set(panel.name, of)
  const fault = await fetch(`${url}/loki/api/v1/${panel.path}?${parameters}`).then(
    async (response) => {
      const text = await response.text()
      of.readBytes += Number(/"totalBytesProcessed":(\d+)/.exec(text)?.[1] ?? 0)
      return response.ok ? undefined : `${response.status} ${text.slice(0, 200)}`
    },
    (error: unknown) => `${error} ${error instanceof Error ? error.cause : ''}`,
  )
  of.ms.push(performance.now() - startedMs)
  if (fault === undefined) return
  of.errors++
  faults.set(fault, (faults.get(fault) ?? 0) + 1)
}

function rows(): string[][] {
  const all: Taken = { ms: [...taken.values()].flatMap(({ ms }) => ms), errors: 0, readBytes: 0 }
  for (const { errors, readBytes } of taken.values()) {
    all.errors += errors
    all.readBytes += readBytes
  }
  return [...taken, ['all', all] as const].map(([name, { ms, errors, readBytes }]) => {
    const sorted = ms.toSorted((a, b) => a - b)
    const at = (share: number): string =>
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(0)
    const mb = (readBytes / ms.length / 1e6).toFixed(1)
    return [name, String(ms.length), at(0.5), at(0.95), at(1), mb, String(errors)]
  })
}

/** What the server says of the delay of its event loop, if it does. */
async function loopDelay(url: string): Promise<string[]> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return text.split('\n').filter((line) => /^nodejs_eventloop_lag/.test(line))
}
