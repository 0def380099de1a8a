import { type Labels, labelsText, makeLabels } from '#base/labels.ts'
import type { CountRun, EntryBatch, EntryRun, LabelMatcher, Metadata, Scan, ScanRequest } from './types.ts'

// What tests and benchmarks of any engine need: batches from plain rows, and plain rows from scans.

/** One row in the open. */
export interface PlainRow {
  readonly labels: Record<string, string>
  readonly ms: number
  readonly ns?: number
  readonly line: string | Uint8Array
  readonly metadata?: Record<string, string>
}

/** A row as {@link collectRows} gives it back. */
export interface FoundRow {
  readonly key: string
  readonly ms: number
  readonly ns: number
  /** Bytes as latin1 text, so that any bytes compare. */
  readonly line: string
  readonly metadata: string
}

/** Groups rows by stream, in order of first appearance, as the decoders do. */
export function makeBatch(rows: readonly PlainRow[]): EntryBatch {
  const groups = Map.groupBy(rows, (row) => labelsText(makeLabels(row.labels)))
  const runs: EntryRun[] = []
  const metadata: Metadata[] = [[]]
  const setIds = new Map<string, number>([['{}', 0]])
  const ordered = [...groups.values()].flat()
  const lines = ordered.map(({ line }) => (typeof line === 'string' ? Buffer.from(line) : line))
  // A byte before each line, as there is in any real push body.
  const bytes = Buffer.concat(lines.flatMap((line) => [Buffer.from([10]), line]))
  const columns = {
    tsMs: Float64Array.from(ordered, ({ ms }) => ms),
    tsNs: Uint32Array.from(ordered, ({ ns }) => ns ?? 0),
    lineFrom: new Uint32Array(ordered.length),
    lineTo: new Uint32Array(ordered.length),
    rowMetadata: new Uint32Array(ordered.length),
  }
  let end = 0
  ordered.forEach((row, i) => {
    columns.lineFrom[i] = end + 1
    end += 1 + lines[i].length
    columns.lineTo[i] = end
    const set = makeLabels(row.metadata ?? {})
    let id = setIds.get(labelsText(set))
    if (id === undefined) {
      id = metadata.push(set) - 1
      setIds.set(labelsText(set), id)
    }
    columns.rowMetadata[i] = id
  })
  let from = 0
  for (const [key, group] of groups) {
    const labels: Labels = makeLabels(group[0].labels)
    runs.push({ labels, key, from, to: from + group.length })
    from += group.length
  }
  return { ...columns, runs, rows: ordered.length, bytes, metadata }
}

/** A `=` matcher. */
export function equal(name: string, value: string): LabelMatcher {
  return { name, op: '=', value, matches: (other) => other === value }
}

/** A `=~` matcher. */
export function like(name: string, pattern: string): LabelMatcher {
  const regex = new RegExp(`^(?:${pattern})$`)
  return { name, op: '=~', value: pattern, matches: (other) => regex.test(other) }
}

/** A scan request over all time, forward, with the parts given. */
export function request(parts: Partial<ScanRequest> = {}): ScanRequest {
  return {
    matchers: [],
    fromMs: -8_000_000_000_000,
    fromNs: 0,
    toMs: 8_000_000_000_000,
    toNs: 0,
    direction: 'forward',
    ...parts,
  }
}

/**
 * Reads a scan as its callers do: merges each window's batches by time, ties in the order of the batches, and
 * stops at `limit` rows. Throws where windows overlap or rows lie outside of theirs.
 */
export async function collectRows(scan: Scan, direction = 'forward', limit = Infinity): Promise<FoundRow[]> {
  const sign = direction === 'forward' ? 1 : -1
  const found: FoundRow[] = []
  let lastEdge = -Infinity
  for await (const window of scan) {
    const edge = sign === 1 ? window.fromMs : -window.toMs
    if (edge < lastEdge) throw new Error('windows overlap or run against the direction')
    lastEdge = sign === 1 ? window.toMs : -window.fromMs
    const rows: FoundRow[] = []
    for (const batch of window.batches) {
      const { bytes, lineFrom, lineTo } = batch.lines()
      for (const row of batch.rows) {
        const ms = batch.tsMs[row]
        if (ms < window.fromMs || ms >= window.toMs) throw new Error('a row lies outside of its window')
        rows.push({
          key: batch.stream.key,
          ms,
          ns: batch.tsNs[row],
          line: Buffer.from(bytes.subarray(lineFrom[row], lineTo[row])).toString('latin1'),
          metadata: labelsText(batch.metadata[batch.rowMetadata[row]]),
        })
      }
    }
    rows.sort((a, b) => sign * (a.ms - b.ms || a.ns - b.ns))
    found.push(...rows)
    if (found.length >= limit) break
  }
  return found.slice(0, limit)
}

/** What counters say of one minute, stream and level. */
export interface PlainCell extends Pick<CountRun, 'level' | 'metadata'> {
  readonly key: string
  readonly minuteMs: number
  readonly lines: number
  readonly bytes: number
  readonly metadataBytes: number
}

/** The cells of runs, those of one minute, stream and level added up. */
export function plainCells(runs: readonly CountRun[]): PlainCell[] {
  const kinds = ['level', 'other', 'reserved']
  const cells = new Map<string, PlainCell>()
  for (const { stream, level, metadata, columns, from, to } of runs) {
    for (let i = from; i < to; i++) {
      const id = `${columns.minute[i]} ${level} ${stream.key}`
      const { lines, bytes, metadataBytes, ...known } = cells.get(id) ?? {
        ...{ lines: 0, bytes: 0, metadataBytes: 0, metadata },
        ...{ key: stream.key, level, minuteMs: columns.minute[i] * 60_000 },
      }
      cells.set(id, {
        ...known,
        metadata: kinds.indexOf(metadata) > kinds.indexOf(known.metadata) ? metadata : known.metadata,
        lines: lines + columns.lines[i],
        bytes: bytes + columns.bytes[i],
        metadataBytes: metadataBytes + columns.metadataBytes[i],
      })
    }
  }
  return [...cells.values()]
}
