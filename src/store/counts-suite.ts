import { describe, expect, test } from 'vitest'
import { ALL, row, T0 } from './store-model.ts'
import { equal, like, type PlainRow, plainCells } from './testing.ts'
import type { AppendResult, CountedTime, LogStore } from './types.ts'

/** The store of the test that runs. */
export interface CountedStore {
  append(...rows: PlainRow[]): Promise<AppendResult>
  flush(): Promise<void>
  /** Closes it and opens it again. */
  reopen(): Promise<void>
  counts(matchers: Parameters<LogStore['counts']>[1], time: CountedTime): ReturnType<LogStore['counts']>
}

/** What is said of the counts of a store, where it keeps any. */
export function countsSuite({ append, flush, reopen, counts }: CountedStore): void {
  describe('counts', () => {
    test('per minute, stream and level add up over memory and segments', async () => {
      const level = (name: string) => ({ detected_level: name })
      const start = Math.floor(T0 / 60_000) * 60_000
      await append(
        row({ ms: start, line: 'before', metadata: level('info') }),
        row({ ms: start, ns: 1, line: '1', metadata: level('info') }),
        row({ ms: start + 59_999, line: '22', metadata: level('info') }),
        row({ ms: start + 60_000, line: '', metadata: level('info') }),
        row({ ms: start + 60_000, ns: 1, line: '333', metadata: { ...level('info'), id: '1' } }),
        row({ ms: start + 1, line: '4', labels: { app: 'b' } }),
      )
      await flush()
      await append(
        row({ ms: start + 2, line: '55', metadata: { ...level('error'), __x: '1' } }),
        row({ ms: start + 3, line: '6', metadata: level('info') }),
      )
      const cells = async (fromMs: number, toMs: number, matchers = [like('app', '.+')]) =>
        plainCells((await counts(matchers, { fromMs, toMs })) ?? [])
          .map(({ key, level, metadata, minuteMs, lines: count, bytes }) => [
            `${key} ${level} ${metadata}`,
            minuteMs - start,
            count,
            bytes,
          ])
          .sort()
      const all = [
        ['{app="a"} error reserved', 0, 1, 2],
        ['{app="a"} info level', 0, 4, 4],
        ['{app="a"} info other', 60_000, 1, 3],
        ['{app="b"}  level', 0, 1, 1],
      ]
      if ((await counts([], ALL)) === undefined) return
      expect(await cells(start, start + 120_000)).toEqual(all)
      // Of what lies before and behind the ends, nothing is counted.
      expect(await cells(start + 2, start + 120_000)).toEqual([['{app="a"} info level', 0, 3, 3], all[2]])
      expect(await cells(start, start + 59_999)).toEqual([all[0], ['{app="a"} info level', 0, 3, 4], all[3]])
      await reopen()
      expect(await cells(start, start + 120_000)).toEqual(all)
      expect(await cells(start, start + 120_000, [equal('app', 'b')])).toEqual([all[3]])
    })
  })

  test('counts up to now are whole, and rows that come late are counted the next time', async () => {
    if ((await counts([], ALL)) === undefined) return
    const start = Math.floor(T0 / 60_000) * 60_000
    const count = async (seconds: number): Promise<number> => {
      const time = { fromMs: start - 300_000, toMs: start + seconds * 1000 }
      const cells = plainCells((await counts([], time)) ?? [])
      return cells.reduce((sum, cell) => sum + cell.lines, 0)
    }
    for (const isFlushed of [false, true]) {
      const minute = isFlushed ? 60 : 0
      const known = await count(minute)
      const at = (seconds: number) => row({ ms: start + (minute + seconds) * 1000, line: `at ${seconds}` })
      await append(at(10), at(20))
      if (isFlushed) await flush()
      expect(await count(minute + 25)).toBe(known + 2)
      // One behind the end, and one before it that came later.
      await append(at(30), at(15))
      if (isFlushed) await flush()
      expect(await count(minute + 25)).toBe(known + 3)
      expect(await count(minute + 30)).toBe(known + 4)
      expect(await count(minute + 60)).toBe(known + 4)
    }
  })
}
