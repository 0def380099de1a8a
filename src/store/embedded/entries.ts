import type { Labels } from '#base/labels.ts'
import type { Metadata } from '../types.ts'

/** Rows of one stream inside {@link Entries}. */
export interface EntriesRun {
  readonly labels: Labels
  /** `labelsText(labels)`. */
  readonly key: string
  readonly rows: number
}

/**
 * A push as it stands in the log and enters memory: columns over all rows, runs of rows per stream, in row
 * order.
 */
export interface Entries {
  readonly tenant: string
  readonly rows: number
  readonly runs: readonly EntriesRun[]
  readonly tsMs: Float64Array
  readonly tsNs: Uint32Array
  readonly lineBytes: Uint32Array
  /** Per row: index into `sets`. */
  readonly metadata: Uint32Array
  /** Index 0 is the empty set. */
  readonly sets: readonly Metadata[]
  /** The lines, one after another, in row order. */
  readonly lines: Uint8Array
}
