import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorMessage } from '#base/errors.ts'
import type { Delivery, LogBatch } from '../../pipeline.ts'
import { encodeRecords } from './record.ts'
import { segmentPath, syncFolder, type WalPlace } from './segment-files.ts'

/** What a writer needs to know, and whom it tells. */
export interface WalWriterOptions {
  readonly folder: string
  /** Number of the first segment it makes. */
  readonly firstSegment: number
  /** A segment that has become so large is followed by another one. */
  readonly segmentBytes: number
  /** So is one whose first entry is as old as this. */
  readonly segmentMs: number
  /** Called after each write: there is more to read. */
  written(sizeBytes: number): void
  /** Writing has begun to fail, or works again (`''`). */
  problem(text: string): void
}

/** How long what has been written may not be on the disk itself yet. */
export const SYNC_DELAY_MS = 200
const RETRY_MS = 1000

interface Pending {
  readonly records: readonly Buffer[]
  readonly delivery: Delivery
  resolve(): void
  reject(error: Error): void
}

/**
 * Appends batches to segments. What is given while a write is under way is written together by the next one.
 * A batch is taken over once it has been written, which survives the end of the process; its source may move
 * its position once it has been flushed to the disk, {@link SYNC_DELAY_MS} later at most, which survives the
 * loss of power.
 */
export class WalWriter {
  readonly #options: WalWriterOptions
  #pending: Pending[] = []
  #unsynced: Delivery[] = []
  #handle: FileHandle | undefined
  #segment: number
  #offset = 0
  #startedMs = 0
  #writing: Promise<void> | undefined
  #syncing: Promise<void> = Promise.resolve()
  #syncTimer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: WalWriterOptions) {
    this.#options = options
    this.#segment = options.firstSegment
  }

  /** Up to where readers may read. */
  get end(): WalPlace {
    return { segment: this.#segment, offset: this.#offset }
  }

  /** Resolves when the batch has been written; waits while the disk refuses. Rejects once closed. */
  append(batch: LogBatch): Promise<void> {
    if (this.#isClosed) return Promise.reject(new Error('the buffer on disk has been closed'))
    const records = encodeRecords(batch)
    return new Promise((resolve, reject) => {
      this.#pending.push({ records, delivery: batch.delivery, resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  /** Ends the segment, so that it can be deleted; the next entry begins another one. */
  finishSegment(): void {
    const finish = async (): Promise<void> => {
      await this.#finishSegment()
      await this.#writeAll()
    }
    this.#writing ??= finish().catch((error: unknown) => {
      this.#writing = undefined
      this.#options.problem(`cannot flush ${this.#options.folder}: ${errorMessage(error)}`)
    })
  }

  /** Writes and flushes what has been given. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#writing
    await this.#finishSegment()
  }

  async #writeAll(): Promise<void> {
    while (this.#pending.length > 0) {
      const group = this.#pending.splice(0)
      try {
        await this.#writeGroup(group.flatMap(({ records }) => records))
        this.#options.problem('')
      } catch (error) {
        if (this.#isClosed) {
          for (const { reject } of group) reject(new Error(errorMessage(error)))
          continue
        }
        this.#pending.unshift(...group)
        this.#options.problem(`cannot write to ${this.#options.folder}: ${errorMessage(error)}`)
        await this.#leaveSegment()
        await sleep(RETRY_MS)
        continue
      }
      for (const { delivery, resolve } of group) {
        delivery.holdCopy()
        this.#unsynced.push(delivery)
        resolve()
      }
      this.#syncTimer ??= setTimeout(() => this.#syncSoon(), SYNC_DELAY_MS)
    }
    this.#writing = undefined
  }

  async #writeGroup(records: readonly Buffer[]): Promise<void> {
    const { segmentBytes, segmentMs, folder } = this.#options
    const isOld = this.#offset > 0 && Date.now() - this.#startedMs >= segmentMs
    if (this.#offset >= segmentBytes || isOld) await this.#finishSegment()
    if (this.#handle === undefined) {
      this.#handle = await open(segmentPath(folder, this.#segment), 'w')
      this.#startedMs = Date.now()
      await syncFolder(folder)
    }
    const bytes = records.length === 1 ? records[0] : Buffer.concat(records)
    // Always at the same place: what a failed write has left there is written over.
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, this.#offset + at)
      at += bytesWritten
    }
    this.#offset += bytes.length
    this.#options.written(bytes.length)
  }

  async #finishSegment(): Promise<void> {
    await this.#syncing
    await this.#sync()
    await this.#handle?.close()
    this.#handle = undefined
    if (this.#offset > 0) this.#segment++
    this.#offset = 0
  }

  /**
   * Ends the segment that could not be written to, so that it is deleted once it has been delivered: on a
   * full disk nothing else may ever make room.
   */
  async #leaveSegment(): Promise<void> {
    try {
      await this.#handle?.truncate(this.#offset)
      await this.#finishSegment()
      // Readers go on to the next segment, and let go of this one.
      this.#options.written(0)
    } catch (error) {
      this.#options.problem(`cannot flush ${this.#options.folder}: ${errorMessage(error)}`)
    }
  }

  #syncSoon(): void {
    this.#syncing = this.#syncing.then(() =>
      this.#sync().catch((error: unknown) => {
        this.#options.problem(`cannot flush ${this.#options.folder}: ${errorMessage(error)}`)
        this.#syncTimer = setTimeout(() => this.#syncSoon(), RETRY_MS)
      }),
    )
  }

  async #sync(): Promise<void> {
    clearTimeout(this.#syncTimer)
    this.#syncTimer = undefined
    const synced = this.#unsynced
    if (synced.length === 0) return
    this.#unsynced = []
    try {
      await this.#handle?.datasync()
    } catch (error) {
      this.#unsynced.unshift(...synced)
      throw error
    }
    for (const delivery of synced) delivery.doneCopy()
  }
}
