import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { Line } from './query-pages.ts'
import { tail } from './query-tail.ts'

const SECOND_NS = 1_000_000_000n

/** A Loki with lines at given seconds; `down` makes it answer 503. */
async function startLoki(): Promise<{
  addr: string
  entries: [second: bigint, line: string][]
  down: boolean
}> {
  const loki = { addr: '', entries: [] as [bigint, string][], down: false }
  const server = createServer((request, response) => {
    const parameters = new URL(request.url ?? '/', 'http://loki').searchParams
    const [start, end] = ['start', 'end'].map((name) => BigInt(parameters.get(name) ?? 0))
    const values = loki.entries
      .map(([second, line]): [bigint, string] => [second * SECOND_NS, line])
      .filter(([ns]) => ns >= start && ns < end)
      .map(([ns, line]) => [String(ns), line])
    response.statusCode = loki.down ? 503 : 200
    response.end(
      JSON.stringify({ data: { resultType: 'streams', result: [{ stream: { app: 'a' }, values }] } }),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  loki.addr = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return loki
}

test('lines of a minute in which the server was away are shown when it is back', async () => {
  const loki = await startLoki()
  loki.entries.push([1000n, 'before'])
  let nowS = 1001n
  const stop = new AbortController()
  const lines = tail(
    { addr: loki.addr },
    {
      query: '{app="a"}',
      fromNs: 900n * SECOND_NS,
      limit: 10,
      batch: 100,
      pollMs: 1,
      onTrouble: () => {
        nowS += 30n
        loki.down = nowS < 1060n
      },
      nowNs: () => nowS * SECOND_NS,
    },
    stop.signal,
  )
  const next = async (): Promise<string[]> => {
    const { value } = await lines.next()
    return (value as readonly Line[]).map(({ line }) => line)
  }
  expect(await next()).toEqual(['before'])
  loki.down = true
  loki.entries.push([1005n, 'while away'], [1060n, 'after'])
  expect(await next()).toEqual(['while away', 'after'])
  stop.abort()
  await lines.return(undefined)
})
