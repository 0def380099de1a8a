import type { Labels } from '#base/labels.ts'
import type { StreamRef } from '../types.ts'

/** A stream as the engine knows it; one object per stream, shared by head, segments and readers. */
export interface Stream extends StreamRef {
  /** Unique in this process, over all tenants; not kept on disk. */
  readonly id: number
  readonly tenant: string
  readonly labels: Labels
  readonly key: string
  /**
   * Newest time ever taken in: what the out-of-order window is measured from. `-Infinity` before the first
   * row.
   */
  newestMs: number
  newestNs: number
  /** Newest time of the rows that are in segments or sealed heads, where duplicates are costlier to find. */
  settledMs: number
  settledNs: number
}
