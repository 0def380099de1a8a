import type { Metadata } from '../types.ts'
import { type CountedLevel, countedLevel, metadataBytes } from './counted-level.ts'
import { CounterTable, minuteOf } from './counter-table.ts'
import type { Segment } from './segment.ts'
import type { Counters } from './segment-format.ts'
import type { Stream } from './stream.ts'

/** The columns of a row that tell its cell. */
export interface CountedRows {
  readonly tsMs: Float64Array
  readonly tsNs: Uint32Array
  readonly lineFrom: Uint32Array
  readonly lineTo: Uint32Array
  readonly sets: readonly Metadata[]
  readonly rowMetadata: Uint32Array
}

interface Cell {
  readonly minute: number
  readonly stream: number
  readonly level: number
  readonly lines: number
  readonly bytes: number
  readonly metadataBytes: number
}

/** The counters of several segments together, from which rows that are left out are taken away. */
export class RewrittenCounters {
  /** All streams, by label text. */
  readonly streams: readonly Stream[]
  readonly #numbers: Map<Stream, number>
  readonly #table = new CounterTable()
  readonly #levels: CountedLevel[] = []
  /** Of sets that rows were left out with: sets of a block are the same objects for all of its rows. */
  readonly #setLevels = new WeakMap<Metadata, number>()

  private constructor(segments: readonly Segment[]) {
    this.streams = [...new Set(segments.flatMap((segment) => segment.streams))].sort((a, b) =>
      a.key < b.key ? -1 : 1,
    )
    this.#numbers = new Map(this.streams.map((stream, number) => [stream, number]))
  }

  /** @throws FormatError where the counters of one are damaged */
  static async sum(segments: readonly Segment[]): Promise<RewrittenCounters> {
    const sum = new RewrittenCounters(segments)
    for (const segment of segments) sum.#add(segment, await segment.readCounters())
    return sum
  }

  #add(segment: Segment, counters: Counters): void {
    const streams = segment.streams.map((stream) => this.#numbers.get(stream) ?? 0)
    const levels = counters.levels.map((level) => this.#levelId(level))
    const { minute, stream, level, lines, bytes, metadataBytes } = counters
    for (let i = 0; i < minute.length; i++) {
      const owner = streams[stream[i]]
      this.#table.add(minute[i], owner, levels[level[i]], lines[i], bytes[i], metadataBytes[i])
    }
  }

  /** Takes one row away. */
  remove(stream: Stream, rows: CountedRows, row: number): void {
    const set = rows.sets[rows.rowMetadata[row]]
    let level = this.#setLevels.get(set)
    if (level === undefined) this.#setLevels.set(set, (level = this.#levelId(countedLevel(set))))
    const bytes = rows.lineTo[row] - rows.lineFrom[row]
    const minute = minuteOf(rows.tsMs[row], rows.tsNs[row])
    this.#table.add(minute, this.#numbers.get(stream) ?? 0, level, -1, -bytes, -metadataBytes(set))
  }

  /** What is left, in a segment that holds these streams in this order. */
  of(written: readonly Stream[]): Counters {
    const numbers = new Map(written.map((stream, number) => [this.#numbers.get(stream) ?? -1, number]))
    const cells: Cell[] = []
    this.#table.forEach((minute, index, level, lines, bytes, ofMetadata) => {
      const stream = numbers.get(index)
      if (stream === undefined || lines <= 0) return
      cells.push({ minute, stream, level, lines, bytes, metadataBytes: ofMetadata })
    })
    cells.sort((a, b) => a.minute - b.minute)
    return {
      levels: this.#levels,
      minute: Float64Array.from(cells, (cell) => cell.minute),
      bytes: Float64Array.from(cells, (cell) => cell.bytes),
      metadataBytes: Float64Array.from(cells, (cell) => cell.metadataBytes),
      lines: Uint32Array.from(cells, (cell) => cell.lines),
      stream: Uint32Array.from(cells, (cell) => cell.stream),
      level: Uint32Array.from(cells, (cell) => cell.level),
    }
  }

  #levelId({ level, metadata }: CountedLevel): number {
    const known = this.#levels.findIndex((other) => other.level === level && other.metadata === metadata)
    return known >= 0 ? known : this.#levels.push({ level, metadata }) - 1
  }
}
