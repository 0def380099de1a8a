import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { countsSuite } from './counts-suite.ts'
import {
  ALL,
  batchOrder,
  byStream,
  cellTexts,
  countNaively,
  isMeant,
  naive,
  type Operation,
  oneOf,
  operation,
  type PlainDelete,
  question,
  row,
  T0,
  timeOf,
} from './store-model.ts'
import {
  collectRows,
  equal,
  type FoundRow,
  like,
  makeBatch,
  type PlainRow,
  plainCells,
  request,
} from './testing.ts'
import type { EntryBatch, LogStore, ScanRequest } from './types.ts'

/** An engine as the suite sees it. */
export interface SuiteEngine {
  readonly name: string
  /** Opens a store that keeps its data in `dir`, or under a name made from it. */
  open(dir: string, options: { readonly outOfOrderWindowMs: number }): Promise<LogStore>
  /** Merges what can be merged, where the engine does. */
  merge?(store: LogStore): Promise<void>
  /** Carries out the delete requests, where the engine takes any. */
  purge?(store: LogStore): Promise<void>
}

/** What the suite expects of a store that requests have been made to. */
interface Model {
  rows: PlainRow[]
  deletes: { readonly id: string; readonly what: PlainDelete }[]
}

const lines = (rows: readonly FoundRow[]): string[] => rows.map(({ line }) => line)

/** What every {@link LogStore} must do; run against each engine. */
export function storeSuite(engine: SuiteEngine): void {
  describe(`LogStore: ${engine.name}`, () => {
    let root: string
    let dir: string
    let store: LogStore
    const open = async (outOfOrderWindowMs = 0): Promise<void> => {
      store = await engine.open(dir, { outOfOrderWindowMs })
    }
    const reopen = async (): Promise<void> => {
      await store.close()
      await open()
    }
    const append = (...rows: PlainRow[]) => store.append('t', makeBatch(rows))
    const scan = (parts: Partial<ScanRequest> = {}, limit?: number): Promise<FoundRow[]> =>
      collectRows(store.scan('t', request(parts)), parts.direction, limit)

    const operate = async (model: Model, each: Operation): Promise<void> => {
      if (each.kind === 'append') {
        await store.append('t', makeBatch(each.rows))
        model.rows.push(...batchOrder(each.rows))
      } else if (each.kind === 'flush') await store.flush()
      else if (each.kind === 'reopen') await reopen()
      else if (each.kind === 'merge') await engine.merge?.(store)
      else if (store.deletes === undefined) return
      else if (each.kind === 'delete') {
        const { fromMs, fromNs, toMs, toNs, ...query } = each.what
        const spec = { query: JSON.stringify(query), fromMs, fromNs, toMs, toNs }
        const { id } = await store.deletes.add('t', spec)
        model.deletes.push({ id, what: each.what })
      } else if (each.kind === 'cancel') {
        const [first] = model.deletes
        if (first !== undefined) expect(await store.deletes.cancel('t', first.id, true)).toBe('cancelled')
        model.deletes.shift()
      } else {
        await engine.purge?.(store)
        model.rows = model.rows.filter((row) => !model.deletes.some(({ what }) => isMeant(what, row)))
        model.deletes = []
        expect(store.deletes.list('t').every(({ processed }) => processed)).toBe(true)
      }
    }

    beforeEach(async () => {
      root = await mkdtemp(join(tmpdir(), 'logboom-store-'))
      dir = join(root, 'data')
      await open()
    })
    afterEach(async () => {
      await store.close()
      await rm(root, { recursive: true, force: true })
    })

    describe('rows', () => {
      test('are found as soon as they are acknowledged, after a flush and after a restart', async () => {
        await append(row({ line: 'x', ns: 5, metadata: { trace: '1' } }))
        const expected = [{ key: '{app="a"}', ms: T0, ns: 5, line: 'x', metadata: '{trace="1"}' }]
        expect(await scan()).toEqual(expected)
        await store.flush()
        expect(await scan()).toEqual(expected)
        await reopen()
        expect(await scan()).toEqual(expected)
      })

      test('come back byte for byte', async () => {
        const lineBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
        )
        const rows = fc.array(
          fc.record({
            labels: oneOf({ app: 'a' }, { app: 'b', 'x.y': '"\\\n€' }),
            ms: fc.integer({ min: T0, max: T0 + 100_000 }),
            ns: fc.constantFrom(0, 1, 1000, 999_999),
            line: lineBytes,
            metadata: oneOf({}, { k: 'v' }, { k: '', 'k 2': '\u0000😀' }),
          }),
          { maxLength: 60 },
        )
        let tenants = 0
        const check = async (plain: PlainRow[]): Promise<void> => {
          const tenant = `t${tenants++}`
          await store.append(tenant, makeBatch(plain))
          const expected = naive(plain, request())
          for (let round = 0; round < 2; round++) {
            const found = await collectRows(store.scan(tenant, request()))
            expect(byStream(found)).toEqual(byStream(expected))
            await store.flush()
          }
        }
        await fc.assert(fc.asyncProperty(rows, check), { numRuns: 40 })
      })

      test('of one push may be many, long and empty', async () => {
        const many = Array.from({ length: 20_000 }, (_, i) =>
          row({ ms: T0 + i, line: i % 7 ? `line ${i}` : '' }),
        )
        const long = row({ ms: T0 + 50_000, line: 'x'.repeat(3_000_000) })
        await append(...many, long)
        for (let round = 0; round < 2; round++) {
          const found = await scan()
          expect(found.length).toBe(20_001)
          expect(found[19_998].line).toBe('line 19998')
          expect(found[20_000].line.length).toBe(3_000_000)
          await store.flush()
        }
      })

      test('pushed at once by many clients are all kept', async () => {
        const pushes = Array.from({ length: 200 }, (_, i) =>
          append(row({ ms: T0 + i, line: `p${i}`, labels: { app: `a${i % 5}` } })),
        )
        await Promise.all(pushes)
        expect(lines(await scan())).toEqual(Array.from({ length: 200 }, (_, i) => `p${i}`))
      })
    })

    describe('duplicates', () => {
      test('in time, line and metadata are dropped; anything else of the same time is kept in order of arrival', async () => {
        const first = await append(row({ line: 'b' }), row({ line: 'a' }), row({ line: 'b' }))
        expect(first).toEqual({ rejected: [], duplicates: 1 })
        expect(await append(row({ line: 'a' }), row({ line: 'a', metadata: { k: '1' } }))).toEqual({
          rejected: [],
          duplicates: 1,
        })
        expect(lines(await scan())).toEqual(['b', 'a', 'a'])
        expect(lines(await scan({ direction: 'backward' }))).toEqual(['a', 'a', 'b'])
      })

      test('are found among out-of-order rows and long runs of one time', async () => {
        const run = Array.from({ length: 200 }, (_, i) => row({ line: `l${i}` }))
        await append(...run, row({ ms: T0 - 5000, line: 'old' }))
        const again = await append(...run, row({ ms: T0 - 5000, line: 'old' }))
        expect(again.duplicates).toBe(201)
        expect((await scan()).length).toBe(201)
      })

      test('are returned once when a push is repeated after a flush or a restart', async () => {
        await append(row({ line: 'a' }), row({ ms: T0 + 1, line: 'b' }))
        await store.flush()
        await append(row({ line: 'a' }), row({ ms: T0 + 1, line: 'c' }))
        expect(lines(await scan())).toEqual(['a', 'b', 'c'])
        await reopen()
        await append(row({ ms: T0 + 1, line: 'b' }))
        expect(lines(await scan({ direction: 'backward' }))).toEqual(['c', 'b', 'a'])
        const counts = await store.counts('t', [], ALL)
        if (counts !== undefined) {
          expect(plainCells(counts).reduce((sum, cell) => sum + cell.lines, 0)).toBe(3)
        }
        await store.flush()
        expect(lines(await scan({ direction: 'backward' }))).toEqual(['c', 'b', 'a'])
      })
    })

    describe('the out-of-order window', () => {
      test('takes what is inside and refuses what is older, alone', async () => {
        await store.close()
        await open(3_600_000)
        await append(row({ ns: 7 }))
        const result = await append(
          row({ ms: T0 - 3_600_000, ns: 7, line: 'edge' }),
          row({ ms: T0 - 3_600_000, ns: 6, line: 'late' }),
          row({ ms: T0 - 9_000_000, line: 'other', labels: { app: 'b' } }),
        )
        expect(result).toEqual({
          rejected: [{ row: 1, reason: 'too_far_behind', oldestMs: T0 - 3_600_000 }],
          duplicates: 0,
        })
        expect(lines(await scan())).toEqual(['other', 'edge', 'line'])
      })

      test('is measured from the newest row even after a restart', async () => {
        await store.close()
        await open(3_600_000)
        await append(row())
        await store.close()
        await open(3_600_000)
        expect((await append(row({ ms: T0 - 3_600_001 }))).rejected.length).toBe(1)
      })
    })

    describe('scans', () => {
      test('know only their tenant', async () => {
        await append(row())
        expect(await collectRows(store.scan('../t', request()))).toEqual([])
        await store.append('../t', makeBatch([row({ line: 'other' })]))
        await store.flush()
        expect(lines(await scan())).toEqual(['line'])
        expect(await store.tenants()).toEqual(['../t', 't'])
      })

      test('see the rows that were there when they began, whatever happens meanwhile', async () => {
        const rows = Array.from({ length: 5000 }, (_, i) => row({ ms: T0 + i * 1000, line: `l${i}` }))
        await append(...rows.slice(0, 2500))
        await store.flush()
        await append(...rows.slice(2500))
        for (const direction of ['forward', 'backward'] as const) {
          const found: string[] = []
          let windows = 0
          for await (const window of store.scan('t', request({ direction, limitHint: 1 }))) {
            for (const batch of window.batches) {
              const { bytes, lineFrom, lineTo } = batch.lines()
              for (const r of batch.rows)
                found.push(Buffer.from(bytes.subarray(lineFrom[r], lineTo[r])).toString())
            }
            if (windows++ === 0) {
              await append(row({ ms: T0 + 2_600_500, line: `later ${direction}` }))
              await store.flush()
              await append(...rows.slice(0, 100).map((r) => ({ ...r, line: `${r.line} ${direction}` })))
            }
          }
          expect(windows).toBeGreaterThan(1)
          const expected = rows.map(({ line }) => line)
          const old = found.filter((line) => !/ward/.test(line))
          expect(direction === 'forward' ? old : old.reverse()).toEqual(expected)
          expect(found.some((line) => line.endsWith(` ${direction}`))).toBe(false)
        }
      })

      test('end when they are told to', async () => {
        await append(...Array.from({ length: 3000 }, (_, i) => row({ ms: T0 + i * 1000, line: `l${i}` })))
        const controller = new AbortController()
        const iterator = store.scan('t', request({ limitHint: 1 }), controller.signal)[Symbol.asyncIterator]()
        expect((await iterator.next()).done).toBe(false)
        controller.abort(new Error('client left'))
        await expect(iterator.next()).rejects.toThrow('client left')
      })

      test('equal a plain filter over all rows, whatever was flushed, merged, deleted or restarted in between', async () => {
        let runs = 0
        await fc.assert(
          fc.asyncProperty(
            fc.array(operation, { minLength: 1, maxLength: 12 }),
            fc.array(question, { minLength: 4, maxLength: 8 }),
            async (operations, questions) => {
              await store.close()
              dir = join(root, String(runs++))
              await open()
              const state: Model = { rows: [], deletes: [] }
              for (const each of operations) await operate(state, each)
              const isHidden = (row: PlainRow): boolean =>
                state.deletes.some(({ what }) => isMeant(what, row))
              const model = state.rows.filter((row) => !isHidden(row))
              const counts = await store.counts('t', [], { fromMs: 0, toMs: 2 * T0 })
              // A cell may say that its rows carry more than those that are not hidden.
              const text = (cell: string): string =>
                state.deletes.length > 0 ? cell.replace(/ (?:level|other) (?=\d)/, ' ') : cell
              if (counts !== undefined) {
                const expected = countNaively(naive(model, request()))
                expect(cellTexts(counts).map(text).sort()).toEqual(expected.map(text).sort())
                // Ends that cut minutes, and rows that lie at them.
                for (const { matchers, fromMs, fromNs, toMs, toNs } of questions) {
                  const span = request({ matchers, fromMs, fromNs, toMs, toNs })
                  const found = await store.counts('t', matchers, timeOf(span))
                  const wanted = countNaively(naive(model, span))
                  expect(
                    cellTexts(found ?? [])
                      .map(text)
                      .sort(),
                  ).toEqual(wanted.map(text).sort())
                }
              }
              for (const each of questions) {
                const expected = naive(model, each)
                const found = await collectRows(store.scan('t', each), each.direction)
                expect(byStream(found)).toEqual(byStream(expected))
                expect(found.map(({ ms, ns }) => [ms, ns])).toEqual(expected.map(({ ms, ns }) => [ms, ns]))
                const some = await collectRows(store.scan('t', { ...each, limitHint: 3 }), each.direction, 3)
                expect(some.map(({ ms, ns }) => [ms, ns])).toEqual(
                  expected.slice(0, 3).map(({ ms, ns }) => [ms, ns]),
                )
              }
            },
          ),
          { numRuns: 60 },
        )
      }, 120_000)
    })

    describe('metadata', () => {
      beforeEach(async () => {
        await append(
          row({ labels: { app: 'a', env: 'prod' } }),
          row({ labels: { app: 'b', env: 'dev' }, ms: T0 + 60_000 }),
          row({ labels: { app: 'c' }, ms: T0 + 2 * 86_400_000 }),
        )
      })

      test.each(['in memory', 'in segments', 'after a restart'])('%s', async (place) => {
        if (place === 'in segments') await store.flush()
        if (place === 'after a restart') await reopen()
        const day = { fromMs: T0, toMs: T0 + 60_001 }
        expect((await store.series('t', [], day)).map(({ key }) => key)).toEqual([
          '{app="a", env="prod"}',
          '{app="b", env="dev"}',
        ])
        expect(await store.series('t', [equal('app', 'a')], { fromMs: T0 + 1, toMs: ALL.toMs })).toEqual([])
        expect(await store.labelNames('t', [like('app', 'b|c')], ALL)).toEqual(['app', 'env'])
        expect(await store.labelNames('t', [equal('env', '')], ALL)).toEqual(['app'])
        expect(await store.labelValues('t', 'app', [], ALL)).toEqual(['a', 'b', 'c'])
        expect(await store.labelValues('t', 'env', [], day)).toEqual(['dev', 'prod'])
        expect(await store.labelValues('t', 'none', [], ALL)).toEqual([])
        expect(await store.indexStats('t', [], ALL)).toMatchObject({ streams: 3, entries: 3, bytes: 12 })
        expect(await store.indexStats('t', [equal('app', 'z')], ALL)).toEqual({
          streams: 0,
          chunks: 0,
          bytes: 0,
          entries: 0,
        })
      })
    })

    countsSuite({
      append,
      reopen,
      flush: () => store.flush(),
      counts: (matchers, time) => store.counts('t', matchers, time),
    })

    describe('subscribers', () => {
      test('get the rows that were stored, and no others', async () => {
        const seen: EntryBatch[] = []
        const stop = store.subscribe('t', (batch) => seen.push(batch))
        await append(row({ line: 'a' }))
        await append(row({ line: 'a' }))
        await append(row({ line: 'b' }), row({ line: 'a' }), row({ line: 'c' }))
        await store.append('other', makeBatch([row({ line: 'd' })]))
        stop()
        await append(row({ line: 'e' }))
        const texts = seen.map((batch) =>
          batch.runs.flatMap(({ from, to }) =>
            Array.from({ length: to - from }, (_, i) =>
              Buffer.from(batch.bytes.subarray(batch.lineFrom[from + i], batch.lineTo[from + i])).toString(),
            ),
          ),
        )
        expect(texts).toEqual([['a'], ['b', 'c']])
      })
    })

    test('a closed store refuses pushes', async () => {
      await store.close()
      await expect(append(row())).rejects.toMatchObject({ code: 'store_closed' })
    })
  })
}
