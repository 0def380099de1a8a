import { expect, test } from 'vitest'
import type { Line } from './query-pages.ts'
import { tail } from './query-tail.ts'
import { lokiForEachTest } from './testing.ts'

const SECOND_NS = 1_000_000_000n

const loki = lokiForEachTest()

/** Adds a line at that second. */
function add(second: bigint, line: string): void {
  loki.entries.push({ ts: second * SECOND_NS, labels: { app: 'a' }, line })
}

/** Whether it answers 503. */
function setDown(isDown: boolean): void {
  loki.answer = isDown ? { status: 503, body: '' } : undefined
}

test('lines of a minute in which the server was away are shown when it is back', async () => {
  add(1000n, 'before')
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
        setDown(nowS < 1060n)
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
  setDown(true)
  add(1005n, 'while away')
  add(1060n, 'after')
  expect(await next()).toEqual(['while away', 'after'])
  stop.abort()
  await lines.return(undefined)
})
