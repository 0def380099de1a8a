// What a store tells of pushes and of itself.

/** A row that the store refused, with the reason; everything else of the batch was stored. */
export interface RejectedRow {
  readonly row: number
  /** `too_far_behind`: older than the stream's out-of-order window. */
  readonly reason: 'too_far_behind'
  /** Oldest acceptable time of that stream, milliseconds. */
  readonly oldestMs: number
}

/** Sizes of what a selector covers, for `index/stats`. Bytes are of lines and metadata, uncompressed. */
export interface IndexStats {
  readonly streams: number
  readonly chunks: number
  readonly bytes: number
  readonly entries: number
}

/** What a store keeps, by tenant and day (UTC, `YYYY-MM-DD`); an engine may tell more. JSON. */
export interface StoreStatus {
  readonly tenants: readonly {
    readonly tenant: string
    readonly days: readonly { readonly day: string; readonly rows: number; readonly sizeBytes: number }[]
  }[]
}
