import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import { FormatError } from './bytes.ts'
import { mayHold, type NeedleHashes } from './gram-filter.ts'
import { Lru } from './lru.ts'
import type { Segment } from './segment.ts'

interface SegmentFilters {
  readonly bytes: Uint8Array
  /** Per block: where its filter begins; one more for the end. */
  readonly offsets: Uint32Array
}

/** Answers from the filters of segments which blocks need not be read. */
export class FilterReader {
  readonly #cache: Lru<SegmentFilters>
  readonly #damaged = new Set<number>()
  readonly #logger: Logger

  constructor(cacheBytes: number, logger: Logger) {
    this.#cache = new Lru(cacheBytes)
    this.#logger = logger
  }

  /** Whether the block may hold a line that meets all of these; true where nothing is known. */
  async mayMatch(segment: Segment, block: number, predicates: readonly NeedleHashes[]): Promise<boolean> {
    if (segment.directory.filterBytes(block) === 0) return true
    const filters = this.#cache.get(segment.id) ?? (await this.#read(segment))
    if (filters === undefined) return true
    const filter = filters.bytes.subarray(filters.offsets[block], filters.offsets[block + 1])
    return predicates.every((needles) => mayHold(filter, needles))
  }

  forget(segment: Segment): void {
    this.#cache.delete(segment.id)
  }

  async #read(segment: Segment): Promise<SegmentFilters | undefined> {
    if (this.#damaged.has(segment.id)) return undefined
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
