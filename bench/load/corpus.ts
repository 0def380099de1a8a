import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compressSync } from 'snappy'
import { type LineMaker, type LogKind, makeLogLines } from './log-lines.ts'
import { type Entry, encodeStream } from './push-body.ts'
import { makeRandom, type Random } from './random.ts'

/** What a corpus is made of; equal ones have equal bytes. */
export interface CorpusSpec {
  readonly sizeMb: number
  readonly hours: number
  readonly seed: number
  /** When its last line was logged. */
  readonly endMs: number
}

/** A corpus on disk: push bodies in order of time, as snappy-compressed protobuf. */
export interface Corpus {
  readonly dir: string
  readonly lines: number
  /** Bytes of all lines. */
  readonly rawBytes: number
  readonly startMs: number
  readonly endMs: number
  readonly bodies: readonly string[]
  /** A request id that one line has, about in the middle. */
  readonly needle: string
}

/** Services, their kind of logs, containers, and share of the lines. */
const SERVICES: readonly (readonly [string, LogKind, number, number])[] = [
  ['web-gateway', 'pino', 4, 5],
  ['order-api', 'pino', 4, 4],
  ['fulfillment-worker', 'structlog', 3, 3],
  ['nginx', 'nginx', 2, 4],
  ['postgres', 'postgres', 1, 1],
  ['billing', 'java', 3, 2],
  ['loki', 'logfmt', 4, 3],
  ['worker', 'structlog', 2, 1],
]
const BODY_BYTES = 1 << 20
/** About how many lines a body holds: where in its span of time a line falls. */
const LINES_PER_BODY = 5200

/** A container that logs. */
export interface Stream {
  readonly line: LineMaker
  /** Of all lines, in proportion to the others'. */
  readonly share: number
  readonly host: string
  /** As a selector: `{a="b"}`. */
  readonly labels: string
}

/** Makes a corpus in a folder, or finds it there. */
export function openCorpus(dir: string, spec: CorpusSpec): Corpus {
  const meta = join(dir, 'corpus.json')
  if (!existsSync(meta)) writeCorpus(dir, spec, meta)
  const known = JSON.parse(readFileSync(meta, 'utf8')) as Omit<Corpus, 'dir' | 'bodies'> & {
    spec: CorpusSpec
  }
  if (JSON.stringify(known.spec) !== JSON.stringify(spec)) {
    throw new Error(`${dir} holds another corpus: ${JSON.stringify(known.spec)}. Name another folder.`)
  }
  const bodies = readdirSync(dir).filter((name) => name.endsWith('.sz'))
  return { ...known, dir, bodies: bodies.sort().map((name) => join(dir, name)) }
}

/** The containers of the corpus, which log something else with each call. */
export function corpusStreams(random: Random): Stream[] {
  const makers = makeLogLines(random)
  return SERVICES.flatMap(([service, kind, containers, share]) =>
    Array.from({ length: containers }, (_, i): Stream => {
      const host = `${service}-${i}`
      const labels = { container: host, env: 'prod', service, stream: i % 3 === 2 ? 'stderr' : 'stdout' }
      const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      return { line: makers[kind], share: share / containers, host, labels: `{${pairs.join(', ')}}` }
    }),
  )
}

function writeCorpus(dir: string, spec: CorpusSpec, meta: string): void {
  mkdirSync(dir, { recursive: true })
  const random = makeRandom(spec.seed)
  const streams = corpusStreams(random)
  let total = 0
  const shares = streams.map(({ share }) => (total += share))
  const choose = (): number => {
    const x = random.next() * total
    return shares.findIndex((upTo) => upTo >= x)
  }
  const bodies = Math.max(1, Math.round((spec.sizeMb * 1048576) / BODY_BYTES))
  const startMs = spec.endMs - spec.hours * 3_600_000
  let lines = 0
  let rawBytes = 0
  let needle = ''
  for (let b = 0; b < bodies; b++) {
    const fromMs = startMs + (spec.endMs - startMs) * (b / bodies)
    const toMs = startMs + (spec.endMs - startMs) * ((b + 1) / bodies)
    const entries: Entry[][] = streams.map(() => [])
    let size = 0
    for (let k = 0; size < BODY_BYTES; k++) {
      const i = choose()
      const ms = Math.floor(fromMs + (toMs - fromMs) * Math.min(0.9999, k / LINES_PER_BODY))
      const line = streams[i].line(ms, streams[i].host)
      entries[i].push({ ms, ns: random.int(1e6), line })
      size += line.length
    }
    for (const ofStream of entries) ofStream.sort((a, b) => a.ms - b.ms || a.ns - b.ns)
    lines += entries.reduce((sum, { length }) => sum + length, 0)
    rawBytes += size
    if (b === Math.floor(bodies / 2)) needle = requestIdOf(streams, entries)
    const body = entries.flatMap((ofStream, i) =>
      ofStream.length === 0 ? [] : [encodeStream(streams[i].labels, ofStream)],
    )
    writeFileSync(join(dir, `${String(b).padStart(5, '0')}.sz`), compressSync(Buffer.concat(body)))
  }
  const facts = { lines, rawBytes, startMs, endMs: spec.endMs, needle, spec }
  writeFileSync(meta, JSON.stringify(facts))
}

function requestIdOf(streams: readonly Stream[], entries: readonly Entry[][]): string {
  const i = streams.findIndex(({ host }, at) => host.startsWith('order-api') && entries[at].length > 3)
  return (JSON.parse(entries[i][3].line) as { request_id: string }).request_id
}
