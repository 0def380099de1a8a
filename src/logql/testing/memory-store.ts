import { type Labels, labelsText, makeLabels } from '#base/labels.ts'
import { compareTimestamps } from '#base/timestamp.ts'
import type {
  CountedTime,
  CountRun,
  EntryBatch,
  LabelMatcher,
  LogStore,
  RowBatch,
  Scan,
  ScanRequest,
  ScanStats,
  ScanWindow,
  StreamRef,
} from '#store/types.ts'

/** A row as a test writes it down. */
export interface TestRow {
  readonly tsMs: number
  readonly tsNs?: number
  readonly line: string | Uint8Array
  readonly metadata?: Labels
}

interface StoredStream {
  readonly ref: StreamRef
  readonly rows: { tsMs: number; tsNs: number; line: Buffer; metadata: Labels }[]
}

/**
 * A store in memory that keeps the contract of `LogStore` for reading: the test double of the language's
 * tests.
 */
export interface MemoryStore extends LogStore {
  /** Adds rows to a stream, in the order given; exact repetitions are left out. */
  add(labels: Record<string, string>, rows: readonly TestRow[]): void
}

/** How a {@link makeMemoryStore} cuts its answers, to exercise what readers must cope with. */
export interface MemoryStoreOptions {
  /** Length of a scan's windows, milliseconds. */
  readonly windowMs?: number
  /** Most rows in one batch. */
  readonly batchRows?: number
  /** Whether the store applies line predicates itself. */
  readonly appliesLines?: boolean
  /** Whether the store keeps counts. */
  readonly keepsCounts?: boolean
}

/** Makes an empty store. */
export function makeMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const streams = new Map<string, StoredStream>()
  const refuse = (): never => {
    throw new Error('the memory store only answers scans and series')
  }
  const matching = (matchers: readonly LabelMatcher[]): StoredStream[] =>
    [...streams.values()].filter(({ ref }) =>
      matchers.every((matcher) =>
        matcher.matches(ref.labels.find(([name]) => name === matcher.name)?.[1] ?? ''),
      ),
    )
  return {
    add: (record, rows) => {
      const labels = makeLabels(record)
      const key = labelsText(labels)
      const stream = streams.get(key) ?? { ref: { labels, key }, rows: [] }
      streams.set(key, stream)
      addRows(stream, rows)
    },
    scan: (_tenant, request, signal) => scan(matching(request.matchers), request, options, signal),
    series: async (_tenant, matchers, { fromMs, toMs }) =>
      matching(matchers)
        .filter(({ rows }) => rows.some((row) => row.tsMs >= fromMs && row.tsMs < toMs))
        .map(({ ref }) => ref),
    counts: async (_tenant, matchers, range) =>
      options.keepsCounts === true ? count(matching(matchers), range) : undefined,
    append: refuse,
    labelNames: refuse,
    labelValues: refuse,
    indexStats: refuse,
    tenants: async () => [],
    subscribe: (_tenant: string, _listener: (batch: EntryBatch) => void) => () => undefined,
    flush: async () => undefined,
    close: async () => undefined,
  }
}

/** Each row is a cell of its own. */
function count(streams: readonly StoredStream[], time: CountedTime): CountRun[] {
  const { fromMs, fromNs = 0, toMs, toNs = 0 } = time
  return streams.flatMap(({ ref, rows }) => {
    const cells = rows.flatMap(({ tsMs, tsNs, line, metadata }) => {
      const minute = Math.ceil((tsNs > 0 ? tsMs + 1 : tsMs) / 60_000) - 1
      const isBehindStart = compareTimestamps(tsMs, tsNs, fromMs, fromNs) > 0
      if (!isBehindStart || compareTimestamps(tsMs, tsNs, toMs, toNs) > 0) return []
      const level = metadata.find(([name]) => name === 'detected_level')?.[1] ?? ''
      const kind = metadata.some(([name]) => name.startsWith('__'))
        ? 'reserved'
        : metadata.some(([name]) => name !== 'detected_level')
          ? 'other'
          : 'level'
      return [{ minute, level, kind, bytes: line.length } as const]
    })
    const groups = Map.groupBy(cells, ({ level, kind }) => `${level} ${kind}`)
    return [...groups.values()].map((group): CountRun => {
      const [{ level, kind }] = group
      group.sort((a, b) => a.minute - b.minute)
      const columns = {
        minute: Int32Array.from(group, ({ minute }) => minute),
        lines: new Uint16Array(group.length).fill(1),
        bytes: Float64Array.from(group, ({ bytes }) => bytes),
        metadataBytes: new Float64Array(group.length),
      }
      return { stream: ref, level, metadata: kind, columns, from: 0, to: group.length }
    })
  })
}

function addRows(stream: StoredStream, rows: readonly TestRow[]): void {
  for (const { tsMs, tsNs = 0, line, metadata = [] } of rows) {
    const bytes = Buffer.from(line as string)
    const repeated = stream.rows.some(
      (row) =>
        row.tsMs === tsMs &&
        row.tsNs === tsNs &&
        row.line.equals(bytes) &&
        labelsText(row.metadata) === labelsText(metadata),
    )
    if (!repeated) stream.rows.push({ tsMs, tsNs, line: bytes, metadata })
  }
  // Stable: rows of one time keep the order they came in.
  stream.rows.sort((a, b) => compareTimestamps(a.tsMs, a.tsNs, b.tsMs, b.tsNs))
}

function scan(
  streams: readonly StoredStream[],
  request: ScanRequest,
  options: MemoryStoreOptions,
  signal: AbortSignal | undefined,
): Scan {
  const stats: ScanStats = {
    blocks: 0,
    blocksPruned: 0,
    compressedBytes: 0,
    lineBytes: 0,
    lines: 0,
    headLines: 0,
    headBytes: 0,
    streams: streams.length,
  }
  return { stats, [Symbol.asyncIterator]: () => windows(streams, request, options, stats, signal) }
}

async function* windows(
  streams: readonly StoredStream[],
  request: ScanRequest,
  options: MemoryStoreOptions,
  stats: ScanStats,
  signal: AbortSignal | undefined,
): AsyncGenerator<ScanWindow> {
  const { windowMs = 60_000, batchRows = 100 } = options
  const inRange = streams.map(({ ref, rows }) => ({
    ref,
    rows: rows.filter(
      (row) =>
        compareTimestamps(row.tsMs, row.tsNs, request.fromMs, request.fromNs) >= 0 &&
        compareTimestamps(row.tsMs, row.tsNs, request.toMs, request.toNs) < 0,
    ),
  }))
  const numbers = new Set(inRange.flatMap(({ rows }) => rows.map((row) => Math.floor(row.tsMs / windowMs))))
  const order = [...numbers].sort((a, b) => a - b)
  if (request.direction === 'backward') order.reverse()
  for (const number of order) {
    signal?.throwIfAborted()
    const batches: RowBatch[] = []
    for (const { ref, rows } of inRange) {
      const inside = rows.filter((row) => Math.floor(row.tsMs / windowMs) === number)
      for (let at = 0; at < inside.length; at += batchRows) {
        const batch = makeBatch(ref, inside.slice(at, at + batchRows), request, options)
        stats.lines += batch.rows.length
        batches.push(batch)
      }
    }
    if (request.direction === 'backward') batches.reverse()
    yield { fromMs: number * windowMs, toMs: (number + 1) * windowMs, batches }
  }
}

function makeBatch(
  stream: StreamRef,
  rows: StoredStream['rows'],
  request: ScanRequest,
  options: MemoryStoreOptions,
): RowBatch {
  const metadata: Labels[] = [[]]
  const rowMetadata = rows.map((row) => {
    const text = labelsText(row.metadata)
    const known = metadata.findIndex((set) => labelsText(set) === text)
    return known === -1 ? metadata.push(row.metadata) - 1 : known
  })
  let end = 0
  const ends = rows.map((row) => (end += row.line.length))
  const positions = [...rows.keys()].filter(
    (i) => options.appliesLines !== true || (request.lines ?? []).every((line) => meets(rows[i].line, line)),
  )
  if (request.direction === 'backward') positions.reverse()
  const lines = {
    bytes: Buffer.concat(rows.map((row) => row.line)),
    lineFrom: Uint32Array.from(rows, (row, i) => ends[i] - row.line.length),
    lineTo: Uint32Array.from(ends),
  }
  return {
    stream,
    rows: Uint32Array.from(positions),
    tsMs: Float64Array.from(rows, (row) => row.tsMs),
    tsNs: Uint32Array.from(rows, (row) => row.tsNs),
    lineSize: (row) => rows[row].line.length,
    lines: () => lines,
    metadata,
    rowMetadata: Uint32Array.from(rowMetadata),
    linesApplied: options.appliesLines === true ? 2 ** (request.lines ?? []).length - 1 : 0,
  }
}

function meets(line: Buffer, predicate: NonNullable<ScanRequest['lines']>[number]): boolean {
  const contains = predicate.needles.some((needle) => line.includes(needle))
  return contains === (predicate.kind === 'contains')
}
