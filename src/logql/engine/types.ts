import type { Labels } from '#base/labels.ts'
import type { Direction, ScanStats } from '#store/types.ts'
import type { PaneMemory } from '../metrics/pane-memory.ts'
import type { Explanation } from './explain.ts'
import type { ScanParts } from './parts.ts'

/** How a query is run, whatever it asks for. */
export interface QuerySettings {
  /**
   * Whether the engine may answer from counters, have the store leave lines out, and look for texts and
   * fields before it parses. The answer is the same; off is for finding out whether it is. Default true.
   */
  readonly shortcuts?: boolean
  /** Whether the answer tells how it was found. Default false. */
  readonly explain?: boolean
  /** Other threads that may read parts of what is asked for. Default: everything is read by the caller's. */
  readonly parts?: ScanParts
  /** What range functions remember of earlier queries of this tenant. Default: nothing. */
  readonly memory?: PaneMemory
}

/** A range query, after the HTTP layer has parsed its parameters. Log queries read [start, end). */
export interface RangeQuery extends QuerySettings {
  readonly query: string
  readonly startMs: number
  readonly startNs: number
  readonly endMs: number
  readonly endNs: number
  /**
   * Distance between the points of a metric query, ms; > 0. Points lie on multiples of it since the epoch.
   */
  readonly stepMs: number
  /** Log queries: leave at least this much time between returned entries, ms; 0 is off. */
  readonly intervalMs: number
  /** Log queries: at most this many entries. Metric queries ignore it. */
  readonly limit: number
  readonly direction: Direction
  /**
   * Log queries: group entries by their stream labels alone, metadata and parsed labels staying with each
   * entry, as the `categorize-labels` encoding wants it. Default false: by all labels.
   */
  readonly categorize?: boolean
}

/** An instant query. */
export interface InstantQuery extends QuerySettings {
  readonly query: string
  readonly timeMs: number
  readonly timeNs: number
}

/** The limits that hold while a query runs, by their Loki names. 0 is off where Loki says so. */
export interface QueryLimits {
  readonly max_query_series: number
  /** Bytes a query may hold in memory before it ends with an error; 0 is off. Not a Loki setting. */
  readonly max_query_memory: number
  /** Milliseconds; the caller aborts the signal when it has passed. */
  readonly query_timeout: number
}

/** One returned entry. Categories are kept apart so that `categorize-labels` can be answered. */
export interface ResultEntry {
  readonly tsMs: number
  readonly tsNs: number
  readonly line: string
  readonly metadata: Labels
  readonly parsed: Labels
}

/** Entries that share one final label set, in the direction of the query. */
export interface ResultStream {
  /** Stream labels that are still there and not overwritten by a stage. */
  readonly streamLabels: Labels
  /**
   * The stream's identity in the answer: all labels (stream, metadata, parsed, errors), or as `categorize`
   * says.
   */
  readonly labels: Labels
  readonly entries: readonly ResultEntry[]
}

/** One series of a matrix: `timesMs[i]` and `values[i]` belong together, times ascending. */
export interface ResultSeries {
  readonly labels: Labels
  readonly timesMs: readonly number[]
  readonly values: readonly number[]
}

/** One series of a vector. */
export interface ResultSample {
  readonly labels: Labels
  readonly timeMs: number
  readonly value: number
}

/** What the query did, for `stats` in the answer. */
export interface QueryStats extends ScanStats {
  /** Lines that passed every filter. */
  postFilterLines: number
  entriesReturned: number
  execMs: number
  /** Bytes of structured metadata looked at. */
  metadataBytes: number
}

interface ResultCommon {
  readonly stats: QueryStats
  readonly warnings: readonly string[]
  /** Only where it was asked for. */
  readonly explain?: Explanation
}

/** The answer to a query, by its kind. */
export type QueryResult = ResultCommon &
  (
    | { readonly type: 'streams'; readonly streams: readonly ResultStream[] }
    | { readonly type: 'matrix'; readonly series: readonly ResultSeries[] }
    | { readonly type: 'vector'; readonly samples: readonly ResultSample[] }
    | { readonly type: 'scalar'; readonly timeMs: number; readonly value: number }
  )
