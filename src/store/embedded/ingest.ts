import { OperatorError } from '#base/errors.ts'
import type { RejectedRow } from '../store-answers.ts'
import type { AppendResult, EntryBatch } from '../types.ts'
import type { Catalog } from './catalog.ts'
import type { Head } from './head.ts'
import { makePacer } from './pacer.ts'
import type { Stream } from './stream.ts'
import type { Wal } from './wal.ts'
import { RecordBuffer, type WrittenRecord } from './wal-record.ts'

/** What group commit needs of the store around it. */
export interface IngestEnvironment {
  readonly catalog: Catalog
  readonly wal: Wal
  readonly outOfOrderWindowMs: number
  /** The head that takes rows, once there is room in it. Throws OperatorError where room cannot be made. */
  roomyHead(): Promise<Head>
  /** Rows of a batch that segments or sealed heads hold already. */
  storedRows(tenant: string, batch: EntryBatch, streams: readonly Stream[]): Promise<number[]>
  /** Rows of a batch that are durable and visible from now on. */
  appended(tenant: string, batch: EntryBatch): void
}

/** Counts of what was appended since the start. */
export interface IngestStats {
  batches: number
  rows: number
  lineBytes: number
  duplicateRows: number
  rejectedRows: number
  failedBatches: number
  /** Writes to the log; with many clients, fewer than batches. */
  groups: number
  walBytes: number
}

interface Pending {
  readonly tenant: string
  readonly batch: EntryBatch
  resolve(result: AppendResult): void
  reject(thrown: unknown): void
}

interface Accepted {
  readonly pending: Pending
  readonly rejected: RejectedRow[]
  /** Duplicates of rows outside of the head, already left out of the record. */
  readonly storedRows: number
  /** Per row 1 where it is taken; undefined where all are. */
  readonly keep: Uint8Array | undefined
  /** undefined where no row is taken. */
  readonly record: WrittenRecord | undefined
}

/** A group grows to about this many line bytes, unless a single push is larger. */
const GROUP_BYTES = 4 << 20
const GROUP_BATCHES = 512

/** Group commit: pushes that arrive while the log is being written go into the next write together. */
export class Ingest {
  readonly stats: IngestStats = {
    batches: 0,
    rows: 0,
    lineBytes: 0,
    duplicateRows: 0,
    rejectedRows: 0,
    failedBatches: 0,
    groups: 0,
    walBytes: 0,
  }
  readonly #environment: IngestEnvironment
  readonly #buffer = new RecordBuffer()
  #queue: Pending[] = []
  #running = false
  #closed = false
  /** Work that must not overlap with a write, in turn. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(environment: IngestEnvironment) {
    this.#environment = environment
  }

  append(tenant: string, batch: EntryBatch): Promise<AppendResult> {
    if (this.#closed) {
      return Promise.reject(
        new OperatorError('store_closed', 'the store is shutting down; send the push again to its successor'),
      )
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ tenant, batch, resolve, reject })
      if (!this.#running) void this.#run()
    })
  }

  /** Runs `work` when no write is under way, and holds writes up until it is done. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    return done
  }

  /** Refuses further pushes; resolves when those that were taken are answered. */
  async close(): Promise<void> {
    this.#closed = true
    while (this.#running) await new Promise((resolve) => setImmediate(resolve))
    await this.#turn
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#queue.length > 0) await this.exclusively(() => this.#commitGroup())
    this.#running = false
  }

  async #commitGroup(): Promise<void> {
    const { wal, roomyHead } = this.#environment
    const group = this.#takeGroup()
    const before = new Map<Stream, { ms: number; ns: number }>()
    try {
      const head = await roomyHead()
      this.#buffer.reset()
      const accepted: Accepted[] = []
      for (const pending of group) accepted.push(await this.#accept(pending, before))
      if (this.#buffer.length > 0) await wal.write(this.#buffer.view())
      this.stats.groups++
      this.stats.walBytes += this.#buffer.length
      const pause = makePacer()
      for (const each of accepted) {
        this.#takeIn(each, head)
        await pause()
      }
    } catch (thrown) {
      for (const [stream, { ms, ns }] of before) {
        stream.newestMs = ms
        stream.newestNs = ns
      }
      this.stats.failedBatches += group.length
      for (const { reject } of group) reject(thrown)
    }
  }

  #takeGroup(): Pending[] {
    let count = 0
    let bytes = 0
    while (count < this.#queue.length && count < GROUP_BATCHES && bytes < GROUP_BYTES) {
      const { batch } = this.#queue[count++]
      bytes += batch.bytes.length + batch.rows * 20
    }
    return this.#queue.splice(0, count)
  }

  /**
   * Sorts out rows that come too late or are stored already, and writes the others into the group's record
   * buffer.
   */
  async #accept(pending: Pending, before: Map<Stream, { ms: number; ns: number }>): Promise<Accepted> {
    const { tenant, batch } = pending
    const rejected: RejectedRow[] = []
    const streams: Stream[] = []
    let rows = 0
    for (const run of batch.runs) {
      const stream = this.#environment.catalog.stream(tenant, run.labels, run.key)
      streams.push(stream)
      if (!before.has(stream)) before.set(stream, { ms: stream.newestMs, ns: stream.newestNs })
      this.#checkWindow(stream, batch, run.from, run.to, rejected)
      rows += run.to - run.from
    }
    const stored = await this.#environment.storedRows(tenant, batch, streams)
    let keep: Uint8Array | undefined
    if (rejected.length > 0 || stored.length > 0) {
      keep = new Uint8Array(batch.rows).fill(1)
      for (const row of stored) keep[row] = 0
      for (const { row } of rejected) keep[row] = 0
      rows = countKept(batch, keep)
    }
    const record = rows > 0 ? this.#buffer.add(tenant, batch, rows, keep) : undefined
    const late = new Set(rejected.map(({ row }) => row))
    const storedRows = stored.filter((row) => !late.has(row)).length
    return { pending, rejected, storedRows, keep, record }
  }

  /** As Loki does: row by row, each measured against the newest before it. */
  #checkWindow(stream: Stream, batch: EntryBatch, from: number, to: number, rejected: RejectedRow[]): void {
    const windowMs = this.#environment.outOfOrderWindowMs
    const { tsMs, tsNs } = batch
    for (let row = from; row < to; row++) {
      const ms = tsMs[row]
      const ns = tsNs[row]
      if (ms > stream.newestMs || (ms === stream.newestMs && ns > stream.newestNs)) {
        stream.newestMs = ms
        stream.newestNs = ns
      } else if (windowMs > 0) {
        const oldestMs = stream.newestMs - windowMs
        if (ms < oldestMs || (ms === oldestMs && ns < stream.newestNs)) {
          rejected.push({ row, reason: 'too_far_behind', oldestMs })
        }
      }
    }
  }

  /** Makes the rows of a record that is in the log visible, and answers its push. */
  #takeIn({ pending, rejected, storedRows, keep, record }: Accepted, head: Head): void {
    const { tenant, batch } = pending
    let duplicates: number[] = []
    if (record !== undefined) {
      const streams = record.runs.map((run) => this.#environment.catalog.stream(tenant, run.labels, run.key))
      const bytesBefore = head.lineBytes
      duplicates = head.insert(this.#buffer.entriesAt(record), streams)
      this.stats.rows += record.rows - duplicates.length
      this.stats.lineBytes += head.lineBytes - bytesBefore
    }
    this.stats.batches++
    this.stats.rejectedRows += rejected.length
    this.stats.duplicateRows += duplicates.length + storedRows
    if (record !== undefined && duplicates.length < record.rows) {
      this.#environment.appended(tenant, takenRows(batch, keep, duplicates))
    }
    pending.resolve({ rejected, duplicates: duplicates.length + storedRows })
  }
}

function countKept(batch: EntryBatch, keep: Uint8Array): number {
  let rows = 0
  for (const run of batch.runs) for (let row = run.from; row < run.to; row++) rows += keep[row]
  return rows
}

/** The batch without the rows that were not stored. `duplicates` counts among the kept rows, in run order. */
function takenRows(
  batch: EntryBatch,
  keep: Uint8Array | undefined,
  duplicates: readonly number[],
): EntryBatch {
  if (keep === undefined && duplicates.length === 0) return batch
  const dropped = new Set(duplicates)
  const runs: EntryBatch['runs'][number][] = []
  let written = 0
  for (const run of batch.runs) {
    let from = run.from
    for (let row = run.from; row < run.to; row++) {
      const isWritten = keep === undefined || keep[row] === 1
      if (isWritten && !dropped.has(written++)) continue
      if (row > from) runs.push({ ...run, from, to: row })
      from = row + 1
    }
    if (run.to > from) runs.push({ ...run, from, to: run.to })
  }
  return { ...batch, runs }
}
