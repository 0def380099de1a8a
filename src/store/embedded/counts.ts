import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import type { CountCell, LabelMatcher, TimeRange } from '../types.ts'
import { FormatError } from './bytes.ts'
import type { Catalog } from './catalog.ts'
import { type CountedLevel, widerMetadata } from './counted-level.ts'
import { Lru } from './lru.ts'
import type { Snapshot } from './scan.ts'
import type { Segment } from './segment.ts'
import type { Counters } from './segment-format.ts'
import type { Stream } from './stream.ts'

const MINUTE_MS = 60_000

type MutableCell = { -readonly [K in keyof CountCell]: CountCell[K] }

/** Adds up cells of one minute, stream and level. */
class Sums {
  readonly #firstMinute: number
  readonly #byStream = new Map<Stream, Map<string, (MutableCell | undefined)[]>>()
  readonly #byMinute = new Map<number, MutableCell[]>()

  constructor(firstMinute: number) {
    this.#firstMinute = firstMinute
  }

  /** The cells of a stream and level, by minute after the first. */
  cellsOf(stream: Stream, level: string): (MutableCell | undefined)[] {
    let byLevel = this.#byStream.get(stream)
    if (byLevel === undefined) this.#byStream.set(stream, (byLevel = new Map()))
    let cells = byLevel.get(level)
    if (cells === undefined) byLevel.set(level, (cells = []))
    return cells
  }

  add(
    into: (MutableCell | undefined)[],
    stream: Stream,
    { level, metadata }: CountedLevel,
    minute: number,
    lines: number,
    bytes: number,
    metadataBytes: number,
  ): void {
    const at = minute - this.#firstMinute
    const cell = into[at]
    if (cell !== undefined) {
      cell.lines += lines
      cell.bytes += bytes
      cell.metadataBytes += metadataBytes
      if (cell.metadata !== metadata) cell.metadata = widerMetadata(cell.metadata, metadata)
      return
    }
    const minuteMs = minute * MINUTE_MS
    const fresh = { stream, level, metadata, minuteMs, lines, bytes, metadataBytes }
    into[at] = fresh
    const ofMinute = this.#byMinute.get(at)
    if (ofMinute === undefined) this.#byMinute.set(at, [fresh])
    else ofMinute.push(fresh)
  }

  cells(): CountCell[] {
    const minutes = [...this.#byMinute.keys()].sort((a, b) => a - b)
    return minutes.flatMap((minute) => this.#byMinute.get(minute) ?? [])
  }
}

/** Answers {@link LogStore.counts} from the counters of segments and heads. */
export class CountReader {
  readonly #cache: Lru<Counters>
  readonly #logger: Logger

  constructor(cacheBytes: number, logger: Logger) {
    this.#cache = new Lru(cacheBytes)
    this.#logger = logger
  }

  /** Cells of the whole minutes in the range; undefined where a segment's counters are damaged. */
  async count(
    catalog: Catalog,
    snapshot: Snapshot,
    tenant: string,
    matchers: readonly LabelMatcher[],
    range: TimeRange,
  ): Promise<CountCell[] | undefined> {
    const selected = new Set(catalog.select(tenant, matchers))
    const firstMinute = Math.ceil(range.fromMs / MINUTE_MS)
    const endMinute = Math.floor(range.toMs / MINUTE_MS)
    const sums = new Sums(firstMinute)
    // Memory first: it is read at once, as it was when the snapshot was taken.
    for (const head of snapshot.heads) {
      const byIndex = [...head.streams.keys()]
      head.counters.forEach((minute, index, level, lines, bytes, metadataBytes) => {
        if (minute < firstMinute || minute >= endMinute || !selected.has(byIndex[index])) return
        const stream = byIndex[index]
        const counted = head.levels[level]
        const into = sums.cellsOf(stream, counted.level)
        sums.add(into, stream, counted, minute, lines, bytes, metadataBytes)
      })
    }
    for (const segment of snapshot.segments) {
      const { minMs, maxMs } = segment.properties
      if (minMs > endMinute * MINUTE_MS || maxMs < firstMinute * MINUTE_MS) continue
      const counters = await this.#counters(segment)
      if (counters === undefined) return undefined
      addSegment(sums, segment, counters, selected, firstMinute, endMinute)
    }
    return sums.cells()
  }

  async #counters(segment: Segment): Promise<Counters | undefined> {
    const known = this.#cache.get(segment.id)
    if (known !== undefined) return known
    try {
      const counters = await segment.readCounters()
      this.#cache.set(segment.id, counters, counters.minute.length * 36 + 256)
      return counters
    } catch (thrown) {
      if (!(thrown instanceof FormatError)) throw thrown
      this.#logger.error(
        { file: segment.path, offset: segment.sectionOffset('counters'), error: errorMessage(thrown) },
        'the counters of a segment are damaged; its rows are read and counted instead. Check the disk.',
      )
      return undefined
    }
  }
}

function addSegment(
  sums: Sums,
  segment: Segment,
  counters: Counters,
  selected: ReadonlySet<Stream>,
  firstMinute: number,
  endMinute: number,
): void {
  const wanted = segment.streams.map((each) => selected.has(each))
  const { minute, stream, level, lines, bytes, metadataBytes, levels } = counters
  // Cells of one stream and level share what they are added to, found once for each pair.
  const targets = new Map<number, (MutableCell | undefined)[]>()
  for (let i = 0; i < minute.length; i++) {
    if (minute[i] < firstMinute || minute[i] >= endMinute || !wanted[stream[i]]) continue
    const owner = segment.streams[stream[i]]
    const counted = levels[level[i]]
    const pair = stream[i] * levels.length + level[i]
    let into = targets.get(pair)
    if (into === undefined) targets.set(pair, (into = sums.cellsOf(owner, counted.level)))
    sums.add(into, owner, counted, minute[i], lines[i], bytes[i], metadataBytes[i])
  }
}
