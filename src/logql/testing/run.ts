import { labelsObject } from '#base/labels.ts'
import { queryInstant, queryRange } from '../engine/engine.ts'
import type { QueryLimits, QuerySettings, RangeQuery } from '../engine/types.ts'
import { type MemoryStore, makeMemoryStore, type TestRow } from './memory-store.ts'

/** Limits for tests: Loki's default for series. */
export const TEST_LIMITS: QueryLimits = { max_query_series: 500, max_query_memory: 0, query_timeout: 60_000 }

/** A store with one stream; lines stand one millisecond apart from 1,000 ms on. */
export function storeOf(labels: Record<string, string>, lines: readonly (string | TestRow)[]): MemoryStore {
  const store = makeMemoryStore({ batchRows: 3 })
  store.add(
    labels,
    lines.map((line, i) => (typeof line === 'string' ? { tsMs: 1000 + i, line } : line)),
  )
  return store
}

/** One returned line, with its labels as an object. */
export interface TestEntry {
  readonly line: string
  readonly labels: Record<string, string>
  readonly tsMs: number
}

/** Runs a log query over everything; entries in time order. */
export async function runLog(
  store: MemoryStore,
  query: string,
  options: Partial<RangeQuery> = {},
): Promise<TestEntry[]> {
  const result = await queryRange(
    store,
    'test',
    {
      query,
      startMs: 0,
      startNs: 0,
      endMs: 10_000_000,
      endNs: 0,
      stepMs: 1000,
      intervalMs: 0,
      limit: 1000,
      direction: 'forward',
      ...options,
    },
    TEST_LIMITS,
    new AbortController().signal,
  )
  if (result.type !== 'streams') throw new Error(`expected streams, got ${result.type}`)
  const entries = result.streams.flatMap((stream) =>
    stream.entries.map(({ line, tsMs }) => ({ line, tsMs, labels: labelsObject(stream.labels) })),
  )
  return entries.sort((a, b) => a.tsMs - b.tsMs)
}

/** Runs an instant query; label texts such as `{a="1"}` to values, in the order of the answer. */
export async function runInstant(
  store: MemoryStore,
  query: string,
  timeMs = 60_000,
  settings: QuerySettings = {},
): Promise<Record<string, number>> {
  const signal = new AbortController().signal
  const result = await queryInstant(
    store,
    'test',
    { ...settings, query, timeMs, timeNs: 0 },
    TEST_LIMITS,
    signal,
  )
  if (result.type === 'scalar') return { scalar: result.value }
  if (result.type !== 'vector') throw new Error(`expected a vector, got ${result.type}`)
  return Object.fromEntries(
    result.samples.map(({ labels, value }) => [
      labels.map(([name, text]) => `${name}=${text}`).join(','),
      value,
    ]),
  )
}

/** Runs a range query of a metric; label texts to `time:value` pairs, seconds. */
export async function runRange(
  store: MemoryStore,
  query: string,
  startMs: number,
  endMs: number,
  stepMs: number,
  settings: QuerySettings = {},
): Promise<Record<string, string>> {
  const result = await queryRange(
    store,
    'test',
    {
      ...settings,
      query,
      startMs,
      startNs: 0,
      endMs,
      endNs: 0,
      stepMs,
      intervalMs: 0,
      limit: 100,
      direction: 'forward',
    },
    TEST_LIMITS,
    new AbortController().signal,
  )
  if (result.type !== 'matrix') throw new Error(`expected a matrix, got ${result.type}`)
  return Object.fromEntries(
    result.series.map(({ labels, timesMs, values }) => [
      labels.map(([name, text]) => `${name}=${text}`).join(','),
      timesMs.map((timeMs, i) => `${timeMs / 1000}:${values[i]}`).join(' '),
    ]),
  )
}
