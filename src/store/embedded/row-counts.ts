import type { Metadata } from '../types.ts'
import { type CountedLevel, countedLevel, metadataBytes } from './counted-level.ts'
import { CounterTable, minuteOf } from './counter-table.ts'
import { allCells, type GroupedCounters, groupCounters } from './grouped-counters.ts'
import type { CountedRows } from './rewritten-counters.ts'

interface CountedSet {
  readonly level: number
  readonly bytes: number
}

/** Counters of rows that are looked at one by one. */
export class RowCounts {
  readonly #table = new CounterTable()
  readonly #levels: CountedLevel[] = []
  /** Sets of a block or a head are the same objects for all of its rows. */
  readonly #sets = new WeakMap<Metadata, CountedSet>()

  /** Counts those of the rows at positions [from, to) that are meant, as rows of the stream given. */
  add(
    stream: number,
    rows: CountedRows,
    [from, to]: readonly [from: number, to: number],
    isMeant: (ms: number, ns: number) => boolean,
  ): void {
    const { tsMs, tsNs, lineFrom, lineTo, sets, rowMetadata } = rows
    for (let row = from; row < to; row++) {
      if (!isMeant(tsMs[row], tsNs[row])) continue
      const { level, bytes } = this.#counted(sets[rowMetadata[row]])
      const minute = minuteOf(tsMs[row], tsNs[row])
      this.#table.add(minute, stream, level, 1, lineTo[row] - lineFrom[row], bytes)
    }
  }

  /** All that was counted. `streams`: how many streams there are. */
  grouped(streams: number): GroupedCounters {
    const counters = { levels: this.#levels, ...this.#table.columns() }
    return groupCounters(counters, streams, allCells(this.#table.size))
  }

  #counted(set: Metadata): CountedSet {
    let known = this.#sets.get(set)
    if (known === undefined) {
      known = { level: this.#levelId(countedLevel(set)), bytes: metadataBytes(set) }
      this.#sets.set(set, known)
    }
    return known
  }

  #levelId({ level, metadata }: CountedLevel): number {
    const known = this.#levels.findIndex((other) => other.level === level && other.metadata === metadata)
    return known >= 0 ? known : this.#levels.push({ level, metadata }) - 1
  }
}
