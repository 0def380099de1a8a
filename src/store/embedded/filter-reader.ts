import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import { FormatError } from './bytes.ts'
import { mayHold, type NeedleHashes } from './gram-filter.ts'
import { Lru } from './lru.ts'
import type { Segment } from './segment.ts'

/** The filters of a segment's blocks. */
export interface SegmentFilters {
  readonly bytes: Uint8Array
  /** Per block: where its filter begins; one more for the end. */
  readonly offsets: Uint32Array
}

/** Reads the filters of segments, all of a segment's at once, and keeps the last ones. */
export class FilterReader {
  readonly #cache: Lru<SegmentFilters>
  readonly #damaged = new Set<number>()
  readonly #logger: Logger

  constructor(cacheBytes: number, logger: Logger) {
    this.#cache = new Lru(cacheBytes)
    this.#logger = logger
  }

  /** The filters of a segment, at once where they are in memory; undefined where they are damaged. */
  of(segment: Segment): SegmentFilters | undefined | Promise<SegmentFilters | undefined> {
    if (this.#damaged.has(segment.id)) return undefined
    return this.#cache.get(segment.id) ?? this.#read(segment)
  }

  /** Whether the block may hold a line that meets all of these; true where nothing is known. */
  async mayMatch(segment: Segment, block: number, predicates: readonly NeedleHashes[]): Promise<boolean> {
    const filters = await this.of(segment)
    return filters === undefined || mayMatch(filters, block, predicates)
  }

  forget(segment: Segment): void {
    this.#cache.delete(segment.id)
  }

  async #read(segment: Segment): Promise<SegmentFilters | undefined> {
    const { directory } = segment
    try {
      const bytes = await segment.readSection('filters')
      const offsets = new Uint32Array(directory.length + 1)
      for (let block = 0; block < directory.length; block++) {
        offsets[block + 1] = offsets[block] + directory.filterBytes(block)
      }
      if (offsets[directory.length] !== bytes.length)
        throw new FormatError('the filters have the wrong length')
      const filters = { bytes, offsets }
      this.#cache.set(segment.id, filters, bytes.length + offsets.length * 4)
      return filters
    } catch (thrown) {
      if (!(thrown instanceof FormatError)) throw thrown
      this.#damaged.add(segment.id)
      this.#logger.error(
        { file: segment.path, offset: segment.sectionOffset('filters'), error: errorMessage(thrown) },
        'the filters of a segment are damaged; searches read all of its blocks instead. Check the disk.',
      )
      return undefined
    }
  }
}

/** Whether the block may hold a line that meets all of these; true where it has no filter. */
export function mayMatch(
  { bytes, offsets }: SegmentFilters,
  block: number,
  predicates: readonly NeedleHashes[],
): boolean {
  const [from, to] = [offsets[block], offsets[block + 1]]
  if (from === to) return true
  const filter = bytes.subarray(from, to)
  return predicates.every((needles) => mayHold(filter, needles))
}
