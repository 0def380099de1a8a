import type { Labels } from '#base/labels.ts'
import type { LogDeletes } from './delete-types.ts'
import type { IndexStats, RejectedRow, StoreStatus } from './store-answers.ts'

/**
 * The waist of the hourglass: everything above (server, LogQL) sees a store only through this file,
 * and every engine below implements it. Rows travel in batches: typed arrays and one byte buffer,
 * never an object, a string or a BigInt per row.
 *
 * Times are split as in `#base/timestamp.ts`: whole milliseconds and nanoseconds within them.
 */

/**
 * Structured metadata of one row: sorted by name, names unique. Shared between rows that carry the same set.
 */
export type Metadata = Labels

/** A run of rows of one stream inside an {@link EntryBatch}. */
export interface EntryRun {
  /** Stream labels, validated, `service_name` already added. */
  readonly labels: Labels
  /** `labelsText(labels)`: the stream's identity within its tenant. */
  readonly key: string
  /** First row of the run. */
  readonly from: number
  /** One past its last row. */
  readonly to: number
}

/** What a push hands to the store: rows grouped by stream, in the order the client sent them. */
export interface EntryBatch {
  readonly runs: readonly EntryRun[]
  readonly rows: number
  /** Per row: milliseconds since the epoch. */
  readonly tsMs: Float64Array
  /** Per row: nanoseconds within the millisecond, 0 … 999,999. */
  readonly tsNs: Uint32Array
  /** The bytes of all lines (UTF-8 as received; any bytes are kept), in no particular order. */
  readonly bytes: Uint8Array
  /** Per row: where its line begins and ends in `bytes`. */
  readonly lineFrom: Uint32Array
  readonly lineTo: Uint32Array
  /** The distinct metadata sets of the batch; index 0 is the empty set. */
  readonly metadata: readonly Metadata[]
  /** Per row: index into `metadata`. */
  readonly rowMetadata: Uint32Array
}

/** What became of an {@link EntryBatch}. */
export interface AppendResult {
  readonly rejected: readonly RejectedRow[]
  /** Rows dropped as exact duplicates (same stream, time, line and metadata). */
  readonly duplicates: number
}

/** Equal, not equal, matches and does not match a pattern; patterns match wholly. */
export type MatcherOp = '=' | '!=' | '=~' | '!~'

/** A label matcher. `matches('')` decides for streams without the label. */
export interface LabelMatcher {
  readonly name: string
  readonly op: MatcherOp
  readonly value: string
  matches(value: string): boolean
}

/** Oldest first or newest first. */
export type Direction = 'forward' | 'backward'

/** A condition that every wanted row's line meets. The store may use it to leave out blocks and rows. */
export type LinePredicate =
  /** The line contains at least one of the needles (UTF-8 bytes, none empty). */
  | { readonly kind: 'contains'; readonly needles: readonly Uint8Array[] }
  /** The line contains none of the needles. */
  | { readonly kind: 'lacks'; readonly needles: readonly Uint8Array[] }

/**
 * A condition on the label of this name behind `| json` or `| logfmt`. Only a hint: a store that cannot prove
 * on a row that the label fails it must hand the row out. It is the field where neither the row's stream nor
 * its metadata has a label of the name; rows where one has are to be handed out.
 */
export interface FieldPredicate {
  readonly parser: KeyParser
  readonly name: string
  readonly op: '=' | '!=' | '>' | '>=' | '<' | '<='
  readonly value: string | number
}

/**
 * What the line of a wanted row contains for a condition on a field: one of the needles (UTF-8 bytes, none
 * empty), or an escape `\u` that could spell it. Rows whose stream or metadata has a label of the name are to
 * be handed out all the same.
 */
export interface FieldNeedle {
  readonly name: string
  readonly needles: readonly Uint8Array[]
}

/** What to read. Time bounds are exact to the nanosecond: from inclusive, to exclusive. */
export interface ScanRequest {
  readonly matchers: readonly LabelMatcher[]
  readonly fromMs: number
  readonly fromNs: number
  readonly toMs: number
  readonly toNs: number
  readonly direction: Direction
  /** About how many rows the caller will take before it stops; lets the store cut the first windows small. */
  readonly limitHint?: number
  readonly lines?: readonly LinePredicate[]
  readonly fields?: readonly FieldPredicate[]
  /** Only a hint: a store may leave out blocks and rows by it, and need not. */
  readonly fieldNeedles?: readonly FieldNeedle[]
  /**
   * ASCII texts that every wanted row's line contains, all of them, in any case. Only a hint: a store may
   * leave out blocks and rows by it, and need not.
   */
  readonly anyCase?: readonly string[]
  /** Whether any row's metadata is looked at; lets a store skip that column. Default true. */
  readonly needMetadata?: boolean
}

/** A stream as readers see it: one object per stream and store, so that it can key caches by identity. */
export interface StreamRef {
  readonly labels: Labels
  readonly key: string
}

/** Rows of one stream, in the direction of the scan (ties in arrival order, reversed for backward). */
export interface RowBatch {
  readonly stream: StreamRef
  /** The rows to look at, as positions in the arrays below, already in the direction of the scan. */
  readonly rows: Uint32Array
  readonly tsMs: Float64Array
  readonly tsNs: Uint32Array
  readonly metadata: readonly Metadata[]
  readonly rowMetadata: Uint32Array
  /** Bit i set: `request.lines[i]` has been applied exactly to `rows`. */
  readonly linesApplied: number
  /** Size of a row's line in bytes; costs nothing. */
  lineSize(row: number): number
  /**
   * The lines of the wanted rows, by default of all of `rows`; what it says of other rows is undefined. Lines
   * may have to be put together, so ask once, for no more rows than are needed.
   */
  lines(wanted?: Uint32Array): Lines
  /** What is known of fields without looking at lines; undefined where nothing is. */
  readonly fields?: BatchFields
  /**
   * What the lines have in common, where that is known without looking at them. The same object each time.
   */
  shapes?(): BatchShapes
}

/** The shapes of a batch's rows. */
export interface BatchShapes {
  /** Per row of the batch's arrays: index of its shape. */
  readonly rowShape: Uint32Array
  readonly shapes: readonly LineShape[]
}

/**
 * What lines of one shape have in common: constant texts, and holes between them that hold each line's own.
 */
export interface LineShape {
  /** The texts around the holes: hole `i` lies between `constants[i]` and `constants[i + 1]`. */
  readonly constants: readonly string[]
  /** Whether the lines begin as JSON objects: then every value is a hole. */
  readonly isJson: boolean
}

/** Lines as extents of one buffer: that of row `r` is `bytes[lineFrom[r], lineTo[r])`. */
export interface Lines {
  readonly bytes: Uint8Array
  readonly lineFrom: Uint32Array
  readonly lineTo: Uint32Array
}

/** The parsers that name fields by what is in the line: `| json` and `| logfmt` without parameters. */
export type KeyParser = 'json' | 'logfmt'

/** The parsers whose fields a store may keep as columns. */
export type FieldParser = KeyParser | PatternParser

/** `| pattern "…"`: a lead that the line must begin with, then captures, each up to the literal behind it. */
export interface PatternParser {
  /** The pattern as it is written: equal texts are equal patterns. */
  readonly text: string
  readonly lead: Uint8Array
  readonly captures: readonly PatternCapture[]
}

/** A capture of a pattern. */
export interface PatternCapture {
  /** The label; `''` where it is not kept. */
  readonly name: string
  /**
   * The capture ends where this first follows; where it does not, it takes the rest of the line and is the
   * last one. Undefined for the rest in any case.
   */
  readonly literal: Uint8Array | undefined
}

/** Fields of a batch's rows as columns. */
export interface BatchFields {
  /**
   * The column of what the parser extracts under a label name, before any clash with labels of the stream or
   * metadata. Undefined where no single column is it: then only the lines tell. The same object each time.
   */
  column(parser: FieldParser, name: string): FieldColumn | undefined
}

/** A field that a parser extracts, as a column. */
export interface FieldColumn {
  /** Per row of the batch's arrays: index of its value, or −1 where the parser finds no such field. */
  readonly valueIndex: Int32Array
  /**
   * Rows, ascending, of which the column says nothing, because their text means something else to the parser
   * than to it, or the parser fails on them. In all others the parser reads the whole line without an error.
   */
  readonly unproven: Uint32Array
  /**
   * Those of {@link unproven}, ascending, in which the parser finds the field, with the value that the column
   * has, before it gets to what is not understood: a parser that needs no more may stop there.
   */
  readonly early: Uint32Array
  /** Smallest and largest number, where the values are numbers. */
  readonly range: { readonly min: number; readonly max: number } | undefined
  /** The values; unpacked when first asked for. */
  values(): FieldValues
  /** The values as texts, one per value in the order of the rows. */
  texts(): ColumnText
}

/** The values of a field in the order of the rows that have it. */
export type FieldValues =
  /** Few texts: value `i` is text `ids[i]` of `texts`. */
  | {
      readonly kind: 'dictionary'
      readonly texts: ColumnText
      readonly count: number
      readonly ids: Uint32Array
    }
  /** Numbers in their shortest or fixed text: comparing these is comparing what the text says. */
  | { readonly kind: 'numbers'; readonly numbers: Float64Array }
  | { readonly kind: 'texts'; readonly texts: ColumnText }

/** The values of a column as texts. */
export interface ColumnText {
  readonly bytes: Uint8Array
  readonly from: Uint32Array
  readonly to: Uint32Array
  /** Where present: value `i` is text `ids[i]`. Otherwise it is text `i`. */
  readonly ids: Uint32Array | undefined
}

/**
 * All wanted rows of one window of time, as one or more batches per stream. Windows follow one another in the
 * direction of the scan and do not overlap, so a caller that merges the batches of each window by time has
 * the whole result in time order, and may stop after any window.
 */
export interface ScanWindow {
  readonly fromMs: number
  readonly toMs: number
  readonly batches: readonly RowBatch[]
}

/** What a scan did; filled in as it goes, complete when the iteration ends. */
export interface ScanStats {
  /** Blocks whose stream and time fit the request. */
  blocks: number
  /** Of those, the blocks never read because a statistic or filter ruled them out. */
  blocksPruned: number
  /** Bytes read from disk, compressed. */
  compressedBytes: number
  /** Line bytes looked at after decompression. */
  lineBytes: number
  /** Lines looked at. */
  lines: number
  /** Lines and bytes of these that were still in memory, not yet in a segment. */
  headLines: number
  headBytes: number
  streams: number
}

/** A scan under way: iterate it once. Leaving the loop ends it and frees what it holds. */
export interface Scan extends AsyncIterable<ScanWindow> {
  readonly stats: ScanStats
}

/**
 * What metadata the rows of a cell carry: nothing but `detected_level` (never empty), other names too, or
 * even names that begin with `__`.
 */
export type CountedMetadata = 'level' | 'other' | 'reserved'

/** Pre-aggregated counts of one stream and detected level: cells [from, to) of the columns, one a minute. */
export interface CountRun {
  readonly stream: StreamRef
  /** `detected_level` of the rows, or `''`. */
  readonly level: string
  /** The most that any row of the run carries. */
  readonly metadata: CountedMetadata
  readonly columns: CountColumns
  readonly from: number
  readonly to: number
}

/** Cells of counters. The minutes of a run ascend. */
export interface CountColumns {
  /** Minutes since the epoch: minute m holds times in (60,000·m, 60,000·(m + 1)] milliseconds. */
  readonly minute: Int32Array
  readonly lines: CountNumbers
  /** Bytes of the lines, and of the values of their structured metadata. */
  readonly bytes: CountNumbers
  readonly metadataBytes: CountNumbers
}

/** Whole numbers in little memory: a minute of a stream rarely has 65,536 of anything. */
export type CountNumbers = Uint16Array | Float64Array

/** What counts are asked for: from exclusive, to inclusive, exact to the nanosecond. */
export interface CountedTime {
  readonly fromMs: number
  /** Nanoseconds beyond `fromMs`; 0 where it is left out. */
  readonly fromNs?: number
  readonly toMs: number
  /** Nanoseconds beyond `toMs`; 0 where it is left out. */
  readonly toNs?: number
}

/** The time range of a metadata request: from inclusive, to exclusive, milliseconds. */
export interface TimeRange {
  readonly fromMs: number
  readonly toMs: number
}

/** Whether a row is meant; `line` is only valid during the call. */
export type RowTest = (
  stream: StreamRef,
  metadata: Metadata,
  tsMs: number,
  tsNs: number,
  line: Uint8Array,
) => boolean

/** Keeps and finds rows. Every method takes the tenant first; tenants share nothing. */
export interface LogStore {
  /**
   * Stores a batch. Resolves once it is durable as the fsync policy says.
   * @throws OperatorError `store_full`, `store_closed`, `store_io`: nothing of the batch may be taken as
   * stored; retry.
   */
  append(tenant: string, batch: EntryBatch): Promise<AppendResult>
  /**
   * Rows in windows of time. `signal` ends the scan early and frees what it holds: the iteration throws its
   * reason, so that half an answer is never taken for a whole one. Leaving the iteration (`break`) ends the
   * scan quietly.
   */
  scan(tenant: string, request: ScanRequest, signal?: AbortSignal): Scan
  /**
   * Counts of the rows in a span of time, by minute: of a minute that the span cuts, only the rows inside.
   * Undefined where the engine keeps none. Several runs may be of one stream and level: what they have of one
   * minute adds up.
   */
  counts(
    tenant: string,
    matchers: readonly LabelMatcher[],
    time: CountedTime,
  ): Promise<readonly CountRun[] | undefined>
  /** Streams with rows in the range that fit every matcher. */
  series(tenant: string, matchers: readonly LabelMatcher[], range: TimeRange): Promise<StreamRef[]>
  labelNames(tenant: string, matchers: readonly LabelMatcher[], range: TimeRange): Promise<string[]>
  labelValues(
    tenant: string,
    name: string,
    matchers: readonly LabelMatcher[],
    range: TimeRange,
  ): Promise<string[]>
  indexStats(tenant: string, matchers: readonly LabelMatcher[], range: TimeRange): Promise<IndexStats>
  /** Tenants that have rows. */
  tenants(): Promise<string[]>
  /**
   * Counters since the start and sizes now, plain numbers by name, where the engine keeps any; for metrics.
   */
  stats?(): object
  /** What is kept and what goes next, by tenant and day, where the engine knows; for people. JSON. */
  status?(): StoreStatus
  /** Requests to delete rows, where the engine takes any. */
  readonly deletes?: LogDeletes
  /**
   * Called with each appended batch's rows after they are durable; for live tailing. Returns the way to stop.
   * The batch's buffers are used again as soon as `append` settles: a listener copies what it keeps.
   */
  subscribe(tenant: string, listener: (batch: EntryBatch) => void): () => void
  /** Moves what is in memory into segments. */
  flush(): Promise<void>
  /** Flushes and lets go of every file. Appends after this are refused. */
  close(): Promise<void>
}
