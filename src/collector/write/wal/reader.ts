import { type FileHandle, open } from 'node:fs/promises'
import { type DeliveryOrder, orderDeliveries } from '../../delivery-order.ts'
import type { LogBatch } from '../../pipeline.ts'
import { readRecords } from './read-records.ts'
import { isBefore, listSegments, segmentPath, type WalPlace } from './segment-files.ts'

/** What a reader reads for, and whom it tells. */
export interface WalReaderOptions {
  readonly folder: string
  readonly from: WalPlace
  /** Up to where the writer has come. */
  end(): WalPlace
  /** Hands a batch on; resolves to false when it is not taken because everything ends. */
  push(batch: LogBatch): Promise<boolean>
  /** Everything before this place has been delivered. */
  delivered(place: WalPlace): void
  read(records: number): void
  /** In the piece that starts at `place`, so many times bytes that are no record have been skipped. */
  corrupt(place: WalPlace, times: number): void
  problem(error: unknown): void
}

const RETRY_MS = 1000

/** Reads the buffer on disk for one endpoint, in order, from where that endpoint has come. */
export class WalReader {
  readonly #options: WalReaderOptions
  readonly #order: DeliveryOrder<WalPlace>
  #place: WalPlace
  #delivered: WalPlace
  #open: { readonly segment: number; readonly handle: FileHandle } | undefined
  #isStopped = false
  #wake: () => void = () => undefined
  /** How often it has been woken, also while it did not sleep. */
  #wakes = 0
  readonly #running: Promise<void>

  constructor(options: WalReaderOptions) {
    this.#options = options
    this.#place = options.from
    this.#delivered = options.from
    this.#order = orderDeliveries((place) => this.#commit(place))
    this.#running = this.#run()
  }

  /** Where it reads next. */
  get place(): WalPlace {
    return this.#place
  }

  /** Everything before has been delivered. */
  get deliveredTo(): WalPlace {
    return this.#delivered
  }

  /** Whether it has read everything there is. */
  get isAtEnd(): boolean {
    return !isBefore(this.#place, this.#options.end())
  }

  /** There is more to read. */
  wake(): void {
    this.#wakes++
    this.#wake()
  }

  /** Leaves out what lies before `place`, and returns where it would have read on. */
  skipTo(place: WalPlace): WalPlace {
    const former = this.#place
    if (isBefore(former, place)) this.#place = place
    // What was read before and is still under way may arrive later; it moves nothing any more.
    if (isBefore(this.#delivered, place) && this.#order.pending === 0) this.#commit(place)
    return former
  }

  /** Reads no further. What is under way may still be delivered. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#wake()
    await this.#running
  }

  #commit(place: WalPlace): void {
    if (isBefore(place, this.#delivered)) return
    this.#delivered = place
    this.#options.delivered(place)
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const wakes = this.#wakes
      try {
        if (!(await this.#readOn()) && wakes === this.#wakes && !this.#isStopped) await this.#waitForWake()
      } catch (error) {
        this.#options.problem(error)
        await this.#waitForWake(RETRY_MS)
      }
    }
    await this.#open?.handle.close()
  }

  /** Reads one piece; false when there is nothing more at the moment. */
  async #readOn(): Promise<boolean> {
    const place = this.#place
    const end = this.#options.end()
    if (!isBefore(place, end)) return false
    const handle = await this.#handleOf(place.segment)
    if (handle === undefined) return this.#goToNextSegment(place, end)
    const limit = place.segment === end.segment ? end.offset : (await handle.stat()).size
    if (place.offset >= limit) return this.#goToNextSegment(place, end)
    const piece = await readRecords(handle, place.offset, limit)
    if (piece.brokenPlaces > 0) this.#options.corrupt(place, piece.brokenPlaces)
    let before = place
    for (const { labels, entries, nextOffset } of piece.records) {
      // Left out meanwhile, or at an end.
      if (this.#place !== before || this.#isStopped) return true
      before = { segment: place.segment, offset: nextOffset }
      this.#place = before
      const delivery = this.#order.track(before)
      if (!(await this.#options.push({ labels, entries, delivery }))) {
        this.#isStopped = true
        return true
      }
      delivery.done()
      this.#options.read(1)
    }
    if (this.#place === before) this.#place = { segment: place.segment, offset: piece.nextOffset }
    return true
  }

  async #handleOf(segment: number): Promise<FileHandle | undefined> {
    if (this.#open?.segment === segment) return this.#open.handle
    await this.#open?.handle.close()
    this.#open = undefined
    try {
      this.#open = { segment, handle: await open(segmentPath(this.#options.folder, segment), 'r') }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    }
    return this.#open?.handle
  }

  async #goToNextSegment(place: WalPlace, end: WalPlace): Promise<boolean> {
    if (place.segment === end.segment) return false
    const segments = await listSegments(this.#options.folder)
    const next = segments.find(({ segment }) => segment > place.segment)?.segment ?? end.segment
    if (this.#place === place) this.skipTo({ segment: Math.min(next, end.segment), offset: 0 })
    // A file that is still open keeps its room on the disk when it is deleted.
    await this.#open?.handle.close()
    this.#open = undefined
    return true
  }

  #waitForWake(timeoutMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(resolve, timeoutMs)
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = () => undefined
        resolve()
      }
    })
  }
}
