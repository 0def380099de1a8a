import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Cursor,
  cursorText,
  parseCursor,
  type StreamIndex,
  sinceSeconds,
  trackCursor,
} from './cursor.ts'

interface Line {
  readonly stream: StreamIndex
  readonly ms: number
  readonly ns: number
  readonly id: number
}

/** What the daemon sends: nothing before the first line of `since` or later, everything from there on. */
function fromDaemon(log: readonly Line[], sinceS: number): readonly Line[] {
  const first = log.findIndex(({ ms }) => ms >= sinceS * 1000)
  return first < 0 ? [] : log.slice(first)
}

const lines = fc
  .array(
    fc.record({
      stream: fc.constantFrom<StreamIndex>(0, 1),
      // Small steps: many lines share a stamp, and seconds are crossed now and then.
      stepMs: fc.constantFrom(0, 0, 0, 0, 1, 400, 1500),
      stepNs: fc.constantFrom(0, 0, 1),
    }),
    { maxLength: 60 },
  )
  .map((steps) => {
    let ms = 1_700_000_000_000
    let ns = 0
    return steps.map(({ stream, stepMs, stepNs }, id): Line => {
      ms += stepMs
      ns = stepMs > 0 ? 0 : ns + stepNs
      return { stream, ms, ns, id }
    })
  })

describe('resuming', () => {
  test('property: over any restarts each line is taken exactly once', () => {
    fc.assert(
      fc.property(lines, fc.array(fc.nat(12), { maxLength: 12 }), (log, reads) => {
        const taken: number[] = []
        let stored: string | undefined
        for (const readLines of [...reads, log.length]) {
          const start: Cursor | undefined = stored === undefined ? undefined : parseCursor(stored)
          const tracker = trackCursor(start)
          let left = readLines
          for (const { stream, ms, ns, id } of fromDaemon(log, sinceSeconds(start))) {
            if (left === 0) break
            if (!tracker.take(stream, ms, ns)) continue
            taken.push(id)
            left--
          }
          const cursor = tracker.cursor()
          if (cursor !== undefined) stored = cursorText(cursor)
        }
        expect(taken).toEqual(log.map(({ id }) => id))
      }),
      { numRuns: 500 },
    )
  })

  test('property: reconnecting within one process takes nothing twice', () => {
    fc.assert(
      fc.property(lines, fc.array(fc.nat(60), { maxLength: 6 }), (log, written) => {
        const tracker = trackCursor(undefined)
        const taken: number[] = []
        for (const length of [...written.sort((a, b) => a - b), log.length]) {
          const since = sinceSeconds(tracker.cursor())
          tracker.rewind()
          for (const { stream, ms, ns, id } of fromDaemon(log.slice(0, length), since)) {
            if (tracker.take(stream, ms, ns)) taken.push(id)
          }
        }
        expect(taken).toEqual(log.map(({ id }) => id))
      }),
    )
  })

  test('property: a clock that is set back, however often, loses and repeats nothing', () => {
    const jump = fc.constantFrom(0, 0, 1, 400, 1500, -300, -5000, -100_000, 50_000)
    const steps = fc.array(fc.record({ stream: fc.constantFrom<StreamIndex>(0, 1), jump }), { maxLength: 60 })
    fc.assert(
      fc.property(steps, fc.array(fc.nat(60), { maxLength: 6 }), (moves, written) => {
        let ms = 1_700_000_000_000
        const log = moves.map(({ stream, jump: stepMs }, id): Line => {
          ms += stepMs
          // No two stamps are equal: what stands at the same nanosecond again cannot be told apart.
          return { stream, ms, ns: id, id }
        })
        const taken: number[] = []
        let stored: string | undefined
        for (const length of [...written.sort((a, b) => a - b), log.length]) {
          const start = stored === undefined ? undefined : parseCursor(stored)
          const tracker = trackCursor(start)
          for (const { stream, ms: atMs, ns, id } of fromDaemon(log.slice(0, length), sinceSeconds(start))) {
            if (tracker.take(stream, atMs, ns)) taken.push(id)
          }
          const cursor = tracker.cursor()
          if (cursor !== undefined) stored = cursorText(cursor)
        }
        expect(taken).toEqual(log.map(({ id }) => id))
      }),
      { numRuns: 1000 },
    )
  })

  test('exactly: nothing is new before the last line has come, everything after it is', () => {
    const tracker = trackCursor(parseCursor('stderr=100.000000000#2 stdout=90.000000000#1'))
    tracker.rewind('exactly')
    const at = (stream: StreamIndex, seconds: number): boolean => tracker.take(stream, seconds * 1000, 0)
    expect([at(0, 95), at(0, 105), at(1, 100), at(1, 99), at(0, 101)]).not.toContain(true)
    expect(tracker.soFar()).toEqual({ isFound: false, known: 5, taken: 0 })
    expect(at(1, 100)).toBe(false)
    expect([at(0, 80), at(1, 70), at(0, 120)]).not.toContain(false)
    expect(tracker.soFar()).toEqual({ isFound: true, known: 6, taken: 3 })
  })

  test('anew: everything is new', () => {
    const tracker = trackCursor(parseCursor('stderr=100.000000000#2'))
    tracker.rewind('anew')
    expect([tracker.take(0, 1000, 0), tracker.take(1, 2000, 0)]).toEqual([true, true])
    expect(tracker.isSetBack).toBe(true)
  })

  test('lines written after the clock was set back are new', () => {
    const before: Line = { stream: 0, ms: 1_700_000_100_000, ns: 5, id: 1 }
    const after: Line = { stream: 0, ms: 1_700_000_050_000, ns: 0, id: 2 }
    const tracker = trackCursor(undefined)
    tracker.take(before.stream, before.ms, before.ns)
    const cursor = tracker.cursor()
    const resumed = trackCursor(cursor)
    const sent = fromDaemon([before, after], sinceSeconds(cursor))
    expect(sent.filter(({ stream, ms, ns }) => resumed.take(stream, ms, ns))).toEqual([after])
  })
})

describe('text', () => {
  test.each([
    [
      { streams: [{ tsMs: 1_700_000_000_001, tsNs: 2, count: 3 }, undefined], last: 0 },
      'stdout=1700000000.001000002#3',
    ],
    [
      {
        streams: [
          { tsMs: 1000, tsNs: 0, count: 1 },
          { tsMs: 2500, tsNs: 999_999, count: 2 },
        ],
        last: 1,
      },
      'stderr=2.500999999#2 stdout=1.000000000#1',
    ],
    [
      {
        streams: [{ tsMs: 1000, tsNs: 5, count: 1, peak: { tsMs: 61_500, tsNs: 1 } }, undefined],
        last: 0,
      },
      'stdout=1.000000005#1<61.500000001',
    ],
  ] satisfies [Cursor, string][])('%j', (cursor, text) => {
    expect(cursorText(cursor)).toBe(text)
    expect(parseCursor(text)).toEqual(cursor)
  })

  test('reads the whole seconds that Alloy keeps', () => {
    expect(sinceSeconds(parseCursor('1700000000'))).toBe(1_700_000_000)
    expect(parseCursor('0')).toBeUndefined()
  })

  test('property: anything else is no cursor, and nothing throws', () => {
    for (const text of ['', 'stdout', 'stdout=1', 'stdout=1.5#1', 'stdin=1.000000000#1', '-5']) {
      expect(parseCursor(text)).toBeUndefined()
    }
    fc.assert(fc.property(fc.string(), (text) => void parseCursor(text)))
  })
})
