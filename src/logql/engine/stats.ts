import type { ScanStats } from '#store/types.ts'
import type { QueryStats } from './types.ts'

/** Adds up what the scans of one query did. */
export class StatsCollector {
  readonly #scans: ScanStats[] = []
  readonly #startedMs = performance.now()
  postFilterLines = 0
  metadataBytes = 0

  /** Counts a scan in. Its numbers are read when the query ends. */
  addScan(stats: ScanStats): void {
    this.#scans.push(stats)
  }

  /** The totals so far. */
  total(entriesReturned: number): QueryStats {
    const sum = (field: keyof ScanStats): number =>
      this.#scans.reduce((total, stats) => total + stats[field], 0)
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
