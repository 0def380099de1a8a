import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { pages } from '#cli/query-pages.ts'
import { freePort, killStart, type ServerProcess, startServer, writeConfig } from './crash/server-process.ts'
import { type Ledger, makeRandom, runWriters } from './crash/writers.ts'

// `npm run crash -- --rounds 200` runs more of them.
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 20)
const WRITERS = 6
const SEED = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31))

const folder = mkdtempSync(join(tmpdir(), 'logboom-crash-'))
let server: ServerProcess | undefined

afterEach(async () => {
  await server?.end('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** Asks for what is in memory to be written to segments; the answer, or the kill, is waited for. */
async function flush(url: string): Promise<void> {
  await fetch(`${url}/flush`, { method: 'POST' })
    .then((response) => response.arrayBuffer())
    .catch(() => undefined)
}

/** Compares what the server has with what the writers know; every deviation in words, the first few of each kind. */
async function compare(
  url: string,
  ledger: Ledger,
  range: { fromNs: bigint; toNs: bigint },
): Promise<string[]> {
  const seen = new Map<string, number>()
  const wrong: string[] = []
  let lastNs = 0n
  const request = {
    query: '{job="crash"}',
    range,
    direction: 'forward' as const,
    limit: Infinity,
    batch: 5000,
  }
  for await (const page of pages({ addr: url }, request)) {
    if (!('lines' in page)) throw new Error('not a log result')
    for (const { line, tsNs } of page.lines) {
      seen.set(line, (seen.get(line) ?? 0) + 1)
      if (tsNs < lastNs) wrong.push(`out of order: ${line.slice(0, 60)}`)
      lastNs = tsNs
      const sentNs = ledger.acknowledged.get(line) ?? ledger.unanswered.get(line)
      if (sentNs === undefined) wrong.push(`invented: ${line.slice(0, 60)}`)
      else if (sentNs !== tsNs) wrong.push(`at ${tsNs} instead of ${sentNs}: ${line.slice(0, 60)}`)
    }
  }
  for (const line of ledger.acknowledged.keys()) {
    if (!seen.has(line)) wrong.push(`lost: ${line.slice(0, 60)}`)
  }
  for (const [line, times] of seen) if (times > 1) wrong.push(`there ${times} times: ${line.slice(0, 60)}`)
  return wrong.length > 10 ? [...wrong.slice(0, 10), `and ${wrong.length - 10} more`] : wrong
}

test(`${ROUNDS} rounds of kill -9 under load lose and double nothing (CRASH_SEED=${SEED})`, {
  timeout: 100_000 + ROUNDS * 30_000,
}, async () => {
  const random = makeRandom(SEED)
  const port = await freePort()
  const config = writeConfig(folder, port)
  const startNs = BigInt(Date.now() - 600_000) * 1_000_000n
  let paused = true
  let stopped = false
  const writing = runWriters({
    url: `http://127.0.0.1:${port}`,
    writers: WRITERS,
    random: makeRandom(SEED + 1),
    startNs,
    paused: () => paused,
    stopped: () => stopped,
  })
  try {
    for (let round = 0; round < ROUNDS; round++) {
      // Some kills hit a start: reading footers, replaying the log, flushing what it held.
      if (random() < 0.3) await killStart(config, random() * 1000)
      server = await startServer(config, port)
      paused = false
      await sleep(50 + random() * 500)
      // Most kills hit the log alone; these hit the writing of a segment and the removal of its log.
      const flushing = random() < 0.5 ? flush(server.url) : undefined
      await sleep(random() * 100)
      await server.end('SIGKILL')
      await flushing
      paused = true
    }
    server = await startServer(config, port)
  } finally {
    stopped = true
  }
  const ledger = await writing
  expect(ledger.refusals).toEqual([])
  expect(ledger.acknowledged.size).toBeGreaterThan(ROUNDS * WRITERS)
  expect(ledger.unanswered.size).toBeGreaterThan(0)
  const range = { fromNs: startNs, toNs: startNs + 3_600_000_000_000n }
  expect(await compare(server.url, ledger, range)).toEqual([])
  // What the log held is in segments after an orderly end; the same lines must come out of them.
  expect(await server.end('SIGTERM')).toBe(0)
  server = await startServer(config, port)
  expect(await compare(server.url, ledger, range)).toEqual([])
})
