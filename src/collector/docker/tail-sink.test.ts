import { expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { type BatchLimits, makeLineBatcher } from '../line-batcher.ts'
import type { LogEntry } from '../pipeline.ts'
import { trackCursor } from './cursor.ts'
import { makeTailSink } from './tail-sink.ts'

const SECOND_MS = 1_795_320_641_000
const limits: BatchLimits = { maxBytes: 1e6, maxLines: 1e6, maxWaitMs: 1e6 }
const counters = { entries: () => undefined, unreadable: () => undefined, tooLong: () => undefined }

/** The times that lines get, of lines read with these stamps; the first `known` of them a second time. */
async function times(isPodman: boolean, stamps: [number, number][], known = 0): Promise<string[]> {
  let got: LogEntry[] = []
  const batcher = makeLineBatcher(
    limits,
    async ([entries]) => void (got = entries),
    () => undefined,
  )
  const tracker = trackCursor(undefined)
  for (const [tsMs, tsNs] of stamps.slice(0, known)) tracker.take(0, tsMs, tsNs)
  tracker.rewind()
  const sink = makeTailSink(tracker, batcher, counters, silentLogger, isPodman)
  for (const [tsMs, tsNs] of stamps) sink.line(0, tsMs, tsNs, Buffer.from('x'))
  await batcher.flush()
  return got.map(({ tsMs, tsNs }) => `${tsMs - SECOND_MS} ${tsNs}`)
}

const equal: [number, number][] = Array.from({ length: 3 }, () => [SECOND_MS, 0])

test.each([
  ['of Docker, as they are', false, equal, ['0 0', '0 0', '0 0']],
  ['of Podman in one second, a nanosecond apart', true, equal, ['0 0', '0 1', '0 2']],
  [
    'of Podman with fractions, as they are',
    true,
    [...equal.slice(1), [SECOND_MS + 5, 7], [SECOND_MS + 5, 7]] as [number, number][],
    ['0 0', '0 1', '5 7', '5 7'],
  ],
])('times of lines %s', async (_, isPodman, stamps, expected) => {
  expect(await times(isPodman, stamps)).toEqual(expected)
})

test('a line has the same time when reading goes on within its second', async () => {
  expect(await times(true, equal, 1)).toEqual(['0 1', '0 2'])
})

test('a second of more than a million lines runs on into its milliseconds', async () => {
  const many: [number, number][] = Array.from({ length: 1_000_002 }, () => [SECOND_MS, 0])
  expect((await times(true, many, 1_000_000)).slice(-2)).toEqual(['1 0', '1 1'])
})
