import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { freePort, startServer, writeConfig } from '../test/crash/server-process.ts'
import { type Corpus, openCorpus } from './load/corpus.ts'
import { cpuSeconds, rssMb } from './load/process-usage.ts'
import { pushCorpus } from './load/push.ts'
import { type Asked, ask, type BenchQuery, benchQueries } from './load/queries.ts'
import { seconds, table } from './load/table.ts'

// Ingest and queries of a whole server, in CPU seconds of its process.
// usage: npm run bench -- [--sizes 64,512] [--hours N] [--rounds 50] [--warm-up 30] [--corpus DIR]
//   [--against name=url[,pid]]…
//   --sizes    megabytes of lines; several show how the cost of a query grows
//   --hours    the time that the lines span; 6, and 168 for sizes above 64
//   --rounds   how often each query is asked of a warm server; CPU seconds are the mean
//   --warm-up  how often each is asked before any is counted: V8 compiles what runs often
//   --corpus   where corpora are kept between runs; a temporary folder otherwise
//   --against  another server that speaks Loki's API, asked in turns with this one; its limits must let the
//              corpus in. With its process id, its CPU seconds are measured too

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: '64' },
    hours: { type: 'string' },
    rounds: { type: 'string', default: '50' },
    'warm-up': { type: 'string', default: '30' },
    corpus: { type: 'string' },
    against: { type: 'string', multiple: true, default: [] },
  },
})

/** The end of every corpus, so that equal sizes are equal bytes. */
const END_MS = 1_795_176_000_000

/** A server under measurement. */
interface Subject {
  readonly name: string
  readonly url: string
  /** 0 where it is not known. */
  readonly pid: number
  /** Where it keeps its data; undefined where it is not known. */
  readonly dir?: string
}

const scratch = mkdtempSync(join(tmpdir(), 'logboom-bench-'))
const corpora = options.corpus ?? join(scratch, 'corpora')
try {
  const sizes = options.sizes.split(',').map(Number)
  console.log(`${cpus().length} × ${cpus()[0].model}, Node ${process.versions.node}\n`)
  for (const sizeMb of sizes) await measureSize(sizeMb)
} finally {
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 })
}

async function measureSize(sizeMb: number): Promise<void> {
  const hours = Number(options.hours ?? (sizeMb > 64 ? 168 : 6))
  const dir = join(corpora, `${sizeMb}mb-${hours}h`)
  const corpus = openCorpus(dir, { sizeMb, hours, seed: 7, endMs: END_MS })
  const port = await freePort()
  const folder = join(scratch, `server-${sizeMb}`)
  const config = writeConfig(folder, port)
  let server = await startServer(config, port)
  const others = options.against.map(parseOther)
  try {
    console.log(`## ${sizeMb} MB, ${corpus.lines.toLocaleString('en')} lines over ${hours} h\n`)
    const own = { name: 'logboom', url: server.url, pid: server.pid, dir: folder }
    const ingest = []
    for (const subject of [own, ...others]) ingest.push(await measureIngest(subject, corpus))
    console.log(`${table(['', 'MB/s', 'MB per CPU s', 'peak RSS MB', 'disk/raw'], ingest)}\n`)
    await server.end('SIGTERM')
    server = await startServer(config, port)
    await measureQueries([{ ...own, pid: server.pid }, ...others], corpus, sizeMb === 64 && hours === 6)
    console.log(`RSS after the queries: ${rssMb(server.pid).now} MB\n`)
  } finally {
    await server.end('SIGTERM')
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

function parseOther(text: string): Subject {
  const [name, rest = ''] = text.split(/=(.*)/s)
  const [url, pid = '0'] = rest.split(',')
  if (!/^https?:/.test(url)) throw new Error(`--against ${text}: expected name=url or name=url,pid`)
  return { name, url: url.replace(/\/$/, ''), pid: Number(pid) }
}

async function measureIngest({ name, url, pid, dir }: Subject, corpus: Corpus): Promise<string[]> {
  const before = cpuSeconds(pid)
  const wall = await pushCorpus(url, corpus)
  const peak = rssMb(pid).peak
  const mb = corpus.rawBytes / 1048576
  await fetch(`${url}/flush`, { method: 'POST' }).catch(() => undefined)
  // What was pushed last is still being written.
  await sleep(2000)
  const cpu = cpuSeconds(pid) - before
  const disk = dir === undefined ? Number.NaN : diskBytes(dir) / corpus.rawBytes
  const shown = (value: number, digits: number): string => (Number.isNaN(value) ? '–' : value.toFixed(digits))
  return [name, shown(mb / wall, 1), shown(mb / cpu, 1), shown(peak, 0), shown(disk, 3)]
}

function diskBytes(dir: string): number {
  return Number(execFileSync('du', ['-sb', join(dir, 'chunks')], { encoding: 'utf8' }).split('\t')[0])
}

/** What a query cost the first time, of the first server. */
interface Cold {
  readonly cpu: number
  readonly answer: Asked
}

/** Asks each query of each server, in turns: cold for the first, then uncounted, then warm. */
async function measureQueries(
  subjects: readonly Subject[],
  corpus: Corpus,
  isReference: boolean,
): Promise<void> {
  const queries = benchQueries(corpus)
  const colds: Cold[] = []
  for (const query of queries) colds.push(await measureCold(subjects[0], query, corpus))
  for (const query of queries) {
    for (let round = 0; round < Number(options['warm-up']); round++) {
      for (const { url } of subjects) await ask(url, query, corpus)
    }
  }
  const rows: string[][] = []
  for (const [i, query] of queries.entries())
    rows.push(await measureWarm(subjects, query, corpus, colds[i], isReference))
  const own = ['cold CPU s', 'CPU s', 'goal', 'ms', 'pruned', 'answer']
  const others = subjects.slice(1).flatMap(({ name }) => [`${name} CPU s`, `${name} ms`, 'ratio'])
  console.log(`${table(['query', ...own, ...others], rows)}\n`)
}

async function measureCold({ url, pid }: Subject, query: BenchQuery, corpus: Corpus): Promise<Cold> {
  const before = cpuSeconds(pid)
  const answer = await ask(url, query, corpus)
  return { cpu: cpuSeconds(pid) - before, answer }
}

async function measureWarm(
  subjects: readonly Subject[],
  query: BenchQuery,
  corpus: Corpus,
  { cpu: coldCpu, answer: cold }: Cold,
  isReference: boolean,
): Promise<string[]> {
  const rounds = Number(options.rounds)
  const used = subjects.map(() => ({ cpu: 0, ms: [] as number[] }))
  for (let round = 0; round < rounds; round++) {
    for (const [i, subject] of subjects.entries()) {
      const from = cpuSeconds(subject.pid)
      const { ms } = await ask(subject.url, query, corpus)
      used[i].cpu += (cpuSeconds(subject.pid) - from) / rounds
      used[i].ms.push(ms)
    }
  }
  const median = (ms: readonly number[]): number => ms.toSorted((a, b) => a - b)[ms.length >> 1]
  const verdict = cold.digest === query.expected ? 'as Loki' : `other (${cold.digest})`
  const pruned = cold.pruned === undefined ? '–' : `${Math.round(cold.pruned * 100)} %`
  return [
    query.name,
    seconds(coldCpu),
    seconds(used[0].cpu),
    isReference ? String(query.goalCpuS) : '–',
    median(used[0].ms).toFixed(1),
    pruned,
    isReference ? verdict : `${cold.values} values`,
    ...used.slice(1).flatMap(({ cpu, ms }) => {
      const by = Number.isNaN(cpu) ? median(ms) / median(used[0].ms) : cpu / used[0].cpu
      return [seconds(cpu), median(ms).toFixed(1), `${by.toFixed(1)}×`]
    }),
  ]
}
