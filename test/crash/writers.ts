import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { jsonBody, type PushLine, type PushStream, protobufBody } from './push-body.ts'

/** What the writers know of each line they ever sent. */
export interface Ledger {
  /** A 204 came back for a push that held it: it must be there, once. */
  readonly acknowledged: Map<string, bigint>
  /** Sent and never answered: it may be there, once. */
  readonly unanswered: Map<string, bigint>
  /** Answers that were neither 204 nor a broken connection. */
  readonly refusals: string[]
}

/** Repeatable randomness (mulberry32). */
export function makeRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** How a group of writers works. */
export interface WriterOptions {
  readonly url: string
  readonly writers: number
  readonly random: () => number
  readonly startNs: bigint
  /** While true, writers wait instead of sending. */
  readonly paused: () => boolean
  readonly stopped: () => boolean
}

/** Pushes from several connections until told to stop: JSON and protobuf, small batches and large, long lines. */
export async function runWriters(options: WriterOptions): Promise<Ledger> {
  const ledger: Ledger = { acknowledged: new Map(), unanswered: new Map(), refusals: [] }
  const agent = new Agent({ keepAlive: true, maxSockets: options.writers })
  const clock = { ns: options.startNs }
  const writers = Array.from({ length: options.writers }, (_, writer) =>
    write(writer, clock, agent, options, ledger),
  )
  await Promise.all(writers)
  agent.destroy()
  return ledger
}

async function write(
  writer: number,
  clock: { ns: bigint },
  agent: Agent,
  options: WriterOptions,
  ledger: Ledger,
): Promise<void> {
  const { random } = options
  for (let push = 0; !options.stopped(); push++) {
    while (options.paused() && !options.stopped()) await sleep(5)
    const streams = makeStreams(writer, push, clock, random)
    const lines = streams.flatMap((stream) => stream.lines)
    const body = makeBody(streams, random)
    let outcome = await send(options.url, body, agent)
    // Half of the interrupted pushes are sent again, as collectors do; the others stay unanswered for ever.
    while (outcome === 'broken' && random() < 0.5 && !options.stopped()) {
      while (options.paused() && !options.stopped()) await sleep(5)
      outcome = await send(options.url, body, agent)
    }
    if (outcome === 'done') for (const { line, tsNs } of lines) ledger.acknowledged.set(line, tsNs)
    else {
      for (const { line, tsNs } of lines) ledger.unanswered.set(line, tsNs)
      if (outcome !== 'broken') ledger.refusals.push(outcome)
    }
    await sleep(random() * 12)
  }
}

function makeStreams(
  writer: number,
  push: number,
  clock: { ns: bigint },
  random: () => number,
): PushStream[] {
  return Array.from({ length: 1 + Math.floor(random() * 3) }, (_, stream) => {
    const count = random() < 0.3 ? 1 : Math.floor(random() * 40) + 1
    const lines = Array.from({ length: count }, (_, index): PushLine => {
      // Neighbours share a nanosecond now and then; only the line tells them apart.
      if (random() < 0.9) clock.ns += BigInt(Math.floor(random() * 2_000_000))
      const padding = random() < 0.01 ? 20_000 : Math.floor(random() * 200)
      return {
        tsNs: clock.ns,
        line: `{"w":${writer},"p":${push},"s":${stream},"i":${index},"x":"${'é'.repeat(padding / 2)}"}`,
      }
    })
    return { labels: { job: 'crash', writer: String(writer), part: String(stream) }, lines }
  })
}

interface Body {
  readonly bytes: Buffer
  readonly headers: Readonly<Record<string, string>>
}

function makeBody(streams: readonly PushStream[], random: () => number): Body {
  const form = random()
  if (form < 0.5)
    return { bytes: protobufBody(streams), headers: { 'content-type': 'application/x-protobuf' } }
  const json = Buffer.from(jsonBody(streams))
  const headers = { 'content-type': 'application/json' }
  return form < 0.75
    ? { bytes: json, headers }
    : { bytes: gzipSync(json), headers: { ...headers, 'content-encoding': 'gzip' } }
}

/** `done` for 204, `broken` when no whole answer came, else what the server said. */
function send(url: string, { bytes, headers }: Body, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(
      `${url}/loki/api/v1/push`,
      { method: 'POST', agent, headers: { ...headers, 'content-length': bytes.length } },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => {
          text += part
        })
        response.on('error', () => resolve('broken'))
        response.on('end', () => {
          const { statusCode = 0 } = response
          // A server that is starting says so; the push is then sent again like a broken one.
          if (statusCode === 204) resolve('done')
          else resolve(statusCode === 503 ? 'broken' : `${statusCode} ${text}`)
        })
        response.on('close', () => resolve('broken'))
      },
    )
    sent.on('error', () => resolve('broken'))
    sent.end(bytes)
  })
}
