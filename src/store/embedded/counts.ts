import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import type { CountRun, LabelMatcher, TimeRange } from '../types.ts'
import { FormatError } from './bytes.ts'
import type { Catalog } from './catalog.ts'
import { addRuns, allCells, type GroupedCounters, groupCounters, groupedBytes } from './grouped-counters.ts'
import type { Head } from './head.ts'
import { Lru } from './lru.ts'
import type { Snapshot } from './scan.ts'
import type { Segment } from './segment.ts'
import type { Stream } from './stream.ts'

const MINUTE_MS = 60_000

/** Answers {@link LogStore.counts} from the counters of segments and heads. */
export class CountReader {
  readonly #cache: Lru<GroupedCounters>
  readonly #logger: Logger

  constructor(cacheBytes: number, logger: Logger) {
    this.#cache = new Lru(cacheBytes)
    this.#logger = logger
  }

  /** Counts of the whole minutes in the range; undefined where a segment's counters are damaged. */
  async count(
    catalog: Catalog,
    snapshot: Snapshot,
    tenant: string,
    matchers: readonly LabelMatcher[],
    range: TimeRange,
  ): Promise<CountRun[] | undefined> {
    const selected = new Set(catalog.select(tenant, matchers))
    const firstMinute = Math.ceil(range.fromMs / MINUTE_MS)
    const endMinute = Math.floor(range.toMs / MINUTE_MS)
    const runs: CountRun[] = []
    const used = new Set<number>()
    // Memory first: it is read at once, as it was when the snapshot was taken.
    for (const head of snapshot.heads) addHead(runs, head, selected, firstMinute, endMinute)
    for (const segment of snapshot.segments) {
      const { minMs, maxMs } = segment.properties
      if (minMs > endMinute * MINUTE_MS || maxMs < firstMinute * MINUTE_MS) continue
      const counters = this.#cache.get(segment.id) ?? (await this.#read(segment, used))
      if (counters === undefined) return undefined
      used.add(segment.id)
      addRuns(runs, counters, segment.streams, selected, firstMinute, endMinute)
    }
    return runs
  }

  /** @param used segments that the question at hand needs as well */
  async #read(segment: Segment, used: ReadonlySet<number>): Promise<GroupedCounters | undefined> {
    try {
      const counters = await segment.readCounters()
      const grouped = groupCounters(counters, segment.streams.length, allCells(counters.minute.length))
      this.#keep(segment, grouped, used)
      return grouped
    } catch (thrown) {
      if (!(thrown instanceof FormatError)) throw thrown
      this.#logger.error(
        { file: segment.path, offset: segment.sectionOffset('counters'), error: errorMessage(thrown) },
        'the counters of a segment are damaged; its rows are read and counted instead. Check the disk.',
      )
      return undefined
    }
  }

  /** Where a question needs more than fits, what fits stays for the next time that it is asked. */
  #keep(segment: Segment, grouped: GroupedCounters, used: ReadonlySet<number>): void {
    const sizeBytes = groupedBytes(grouped)
    while (!this.#cache.hasRoom(sizeBytes)) {
      const { oldest } = this.#cache
      if (oldest === undefined || used.has(oldest)) return
      this.#cache.delete(oldest)
    }
    this.#cache.set(segment.id, grouped, sizeBytes)
  }
}

function addHead(
  runs: CountRun[],
  head: Head,
  selected: ReadonlySet<Stream>,
  firstMinute: number,
  endMinute: number,
): void {
  const streams = [...head.streams.keys()]
  const isSelected = streams.map((stream) => selected.has(stream))
  const counters = { levels: head.levels, ...head.counters.columns() }
  const { minute, stream } = counters
  const wanted = new Uint32Array(minute.length)
  let count = 0
  for (let cell = 0; cell < minute.length; cell++) {
    const isMeant = minute[cell] >= firstMinute && minute[cell] < endMinute && isSelected[stream[cell]]
    if (isMeant) wanted[count++] = cell
  }
  const grouped = groupCounters(counters, streams.length, wanted.subarray(0, count))
  addRuns(runs, grouped, streams, selected, firstMinute, endMinute)
}
