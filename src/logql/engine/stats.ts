import type { ScanStats } from '#store/types.ts'
import type { ExplainedRead, Explanation } from './explain.ts'
import type { QuerySettings, QueryStats } from './types.ts'

/** Adds up what the reads of one query did. */
export class StatsCollector {
  readonly #reads: ExplainedRead[] = []
  readonly #startedMs = performance.now()
  postFilterLines = 0
  metadataBytes = 0

  /** Counts a read in. Its numbers are read when the query ends. */
  addRead(read: ExplainedRead): void {
    this.#reads.push(read)
  }

  /** What the reads did, where the query asks for it. */
  explain({ explain, shortcuts }: QuerySettings): { explain?: Explanation } {
    return explain === true ? { explain: { shortcuts: shortcuts !== false, reads: this.#reads } } : {}
  }

  /** The totals so far. */
  total(entriesReturned: number): QueryStats {
    const scans = this.#reads.flatMap((read) => read.scans)
    const sum = (field: keyof ScanStats): number => scans.reduce((total, stats) => total + stats[field], 0)
    return {
      blocks: sum('blocks'),
      blocksPruned: sum('blocksPruned'),
      compressedBytes: sum('compressedBytes'),
      lineBytes: sum('lineBytes'),
      lines: sum('lines'),
      headLines: sum('headLines'),
      headBytes: sum('headBytes'),
      streams: sum('streams'),
      postFilterLines: this.postFilterLines,
      metadataBytes: this.metadataBytes,
      entriesReturned,
      execMs: performance.now() - this.#startedMs,
    }
  }
}
