import { mkdir, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorMessage } from '#base/errors.ts'
import type { Labels } from '#base/labels.ts'
import type { Logger } from '#base/logger.ts'
import { openPositions, type Positions } from '../../docker/positions.ts'
import type { LogBatch } from '../../pipeline.ts'
import { entrySize } from '../push-batch.ts'
import type { WalArgs } from '../wal-args.ts'
import type { WalDropReason } from '../write-metrics.ts'
import { readRecords } from './read-records.ts'
import { WalReader } from './reader.ts'
import {
  isBefore,
  listSegments,
  parsePlace,
  placeText,
  segmentPath,
  type WalPlace,
  type WalSegment,
} from './segment-files.ts'
import type { WalMetrics } from './wal-metrics.ts'
import { WalWriter } from './writer.ts'

/** Where the entries of the buffer on disk go. */
export interface WalEndpoint {
  readonly name: string
  readonly isFailing: boolean
  push(batch: LogBatch): Promise<boolean>
  /** Counts what will never be sent. */
  countDropped(labels: Labels, reason: WalDropReason, entries: number, bytes: number): void
}

/** Bounds of the buffer on disk. */
export interface WalLimits {
  readonly maxBytes: number
  readonly segmentBytes: number
}

/** A gigabyte, in files of which the oldest can go without taking much with it. */
export const DEFAULT_WAL_LIMITS: WalLimits = { maxBytes: 1024 ** 3, segmentBytes: 16 * 1024 ** 2 }

/** What opens a buffer on disk. */
export interface WalOptions {
  readonly folder: string
  readonly args: WalArgs
  readonly limits: WalLimits
  readonly endpoints: readonly WalEndpoint[]
  readonly metrics: WalMetrics
  readonly logger: Logger
  /** Writing has begun to fail, or works again (`''`). */
  problem(text: string): void
}

/** A buffer of entries on disk, read by each endpoint at its own pace. */
export interface Wal {
  /**
   * Resolves when the batch has been written. While the buffer is full of what all endpoints still need it
   * waits.
   */
  append(batch: LogBatch): Promise<void>
  /** Resolves when everything has been handed to the endpoints, after `timeoutMs`, or when one is failing. */
  drain(timeoutMs: number): Promise<void>
  /** No more is taken or read. What the endpoints have in hand may still be delivered. */
  stopReading(): Promise<void>
  /** Remembers where the endpoints stand. */
  close(): Promise<void>
}

/** A segment is followed by the next when it has lived this part of the age that segments may reach. */
const SEGMENTS_PER_AGE = 8

/**
 * Opens the buffer in a folder, which is made if it does not exist, and begins to read what is left in it.
 * @throws Error when the folder cannot be made or read.
 */
export async function openWal(options: WalOptions): Promise<Wal> {
  const { folder } = options
  await mkdir(folder, { recursive: true })
  const segments = await listSegments(folder)
  const positions = openPositions(join(folder, 'positions.yml'), ({ path }) => path, options.logger)
  return new DiskWal(options, segments, positions)
}

class DiskWal implements Wal {
  readonly #options: WalOptions
  readonly #positions: Positions
  readonly #writer: WalWriter
  readonly #readers = new Map<WalEndpoint, WalReader>()
  readonly #upkeepTimer: NodeJS.Timeout
  #upkeep: Promise<void> = Promise.resolve()
  #sizeBytes: number
  #lastWrittenMs = Date.now()
  #waiters: (() => void)[] = []
  #isClosed = false

  constructor(options: WalOptions, segments: readonly WalSegment[], positions: Positions) {
    this.#options = options
    this.#positions = positions
    const places = [...positions.all()].map(([, { value }]) => parsePlace(value) ?? { segment: 0, offset: 0 })
    const { folder, limits, args, metrics } = options
    this.#sizeBytes = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    metrics.sizeBytes.set(this.#sizeBytes)
    this.#writer = new WalWriter({
      folder,
      // A segment that is named in a place may have been deleted; its number is not used again.
      firstSegment: Math.max(
        (segments.at(-1)?.segment ?? -1) + 1,
        ...places.map(({ segment, offset }) => (offset > 0 ? segment + 1 : segment)),
      ),
      segmentBytes: limits.segmentBytes,
      segmentMs: args.max_segment_age / SEGMENTS_PER_AGE,
      written: (sizeBytes) => this.#noteWritten(sizeBytes),
      problem: (text) => options.problem(text),
    })
    const starts = startPlaces(options.endpoints, positions, this.#writer.end)
    for (const endpoint of options.endpoints) {
      this.#readers.set(endpoint, this.#makeReader(endpoint, starts.get(endpoint) ?? this.#writer.end))
    }
    this.#upkeepTimer = setInterval(() => this.#upkeepSoon(), args.max_read_frequency)
  }

  async append(batch: LogBatch): Promise<void> {
    while (!this.#isClosed && this.#sizeBytes >= this.#options.limits.maxBytes) {
      this.#upkeepSoon()
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
    await this.#writer.append(batch)
  }

  async drain(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs
    const isDone = (): boolean =>
      [...this.#readers].every(([{ isFailing }, { isAtEnd }]) => isFailing || isAtEnd)
    while (!isDone() && Date.now() < deadline) await sleep(20)
  }

  async stopReading(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#upkeepTimer)
    this.#wakeWaiters()
    await this.#writer.close()
    // A reader whose endpoint has no room is let go when that endpoint is closed.
    for (const reader of this.#readers.values()) void reader.stop()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#readers.values()].map((reader) => reader.stop()))
    await this.#upkeep
    await this.#runUpkeep()
    await this.#positions.close()
  }

  #makeReader(endpoint: WalEndpoint, from: WalPlace): WalReader {
    const { folder, metrics, logger } = this.#options
    const id = { id: endpoint.name }
    metrics.decodeFailures.inc(id, 0)
    metrics.recordsRead.inc(id, 0)
    const remember = (place: WalPlace): void => {
      this.#positions.set({ path: endpoint.name, labels: '', value: placeText(place) })
      metrics.lastMarked.set(id, place.segment)
    }
    remember(from)
    return new WalReader({
      ...{ folder, from, end: () => this.#writer.end, delivered: remember },
      push: (batch) => endpoint.push(batch),
      read: (records) => {
        metrics.recordsRead.inc(id, records)
        metrics.lastRead.set(id, Date.now() / 1000)
      },
      corrupt: ({ segment, offset }, times) => {
        metrics.decodeFailures.inc(id, times)
        const fields = { endpoint: endpoint.name, file: segmentPath(folder, segment), offset, times }
        logger.warn(fields, 'the buffer on disk has bytes behind this place that are no entries; left out')
      },
      problem: (error) => {
        const fields = { endpoint: endpoint.name, folder, error: errorMessage(error) }
        logger.error(fields, 'cannot read the buffer on disk, will retry')
      },
    })
  }

  #noteWritten(sizeBytes: number): void {
    const { metrics } = this.#options
    this.#sizeBytes += sizeBytes
    this.#lastWrittenMs = Date.now()
    metrics.bytesWritten.inc(sizeBytes)
    metrics.sizeBytes.set(this.#sizeBytes)
    metrics.lastWritten.set(this.#lastWrittenMs / 1000)
    for (const reader of this.#readers.values()) reader.wake()
  }

  #upkeepSoon(): void {
    this.#upkeep = this.#upkeep.then(async () => {
      try {
        await this.#runUpkeep()
      } catch (error) {
        const fields = { folder: this.#options.folder, error: errorMessage(error) }
        this.#options.logger.error(fields, 'cannot delete what is no longer needed of the buffer on disk')
      }
      if (this.#sizeBytes < this.#options.limits.maxBytes) this.#wakeWaiters()
    })
  }

  /** Deletes segments that all endpoints have delivered, that are too old, or that take too much room. */
  async #runUpkeep(): Promise<void> {
    const { args, limits, folder, metrics } = this.#options
    for (const [{ name }, { place }] of this.#readers) metrics.currentSegment.set({ id: name }, place.segment)
    const isOld = (modifiedMs: number): boolean => Date.now() - modifiedMs > args.max_segment_age
    if (!this.#isClosed && this.#writer.end.offset > 0) {
      if (isOld(this.#lastWrittenMs)) this.#writer.finishSegment()
    }
    const segments = await listSegments(folder)
    let total = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    for (const { segment, sizeBytes, modifiedMs } of segments) {
      if (segment >= this.#writer.end.segment) break
      const end = { segment, offset: sizeBytes }
      const readers = [...this.#readers]
      const behind = readers.filter(([, { deliveredTo }]) => isBefore(deliveredTo, end))
      const isTooMuch = total >= limits.maxBytes && behind.length < readers.length
      if (behind.length > 0 && !isTooMuch && !isOld(modifiedMs)) break
      const reason = isOld(modifiedMs) ? 'wal_expired' : 'wal_full'
      for (const [endpoint, reader] of behind) await this.#leaveOut(endpoint, reader, end, reason)
      await unlink(segmentPath(folder, segment))
      total -= sizeBytes
      metrics.lastReclaimed.set(segment)
    }
    this.#sizeBytes = total
    metrics.sizeBytes.set(total)
  }

  /** Counts what an endpoint has not read of a segment that is about to be deleted. */
  async #leaveOut(
    endpoint: WalEndpoint,
    reader: WalReader,
    end: WalPlace,
    reason: WalDropReason,
  ): Promise<void> {
    const { folder, logger } = this.#options
    const from = reader.skipTo({ segment: end.segment + 1, offset: 0 })
    if (!isBefore(from, end)) return
    const handle = await open(segmentPath(folder, end.segment), 'r')
    let lost = 0
    try {
      let offset = from.segment === end.segment ? from.offset : 0
      while (offset < end.offset) {
        const piece = await readRecords(handle, offset, end.offset)
        for (const { labels, entries } of piece.records) {
          const bytes = entries.reduce((sum, entry) => sum + entrySize(entry), 0)
          endpoint.countDropped(labels, reason, entries.length, bytes)
          lost += entries.length
        }
        offset = piece.nextOffset
      }
    } finally {
      await handle.close()
    }
    const file = segmentPath(folder, end.segment)
    logger.error(
      { endpoint: endpoint.name, file, entries: lost, reason },
      'dropping entries of the buffer on disk',
    )
  }

  #wakeWaiters(): void {
    for (const resolve of this.#waiters.splice(0)) resolve()
  }
}

/**
 * Where each endpoint reads on. One that is new takes over what an endpoint that is gone has not delivered;
 * without such a one it begins with the next entry, and with the first where nothing is known at all.
 */
function startPlaces(
  endpoints: readonly WalEndpoint[],
  positions: Positions,
  end: WalPlace,
): Map<WalEndpoint, WalPlace> {
  const names = new Set(endpoints.map(({ name }) => name))
  const known = new Map<string, WalPlace>()
  for (const [name, { value }] of positions.all())
    known.set(name, parsePlace(value) ?? { segment: 0, offset: 0 })
  let inherited = known.size === 0 ? { segment: 0, offset: 0 } : end
  for (const [name, place] of known) {
    if (names.has(name)) continue
    if (isBefore(place, inherited)) inherited = place
    positions.remove(name)
  }
  return new Map(endpoints.map((endpoint) => [endpoint, known.get(endpoint.name) ?? inherited]))
}
