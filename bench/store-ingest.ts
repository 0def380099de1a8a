import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { silentLogger } from '#base/logger.ts'
import { openEmbeddedStore } from '#store/embedded/store.ts'
import { makeBatch, type PlainRow } from '#store/testing.ts'
import type { EntryBatch } from '#store/types.ts'

// What appending to the embedded store costs, without HTTP and decoding: MB of lines per CPU second, disk
// per raw byte, RSS.
// usage: node bench/store-ingest.ts CORPUS_DIR [TIMES [CLIENTS]]
// CORPUS_DIR holds push bodies as *.json; they are taken in TIMES over, each time later than before.

const [corpus, times = '1', clients = '4'] = process.argv.slice(2)
if (corpus === 'prepare') prepare(process.argv[3], process.argv[4])
else await run(corpus, Number(times), Number(clients))

interface PushBody {
  readonly streams: readonly {
    readonly stream: Record<string, string>
    readonly values: readonly (readonly [string, string])[]
  }[]
}

/** Decodes in a process of its own, so that neither its time nor its memory is measured. */
function prepare(from: string, to: string): void {
  for (const name of readdirSync(from).filter((file) => /^\d+\.json$/.test(file))) {
    const body = JSON.parse(readFileSync(join(from, name), 'utf8')) as PushBody
    const rows: PlainRow[] = body.streams.flatMap(({ stream, values }) =>
      values.map(([ts, line]) => ({
        labels: stream,
        ms: Number(ts.slice(0, -6)),
        ns: Number(ts.slice(-6)),
        line,
      })),
    )
    writeFileSync(join(to, `${name}.bin`), serialize(makeBatch(rows)))
  }
}

async function run(from: string, rounds: number, concurrency: number): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'logboom-bench-'))
  try {
    const prepared = join(dir, 'prepared')
    mkdirSync(prepared)
    execFileSync(process.execPath, [import.meta.filename, 'prepare', from, prepared])
    const store = await openEmbeddedStore({
      dir: join(dir, 'data'),
      logger: silentLogger,
      fsync: { intervalMs: 100 },
      retentionMs: () => 0,
      outOfOrderWindowMs: 3_600_000,
      compactionIntervalMs: 600_000,
    })
    const files = readdirSync(prepared).sort()
    const jobs = Array.from({ length: rounds * files.length }, (_, i) => i)
    const startRss = process.memoryUsage.rss()
    let peakRss = startRss
    let decodeCpu = 0
    const startCpu = process.cpuUsage()
    const startMs = performance.now()
    const client = async (): Promise<void> => {
      for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
        const before = process.cpuUsage()
        const batch = load(join(prepared, files[job % files.length]), Math.floor(job / files.length))
        decodeCpu += cpuSeconds(process.cpuUsage(before))
        await store.append('bench', batch)
        peakRss = Math.max(peakRss, process.memoryUsage.rss())
      }
    }
    await Promise.all(Array.from({ length: concurrency }, client))
    const ingestCpu = cpuSeconds(process.cpuUsage(startCpu)) - decodeCpu
    await store.flush()
    const totalCpu = cpuSeconds(process.cpuUsage(startCpu)) - decodeCpu
    peakRss = Math.max(peakRss, process.memoryUsage.rss())
    const { lineBytes, rows, segmentBytes, segments, groups } = store.stats()
    const mb = lineBytes / 1e6
    console.log({
      rows,
      rawMB: round(mb),
      seconds: round((performance.now() - startMs) / 1000),
      cpuSeconds: round(totalCpu),
      cpuSecondsBeforeLastFlush: round(ingestCpu),
      mbPerCpuSecond: round(mb / totalCpu),
      diskPerRaw: round(segmentBytes / lineBytes),
      segments,
      groups,
      startRssMB: round(startRss / 1e6),
      peakRssMB: round(peakRss / 1e6),
    })
    await store.close()
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** Six hours of corpus per round, one after another. */
function load(path: string, shift: number): EntryBatch {
  const batch = deserialize(readFileSync(path)) as EntryBatch
  for (let i = 0; i < batch.rows; i++) batch.tsMs[i] += shift * 6 * 3_600_000
  return batch
}

function cpuSeconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
