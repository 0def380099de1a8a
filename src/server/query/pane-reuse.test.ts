import { expect, test } from 'vitest'
import type { KnownPanes } from '#logql/metrics/pane-memory.ts'
import type { EntryBatch, LogStore } from '#store/types.ts'
import { watchAppends } from './append-watch.ts'
import { makePaneReuse } from './pane-reuse.ts'

const appended = { append: async () => ({ duplicates: 0, rejected: [] }) } as unknown as LogStore

function batchAt(tsMs: number): EntryBatch {
  return { runs: [{ from: 0, to: 1 }], rows: 1, tsMs: Float64Array.of(tsMs) } as unknown as EntryBatch
}

function known(fromMs: number, toMs: number, bytes = 100): KnownPanes {
  return { fromMs, toMs, stepMs: 10, series: [], bytes }
}

test('panes are known up to what was appended since, to the end of a step', async () => {
  const watch = watchAppends(appended)
  const reuse = makePaneReuse(watch, 10_000)
  const memory = reuse.begin('t')
  memory.keep('k', known(0, 100), 0)
  expect(memory.find('k')).toEqual(known(0, 100))
  await watch.store.append('t', batchAt(101))
  expect(memory.find('k')?.toMs).toBe(100)
  await watch.store.append('t', batchAt(91))
  expect(memory.find('k')?.toMs).toBe(90)
  await watch.store.append('other', batchAt(5))
  expect(memory.find('k')?.toMs).toBe(90)
  await watch.store.append('t', batchAt(5))
  expect(memory.find('k')).toBeUndefined()
  expect(reuse.stats).toEqual({ bytes: 0, entries: 0 })
  memory.end()
})

test('rows that are appended while a query reads are not taken to be in its panes', async () => {
  const watch = watchAppends(appended)
  const reuse = makePaneReuse(watch, 10_000)
  const memory = reuse.begin('t')
  await watch.store.append('t', batchAt(75))
  memory.keep('k', known(0, 100), 0)
  memory.keep('later', known(0, 100), 20)
  expect(memory.find('k')?.toMs).toBe(70)
  // With an offset of 20 ms, a row of 75 is in the pane that ends at 100.
  expect(memory.find('later')?.toMs).toBe(90)
  memory.end()
})

test('what was used longest ago goes first, and nothing that is large on its own is kept', () => {
  const reuse = makePaneReuse(watchAppends(appended), 1000)
  const memory = reuse.begin('t')
  memory.keep('huge', known(0, 100, 334), 0)
  expect(memory.find('huge')).toBeUndefined()
  for (const key of ['a', 'b', 'c', 'd']) memory.keep(key, known(0, 100, 250), 0)
  memory.find('a')
  memory.keep('e', known(0, 100, 250), 0)
  expect(['a', 'b', 'c', 'd', 'e'].filter((key) => memory.find(key) !== undefined)).toEqual([
    'a',
    'c',
    'd',
    'e',
  ])
  expect(reuse.stats).toEqual({ bytes: 1000, entries: 4 })
})
