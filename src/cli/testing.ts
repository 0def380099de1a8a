import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import { afterEach, beforeEach } from 'vitest'

/** A line of the stand-in. */
interface Entry {
  readonly ts: bigint
  readonly labels: Record<string, string>
  readonly line: string
}

/** A Loki of fixed content: query_range with exact bounds, direction and limits; the rest answers as told. */
export interface LokiStandIn {
  addr: string
  /** An address where nothing listens. */
  closedAddr: string
  entries: Entry[]
  /** What it answers instead of what it holds. */
  answer: { readonly status: number; readonly body: string } | undefined
  /** Never answers. */
  isSilent: boolean
  /** What it was asked. */
  requests: URL[]
  heads: IncomingMessage['headers'][]
}

/** Starts a stand-in before each test of a file, empty, and ends it afterwards. */
export function lokiForEachTest(): LokiStandIn {
  const loki: LokiStandIn = { addr: '', closedAddr: '', ...emptied() }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://fake')
    loki.requests.push(url)
    loki.heads.push(request.headers)
    if (loki.isSilent) return
    const { status, body } = loki.answer ?? queryRange(loki.entries, url.searchParams)
    response.writeHead(status).end(body)
  })
  beforeEach(async () => {
    Object.assign(loki, emptied())
    const closed = createServer()
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    loki.closedAddr = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`
    await new Promise((resolve) => closed.close(resolve))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    loki.addr = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  return loki
}

function emptied(): Omit<LokiStandIn, 'addr' | 'closedAddr'> {
  return { entries: [], answer: undefined, isSilent: false, requests: [], heads: [] }
}

function queryRange(
  entries: readonly Entry[],
  parameters: URLSearchParams,
): { status: number; body: string } {
  const [start, end] = ['start', 'end'].map((name) => BigInt(parameters.get(name) ?? 0))
  const limit = Number(parameters.get('limit'))
  if (limit > 5000)
    return { status: 400, body: `max entries limit per query exceeded, limit > max_entries_limit` }
  const forward = parameters.get('direction') === 'forward'
  const found = entries.filter(({ ts }) => ts >= start && ts < end).sort((a, b) => Number(a.ts - b.ts))
  if (!forward) found.reverse()
  const streams = new Map<string, { stream: Record<string, string>; values: [string, string][] }>()
  for (const { ts, labels, line } of found.slice(0, limit)) {
    const key = JSON.stringify(labels)
    const stream = streams.get(key) ?? { stream: labels, values: [] }
    stream.values.push([String(ts), line])
    streams.set(key, stream)
  }
  const data = { resultType: 'streams', result: [...streams.values()] }
  return { status: 200, body: JSON.stringify({ status: 'success', data }) }
}

/** What a command writes, as text. */
export function capture(): { stdout: Writable; stderr: Writable; out: () => string; err: () => string } {
  const texts = ['', '']
  const make = (index: number): Writable =>
    new Writable({
      write(chunk, _encoding, done) {
        texts[index] += String(chunk)
        done()
      },
    })
  return { stdout: make(0), stderr: make(1), out: () => texts[0], err: () => texts[1] }
}
