import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plainCells } from '../testing.ts'
import type { CountRun } from '../types.ts'
import { FormatError } from './bytes.ts'
import { addRuns, groupCounters } from './grouped-counters.ts'
import { groupRuns, mergeRuns } from './merged-runs.ts'
import type { Counters } from './segment-format.ts'
import type { Stream } from './stream.ts'

const STREAMS = ['a', 'b', 'c', 'd'].map(
  (key, id): Stream => ({
    ...{ id, key, tenant: 't', labels: [['s', key]] },
    ...{ newestMs: 0, newestNs: 0, settledMs: 0, settledNs: 0 },
  }),
)
const LEVELS: Counters['levels'] = [
  { level: '', metadata: 'level' },
  { level: 'info', metadata: 'level' },
  { level: 'info', metadata: 'other' },
]

const cell = fc.record({
  minute: fc.integer({ min: 100, max: 110 }),
  stream: fc.nat(3),
  level: fc.nat(2),
  lines: fc.integer({ min: 1, max: 70_000 }),
  bytes: fc.oneof(fc.nat(50), fc.nat(2 ** 40)),
})
/** There is one of a minute, stream and level. */
const cells = fc.uniqueArray(cell, {
  selector: ({ minute, stream, level }) => `${minute} ${stream} ${level}`,
  maxLength: 60,
})
type Cell = typeof cell extends fc.Arbitrary<infer T> ? T : never

function countersOf(cells: readonly Cell[]): Counters {
  return {
    levels: LEVELS,
    minute: Float64Array.from(cells, ({ minute }) => minute),
    bytes: Float64Array.from(cells, ({ bytes }) => bytes),
    metadataBytes: Float64Array.from(cells, ({ stream }) => stream),
    lines: Uint32Array.from(cells, ({ lines }) => lines),
    stream: Uint32Array.from(cells, ({ stream }) => stream),
    level: Uint32Array.from(cells, ({ level }) => level),
  }
}

/** Cells as texts, those of one stream, level and kind added up. */
function texts(runs: readonly CountRun[]): string[] {
  // By kind as well: cells of several kinds stand side by side.
  const byKind = Map.groupBy(runs, ({ metadata }) => metadata)
  return [...byKind.values()].flatMap((own) => plainCells(own).map((one) => JSON.stringify(one))).sort()
}

test('the runs of some streams and minutes hold exactly their cells, by minute', () => {
  const selection = fc.record({
    streams: fc.subarray(STREAMS),
    first: fc.integer({ min: 98, max: 112 }),
    end: fc.integer({ min: 98, max: 112 }),
  })
  fc.assert(
    fc.property(cells, selection, (given, { streams, first, end }) => {
      const all = Uint32Array.from(given.keys())
      const grouped = groupCounters(countersOf(given), STREAMS.length, all)
      const runs: CountRun[] = []
      addRuns(runs, grouped, STREAMS, (number) =>
        streams.includes(STREAMS[number]) ? { first, end } : undefined,
      )
      for (const { columns, from, to } of runs) {
        expect(from).toBeLessThan(to)
        const minutes = [...columns.minute.subarray(from, to)]
        expect(minutes).toEqual(minutes.toSorted((a, b) => a - b))
      }
      const wanted = given.filter(
        ({ minute, stream }) => minute >= first && minute < end && streams.includes(STREAMS[stream]),
      )
      const each = wanted.map(({ minute, stream, level, lines, bytes }): CountRun => {
        const columns = {
          minute: Int32Array.of(minute),
          lines: Float64Array.of(lines),
          bytes: Float64Array.of(bytes),
          metadataBytes: Float64Array.of(stream),
        }
        return { stream: STREAMS[stream], ...LEVELS[level], columns, from: 0, to: 1 }
      })
      expect(texts(runs)).toEqual(texts(each))
      const merged = groupRuns(runs).map(mergeRuns)
      expect(plainCells(merged).length).toBe(merged.reduce((sum, { from, to }) => sum + to - from, 0))
      expect(totals(merged)).toEqual(totals(each))
    }),
    { numRuns: 300 },
  )
})

/** Lines and bytes by stream, level and minute. */
function totals(runs: readonly CountRun[]): string[] {
  return plainCells(runs)
    .map(({ key, level, minuteMs, lines, bytes }) => `${key} ${level} ${minuteMs} ${lines} ${bytes}`)
    .sort()
}

test('counters that name what is not there are damaged', () => {
  const one = { minute: 1, stream: 3, level: 0, lines: 1, bytes: 1 }
  expect(() => groupCounters(countersOf([one]), 3, Uint32Array.of(0))).toThrow(FormatError)
  const level = { ...one, stream: 0, level: 3 }
  expect(() => groupCounters(countersOf([level]), 3, Uint32Array.of(0))).toThrow(FormatError)
})
