import { setTimeout as sleep } from 'node:timers/promises'
import { errorMessage } from '#base/errors.ts'
import { invariant } from '#base/invariant.ts'
import type { Labels } from '#base/labels.ts'
import type { Logger } from '#base/logger.ts'
import { compareTimestamps } from '#base/timestamp.ts'
import { makeBufferPool } from '../buffer-pool.ts'
import { type DeliveryOrder, orderDeliveries } from '../delivery-order.ts'
import { fanOut } from '../fan-out.ts'
import { type LineBatcher, makeLineBatcher, SOURCE_BATCH_LIMITS } from '../line-batcher.ts'
import type { LogEntry, LogsReceiver } from '../pipeline.ts'
import type { ContainerState, DockerClient } from './client.ts'
import {
  type Cursor,
  type CursorTracker,
  cursorText,
  type StreamIndex,
  sinceSeconds,
  trackCursor,
} from './cursor.ts'
import { DockerError } from './docker-error.ts'
import { type LineBlocks, makeLineBlocks } from './line-blocks.ts'
import { type LogDecoder, makeFrameDecoder } from './log-decoder.ts'
import { longestPauseMs, skipsRotatedFiles } from './log-rotation.ts'
import type { LogStream } from './log-stream.ts'
import type { PermissionNotes } from './permission-notes.ts'
import type { Semaphore } from './semaphore.ts'
import { type StallWatch, watchForStall } from './stall-watch.ts'
import { makeTailSink, type TailerCounters } from './tail-sink.ts'
import { makeTtyDecoder } from './tty-decoder.ts'

/** The longest line passed on, as in Alloy. */
export const MAX_LINE_BYTES = 1024 * 1024

/** Where the lines of a container go, and under which labels. May change while it is read. */
export interface TailerTarget {
  /** The labels of stdout and stderr lines; `undefined` where the rules drop the stream. */
  readonly labels: readonly [Labels | undefined, Labels | undefined]
  readonly receivers: readonly LogsReceiver[]
}

/** What all tailers of a component share. */
export interface TailerContext {
  readonly client: DockerClient
  readonly logger: Logger
  readonly counters: TailerCounters
  /**
   * Limits how many logs are opened at a time: the daemon reads a whole log to find the place to start from.
   */
  readonly opening: Semaphore
  readonly permissions: PermissionNotes
  /** The log of a container cannot be read, or can be again (`''`). */
  onProblem(id: string, problem: string): void
  /** Lines up to `cursor` have been delivered. */
  commit(id: string, cursor: Cursor): void
  /** Lowered by tests. */
  readonly stallCheckMs?: number
}

/** Reads the log of one container, for as long as the container exists and is a target. */
export interface ContainerTailer {
  readonly id: string
  update(target: TailerTarget): void
  /** The container is no longer a target. If it has stopped, its log is read to the end first. */
  release(): void
  /** Something has happened to the container: look at once. */
  look(): void
  /** Ends at once; what has been handed over is given `settleMs` to arrive. */
  stop(settleMs: number): Promise<void>
  /** Resolves when nothing more is to be read. */
  readonly finished: Promise<TailerEnd>
  info(): TailerInfo
}

/** Why a tailer ended; `gone`: the daemon no longer knows the container. */
export type TailerEnd = 'gone' | 'released' | 'stopped'

/** What the components API shows of a tailer. */
export interface TailerInfo {
  readonly lastError: string
  readonly isRunning: boolean
  readonly cursor: Cursor | undefined
}

const FIRST_RETRY_MS = 200
const MAX_RETRY_MS = 10_000
/** How often a stopped container that is still a target is looked at. */
const STOPPED_CHECK_MS = 5000
/** How long a place among those that open logs is kept while nothing comes. */
const OPENING_MS = 200
/** How often the log of an engine is read that cannot be trusted to follow it. */
const FIRST_POLL_MS = 250
const MAX_POLL_MS = 4000
/** So many records are asked for at least, then four times what came the time before. */
const MIN_TAIL = 500

/** Unused blocks for lines; enough for tens of containers that write at once. */
const POOL_BYTES = 8 * 1024 * 1024
const blockPool = makeBufferPool(POOL_BYTES)

/** Starts to read the log of container `id` after `start`. */
export function startTailer(
  id: string,
  target: TailerTarget,
  start: Cursor | undefined,
  context: TailerContext,
): ContainerTailer {
  return new Tailer(id, target, start, context)
}

class Tailer implements ContainerTailer {
  readonly id: string
  readonly finished: Promise<TailerEnd>
  readonly #context: TailerContext
  readonly #logger: Logger
  readonly #stopping = new AbortController()
  readonly #order: DeliveryOrder<Cursor>
  readonly #batcher: LineBatcher
  /** Where the lines in the batcher lie. */
  readonly #blocks: LineBlocks = makeLineBlocks(blockPool)
  #target: TailerTarget
  /** Up to here everything has been delivered. */
  #committed: Cursor | undefined
  /** Up to here everything has been read. */
  #tracker: CursorTracker
  #stream: LogStream | undefined
  #released = false
  #isRunning = false
  #lastError = ''
  #refused: unknown
  #wake = new AbortController()
  #retryMs = FIRST_RETRY_MS
  #pollMs = FIRST_POLL_MS
  /** Lines that the latest response brought. */
  #newLines = 0

  constructor(id: string, target: TailerTarget, start: Cursor | undefined, context: TailerContext) {
    this.id = id
    this.#target = target
    this.#committed = start
    this.#context = context
    this.#logger = context.logger.child({ container: id.slice(0, 12) })
    this.#tracker = trackCursor(start)
    this.#order = orderDeliveries((cursor) => {
      this.#committed = cursor
      context.commit(id, cursor)
    })
    this.#batcher = makeLineBatcher(
      SOURCE_BATCH_LIMITS,
      (slots) => this.#deliver(slots),
      () => this.#stream?.close(),
    )
    this.finished = this.#run()
  }

  update(target: TailerTarget): void {
    this.#target = target
    if (this.#released) this.look()
    this.#released = false
  }

  release(): void {
    this.#released = true
    this.#stopIfRunning()
    this.#wake.abort()
  }

  look(): void {
    this.#wake.abort()
  }

  async stop(settleMs: number): Promise<void> {
    this.#stopping.abort()
    const flushed = this.finished.then(() => this.#batcher.flush()).catch(() => undefined)
    await Promise.race([flushed, sleep(settleMs, undefined, { ref: false })])
    this.#batcher.clear()
    await this.#order.settled(settleMs)
  }

  info(): TailerInfo {
    return { lastError: this.#lastError, isRunning: this.#isRunning, cursor: this.#tracker.cursor() }
  }

  async #run(): Promise<TailerEnd> {
    let readGeneration: string | undefined
    while (!this.#stopping.signal.aborted) {
      try {
        const state = await this.#context.client.container(this.id)
        if (state === undefined) return 'gone'
        this.#isRunning = state.running
        const isRead = readGeneration === state.generation
        if (this.#released && (state.running || isRead)) return 'released'
        if (isRead) {
          this.#context.onProblem(this.id, '')
          await this.#pause(STOPPED_CHECK_MS)
        } else if (await this.#readLog(state)) readGeneration = state.generation
      } catch (error) {
        if (this.#stopping.signal.aborted) break
        await this.#recover(error)
      }
    }
    return 'stopped'
  }

  /** Reads one response to its end; true when the log of a stopped container has been read whole. */
  async #readLog(state: ContainerState): Promise<boolean> {
    const before = this.#tracker.cursor()
    const { rotatedBytes, running } = state
    const isPolled = running && rotatedBytes !== undefined && skipsRotatedFiles(this.#context.client.server)
    // A stopped container may be started before its log is opened. Following it then would be following an
    // engine that cannot be trusted to, for all of the container's life.
    if (isPolled) await this.#readNewest(state)
    else await this.#readResponse(state, { follow: running })
    this.#lastError = ''
    if (!running) return !this.#stopping.signal.aborted
    if (isPolled) {
      this.#pollMs = this.#newLines > 0 ? FIRST_POLL_MS : Math.min(this.#pollMs * 2, MAX_POLL_MS)
      await this.#pause(this.#pollMs)
      return false
    }
    const after = this.#tracker.cursor()
    // A running container whose log ends at once, again and again, must not be asked in a tight loop.
    const isProgress =
      after !== undefined && (before === undefined || cursorText(before) !== cursorText(after))
    if (isProgress) this.#retryMs = FIRST_RETRY_MS
    else await this.#backOff()
    return false
  }

  /** Reads what is new without following. The end of the log is looked at first: all of it costs more. */
  async #readNewest(state: ContainerState): Promise<void> {
    const isKnown = this.#tracker.cursor() !== undefined
    const tail = Math.max(MIN_TAIL, this.#newLines * 4)
    if (!isKnown || !(await this.#readResponse(state, { follow: false, tail }))) {
      await this.#readResponse(state, { follow: false })
    }
  }

  /** False when the response began after what had been read, so that nothing of it was taken. */
  async #readResponse(state: ContainerState, what: { follow: boolean; tail?: number }): Promise<boolean> {
    const { client, opening, counters, stallCheckMs } = this.#context
    this.#tracker.rewind()
    this.#newLines = 0
    let isConnected = what.tail === undefined ? true : undefined
    const take = this.#tracker.take
    const tracker: CursorTracker = {
      ...this.#tracker,
      take: (stream, tsMs, tsNs) => {
        isConnected ??= this.#hasReached(stream, tsMs, tsNs)
        if (!isConnected || !take(stream, tsMs, tsNs)) return false
        this.#newLines++
        return true
      },
    }
    const isPodman = client.server.startsWith('Libpod')
    const sink = makeTailSink(tracker, this.#batcher, counters, this.#logger, isPodman)
    const freePlace = await opening.acquire()
    let decoder: LogDecoder | undefined
    let watch: StallWatch | undefined
    try {
      const sinceS = sinceSeconds(this.#tracker.cursor())
      const request = { sinceS, isWhole: !state.running, ...what }
      const onBytes = (bytes: Uint8Array): void => {
        decoder?.push(bytes)
        // Nothing new in it: a log that is read again from an earlier place.
        if (this.#batcher.empty) this.#blocks.give(this.#blocks.take())
      }
      const stream = await client.logs(this.id, request, onBytes, this.#stopping.signal)
      this.#stream = stream
      this.#context.onProblem(this.id, '')
      const joinShortFrames = stream.server.startsWith('Libpod')
      const options = { maxLineBytes: MAX_LINE_BYTES, joinShortFrames, blocks: this.#blocks }
      const { startedMs, finishedMs } = state
      const endedMs = state.running ? undefined : finishedMs
      decoder = state.tty
        ? makeTtyDecoder(sink, { ...options, startedMs, endedMs })
        : makeFrameDecoder(sink, options)
      setTimeout(freePlace, OPENING_MS)
      const newestMs = (): Promise<number | undefined> => client.newestLineMs(this.id, state.tty)
      watch = watchForStall(stream, newestMs, this.#tracker, this.#logger, stallCheckMs)
      while (await stream.read()) {
        freePlace()
        if (this.#batcher.full) {
          watch.holdBack()
          const fullMs = performance.now()
          await this.#batcher.flush()
          // What follows in this response may not be what follows in the log.
          const pausedMs = performance.now() - fullMs
          if (what.follow && state.running && pausedMs > longestPauseMs(state.rotatedBytes)) {
            stream.close()
            break
          }
        }
        watch.heard()
      }
      const failure = (await stream.ended) ?? this.#refused
      if (failure !== undefined) throw failure
      if (!state.running && (await this.#isStill(state))) decoder.finish()
      await this.#batcher.flush()
      return isConnected ?? false
    } finally {
      freePlace()
      watch?.stop()
      this.#stream?.close()
      this.#stream = undefined
    }
  }

  /**
   * Whether nothing has happened to the container since `state`. A last line without an end is known to be
   * whole only when the container had stopped before reading began, and has not started again.
   */
  async #isStill({ generation }: ContainerState): Promise<boolean> {
    if (this.#stopping.signal.aborted) return false
    const now = await this.#context.client.container(this.id)
    // What has been removed meanwhile had not started again.
    return !this.#stopping.signal.aborted && (now === undefined || now.generation === generation)
  }

  /**
   * Whether a line of this time is not beyond what has been read. Its own stream decides: a line that had to
   * wait for the log to be free lies behind newer ones of the other.
   */
  #hasReached(stream: StreamIndex, tsMs: number, tsNs: number): boolean {
    const last = this.#tracker.cursor()?.streams[stream]
    return last !== undefined && compareTimestamps(tsMs, tsNs, last.tsMs, last.tsNs) <= 0
  }

  async #deliver(slots: readonly LogEntry[][]): Promise<void> {
    const cursor = this.#tracker.cursor()
    invariant(cursor !== undefined, 'lines were taken without a cursor')
    const { labels, receivers } = this.#target
    const blocks = this.#blocks.take()
    const delivery = this.#order.track(cursor, () => this.#blocks.give(blocks))
    try {
      for (const [slot, entries] of slots.entries()) {
        const slotLabels = labels[slot]
        if (entries === undefined || slotLabels === undefined) continue
        this.#context.counters.entries(entries.length)
        delivery.hold()
        await fanOut(receivers, { labels: slotLabels, entries, delivery })
      }
    } catch (error) {
      this.#refused = error
      throw error
    }
    delivery.done()
  }

  /** After a failure: keeps what was read, or goes back to what was delivered when lines were refused. */
  async #recover(error: unknown): Promise<void> {
    this.#lastError = errorMessage(error)
    const retryMs = this.#retryMs
    const isGoing = error instanceof DockerError && error.isGoing
    const message = 'reading the log of a container was interrupted'
    if (isGoing) this.#logger.debug({ error: this.#lastError, retryMs }, message)
    else {
      this.#context.onProblem(this.id, this.#lastError)
      const isNoted = this.#context.permissions.note(error, 'without it no log can be read')
      if (!isNoted) this.#logger.warn({ error: this.#lastError, retryMs }, message)
    }
    if (this.#refused === undefined) await this.#batcher.flush().catch(() => undefined)
    if (this.#refused !== undefined) {
      this.#batcher.clear()
      this.#order.abandon()
      this.#tracker = trackCursor(this.#committed)
      this.#refused = undefined
    }
    await this.#backOff()
  }

  async #backOff(): Promise<void> {
    await this.#pause(this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS)
  }

  async #pause(ms: number): Promise<void> {
    const signal = AbortSignal.any([this.#stopping.signal, this.#wake.signal])
    await sleep(ms, undefined, { signal }).catch(() => undefined)
    if (this.#wake.signal.aborted) this.#wake = new AbortController()
  }

  /**
   * A target that was taken out by configuration is left at once; one that has stopped is read to the end.
   */
  async #stopIfRunning(): Promise<void> {
    const state = await this.#context.client.container(this.id).catch(() => undefined)
    if (this.#released && state?.running === true) this.#stream?.close()
  }
}
