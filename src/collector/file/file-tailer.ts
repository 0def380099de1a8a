import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorMessage } from '#base/errors.ts'
import type { Labels } from '#base/labels.ts'
import type { Logger } from '#base/logger.ts'
import { type DeliveryOrder, orderDeliveries } from '../delivery-order.ts'
import { fanOut } from '../fan-out.ts'
import { type LineBatcher, makeLineBatcher, SOURCE_BATCH_LIMITS } from '../line-batcher.ts'
import type { LogsReceiver } from '../pipeline.ts'
import { type FilePlace, isSameFile, readSignature, type Signature } from './file-place.ts'
import { type LineSplitter, makeLineSplitter } from './line-splitter.ts'

/** Settings of a tailer. */
export interface FileTailerOptions {
  readonly path: string
  readonly labels: Labels
  readonly encoding: string
  /** Start at the end of a file that has no place yet. */
  readonly tailFromEnd: boolean
  readonly minPollMs: number
  readonly maxPollMs: number
  readonly start: FilePlace | undefined
  /** Asked at each delivery, as they may change. */
  receivers(): readonly LogsReceiver[]
  commit(place: FilePlace): void
  onRead(bytes: number, lines: number): void
  readonly logger: Logger
}

/** Reads one file as it grows. */
export interface FileTailer {
  readonly labels: Labels
  /** No longer wanted: reads what is there to the end, then ends. */
  release(): void
  /** Ends at once; what has been handed over is given `settleMs` to arrive. */
  stop(settleMs: number): Promise<void>
  readonly finished: Promise<void>
  info(): { readonly path: string; readonly offset: number; readonly lastError: string }
}

const READ_BYTES = 256 * 1024
const FIRST_RETRY_MS = 1000
const MAX_RETRY_MS = 10_000
const NO_METADATA: Labels = []

/**
 * Starts to read the file at `options.path`: also across rotation, truncation and times when there is no
 * file.
 */
export function startFileTailer(options: FileTailerOptions): FileTailer {
  return new Tailer(options)
}

/** A file that is open, and how far it has been read. */
interface OpenFile {
  readonly handle: FileHandle
  readonly inode: bigint
  /** Next byte to read. */
  readOffset: number
  /** End of the last line handed on. */
  lineOffset: number
  signature: Signature
  readonly splitter: LineSplitter
}

class Tailer implements FileTailer {
  readonly finished: Promise<void>
  readonly #options: FileTailerOptions
  readonly #stopping = new AbortController()
  readonly #order: DeliveryOrder<FilePlace>
  readonly #batcher: LineBatcher
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  #committed: FilePlace | undefined
  #file: OpenFile | undefined
  #released = false
  #refused: unknown
  #lastError = ''
  #lastMs = 0
  #lastNs = 0

  constructor(options: FileTailerOptions) {
    this.#options = options
    this.#committed = options.start
    this.#order = orderDeliveries((place) => {
      this.#committed = place
      options.commit(place)
    })
    this.#batcher = makeLineBatcher(
      SOURCE_BATCH_LIMITS,
      async ([entries]) => {
        const delivery = this.#order.track(this.#place())
        try {
          await fanOut(options.receivers(), { labels: options.labels, entries, delivery })
        } catch (error) {
          this.#refused = error
          throw error
        }
      },
      () => undefined,
    )
    this.finished = this.#run()
  }

  get labels(): Labels {
    return this.#options.labels
  }

  release(): void {
    this.#released = true
  }

  async stop(settleMs: number): Promise<void> {
    this.#stopping.abort()
    const flushed = this.finished.then(() => this.#batcher.flush()).catch(() => undefined)
    await Promise.race([flushed, sleep(settleMs, undefined, { ref: false })])
    this.#batcher.clear()
    await this.#order.settled(settleMs)
  }

  info(): { path: string; offset: number; lastError: string } {
    return { path: this.#options.path, offset: this.#file?.lineOffset ?? 0, lastError: this.#lastError }
  }

  async #run(): Promise<void> {
    let retryMs = FIRST_RETRY_MS
    let isFirst = true
    while (!this.#stopping.signal.aborted) {
      try {
        if (isFirst) await this.#finishRotated()
        if (!(await this.#follow(isFirst)) || this.#released) return
        isFirst = false
        retryMs = FIRST_RETRY_MS
      } catch (error) {
        this.#recover(error)
        if (this.#released) return
        await this.#pause(retryMs)
        retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)
      } finally {
        await this.#file?.handle.close().catch(() => undefined)
        this.#file = undefined
      }
    }
  }

  /** After lines were refused, reading goes back to what has been delivered. */
  #recover(error: unknown): void {
    this.#lastError = errorMessage(error)
    const { logger, path } = this.#options
    logger.warn({ path, error: this.#lastError }, 'reading a file was interrupted')
    if (this.#refused === undefined) return
    this.#refused = undefined
    this.#batcher.clear()
    this.#order.abandon()
  }

  /**
   * The file was rotated while nobody read it: what is left of the old one, found by how it starts, is read
   * first.
   */
  async #finishRotated(): Promise<void> {
    const start = this.#committed
    if (start === undefined || start.offset === 0 || start.signature === undefined) return
    const { path, logger } = this.#options
    const current = await open(path).catch(() => undefined)
    const isCurrent = current !== undefined && (await isSameFile(current, start))
    await current?.close()
    if (isCurrent) return
    for (const name of await readdir(dirname(path)).catch(() => [])) {
      const sibling = join(dirname(path), name)
      if (!name.startsWith(basename(path)) || sibling === path) continue
      const handle = await open(sibling).catch(() => undefined)
      if (handle === undefined) continue
      if (await isSameFile(handle, start)) {
        logger.info({ path, sibling }, 'the file was rotated while it was not read; its rest is read first')
        this.#file = await this.#openAt(handle, start.offset)
        await this.#readToEnd(true)
      }
      await handle.close()
      this.#file = undefined
    }
    this.#committed = undefined
  }

  /**
   * Reads the file under the path until another one takes its place (true) or it is no longer wanted (false).
   */
  async #follow(isFirst: boolean): Promise<boolean> {
    const { path, minPollMs, maxPollMs } = this.#options
    const handle = await open(path)
    const file = await this.#openAt(handle, await this.#startOffset(handle, isFirst))
    this.#file = file
    this.#lastError = ''
    let pollMs = minPollMs
    while (!this.#stopping.signal.aborted) {
      const readBytes = await this.#readToEnd(false)
      pollMs = readBytes > 0 ? minPollMs : Math.min(pollMs * 2, maxPollMs)
      const now = await stat(path, { bigint: true }).catch(() => undefined)
      if (now === undefined || now.ino !== file.inode) {
        if (this.#released || now !== undefined) {
          await this.#readToEnd(true)
          this.#committed = undefined
          return !this.#released
        }
      } else if (Number(now.size) < file.readOffset) {
        await this.#batcher.flush()
        this.#committed = undefined
        return true
      }
      if (this.#released) return false
      await this.#pause(pollMs)
    }
    return false
  }

  async #startOffset(handle: FileHandle, isFirst: boolean): Promise<number> {
    const { size } = await handle.stat()
    const known = this.#committed
    if (known === undefined || known.offset === 0) {
      return isFirst && this.#options.tailFromEnd && known === undefined
        ? this.#lineStartBefore(handle, size)
        : 0
    }
    if (!(await isSameFile(handle, known))) return 0
    return Math.min(known.offset, size)
  }

  /** The start of the line that is being written at `size`, so that no half line is read. */
  async #lineStartBefore(handle: FileHandle, size: number): Promise<number> {
    const from = Math.max(0, size - READ_BYTES)
    const { bytesRead } = await handle.read(this.#buffer, 0, size - from, from)
    return from + this.#buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1
  }

  async #openAt(handle: FileHandle, offset: number): Promise<OpenFile> {
    const { ino: inode } = await handle.stat({ bigint: true })
    const signature = await readSignature(handle)
    const splitter = makeLineSplitter(this.#options.encoding, offset === 0, (line, sizeBytes) => {
      file.lineOffset += sizeBytes
      this.#options.onRead(sizeBytes, 1)
      this.#batcher.add(0, { ...this.#nextTime(), line, metadata: NO_METADATA })
    })
    const file: OpenFile = { handle, inode, readOffset: offset, lineOffset: offset, signature, splitter }
    return file
  }

  /** Reads what is there; resolves to how many bytes that were. `isLast`: the last line counts as it is. */
  async #readToEnd(isLast: boolean): Promise<number> {
    const file = this.#file
    if (file === undefined) return 0
    const startOffset = file.readOffset
    while (!this.#stopping.signal.aborted) {
      const { bytesRead } = await file.handle.read(this.#buffer, 0, READ_BYTES, file.readOffset)
      if (bytesRead === 0) break
      file.readOffset += bytesRead
      if (file.signature.sizeBytes < 1024) file.signature = await readSignature(file.handle)
      file.splitter.push(this.#buffer.subarray(0, bytesRead))
      if (this.#batcher.full) await this.#batcher.flush()
      if (this.#refused !== undefined) throw this.#refused
    }
    if (this.#refused !== undefined) throw this.#refused
    if (isLast && !this.#stopping.signal.aborted) {
      file.splitter.finish()
      await this.#batcher.flush()
    }
    return file.readOffset - startOffset
  }

  #place(): FilePlace {
    const file = this.#file
    return { offset: file?.lineOffset ?? 0, signature: file?.signature }
  }

  /** The time of reading; lines of the same millisecond are told apart by a nanosecond each. */
  #nextTime(): { tsMs: number; tsNs: number } {
    const nowMs = Date.now()
    if (nowMs > this.#lastMs) {
      this.#lastMs = nowMs
      this.#lastNs = 0
    } else if (++this.#lastNs === 1_000_000) {
      this.#lastMs++
      this.#lastNs = 0
    }
    return { tsMs: this.#lastMs, tsNs: this.#lastNs }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
  }
}
