import { setTimeout as sleep } from 'node:timers/promises'
import { errorMessage } from '#base/errors.ts'
import { invariant } from '#base/invariant.ts'
import type { Logger } from '#base/logger.ts'
import { compareTimestamps } from '#base/timestamp.ts'
import { makeBufferPool } from '../buffer-pool.ts'
import { type DeliveryOrder, orderDeliveries } from '../delivery-order.ts'
import { fanOut } from '../fan-out.ts'
import { type LineBatcher, makeLineBatcher, SOURCE_BATCH_LIMITS } from '../line-batcher.ts'
import type { LogEntry } from '../pipeline.ts'
import type { ContainerState } from './client.ts'
import {
  type Cursor,
  type CursorTracker,
  cursorText,
  isLastLine,
  type Seeking,
  type Stamp,
  sinceSeconds,
  trackCursor,
} from './cursor.ts'
import { DockerError } from './docker-error.ts'
import { type LineBlocks, makeLineBlocks } from './line-blocks.ts'
import type { LogDecoder, LogSink } from './log-decoder.ts'
import { longestPauseMs, marginSeconds, skipsRotatedFiles } from './log-rotation.ts'
import type { LogStream } from './log-stream.ts'
import { type StallWatch, watchForStall } from './stall-watch.ts'
import { makeLogDecoder } from './state-decoder.ts'
import { makeTailSink } from './tail-sink.ts'
import type { ContainerTailer, TailerContext, TailerEnd, TailerInfo, TailerTarget } from './tailer.ts'

const FIRST_RETRY_MS = 200
const MAX_RETRY_MS = 10_000
/** How often a stopped container that is still a target is looked at. */
const STOPPED_CHECK_MS = 5000
/** How often a reader that ends looks whether it is wanted again. */
const SETTLE_CHECK_MS = 250
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

/** What is asked for: the newest records, all records, or what is not known yet. */
interface Wanted {
  readonly follow: boolean
  readonly tail?: number
  readonly isAll?: boolean
}

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
  /** New lines that reading to the end of the log has brought. */
  #newLines = 0
  /** Whether the engine has told that it cannot read on. */
  #isBroken = false
  /** A followed log has fallen silent: it is read to its end before it is followed again. */
  #isDoubtful = false

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
        if (state === undefined) {
          await this.#settle(() => true)
          return 'gone'
        }
        this.#isRunning = state.running
        const isRead = readGeneration === state.generation
        if (this.#released && (state.running || isRead)) {
          await this.#settle(() => this.#released)
          if (this.#released) return 'released'
        } else if (isRead) {
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

  /**
   * Waits until what was read has been delivered: whoever reads the container next begins where that ends.
   */
  async #settle(isEnding: () => boolean): Promise<void> {
    while (this.#order.pending > 0 && isEnding() && !this.#stopping.signal.aborted) {
      await this.#order.settled(SETTLE_CHECK_MS)
    }
  }

  /** Reads one response to its end; true when the log of a stopped container has been read whole. */
  async #readLog(state: ContainerState): Promise<boolean> {
    const before = this.#tracker.cursor()
    const { rotatedBytes, running } = state
    const isPolled = running && rotatedBytes !== undefined && skipsRotatedFiles(this.#context.client.server)
    if (isPolled) await this.#readNewest(state)
    else {
      // A stopped container may be started before its log is opened. Following it then would be following an
      // engine that cannot be trusted to, for all of the container's life.
      if (!running || this.#isDoubtful || this.#tracker.isSetBack) await this.#readWhole(state)
      if (running) await this.#readResponse(state, { follow: true })
    }
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

  /**
   * Reads what is new without following. The end of the log is looked at first: all of it costs more. While
   * nothing comes that is the newest record alone.
   */
  async #readNewest(state: ContainerState): Promise<void> {
    const { client } = this.#context
    if (this.#tracker.cursor() === undefined) return this.#readWhole(state)
    const tail = Math.max(MIN_TAIL, this.#newLines * 4)
    if (this.#newLines === 0) {
      const newest = await client.newestStamp(this.id, state.tty)
      if (newest !== undefined && isLastLine(this.#tracker, newest)) return
    }
    await this.#readResponse(state, { follow: false, tail }, 'exactly')
    if (!this.#tracker.soFar().isFound) return this.#readWhole(state)
    this.#newLines = this.#tracker.soFar().taken
    if (this.#newLines === 0) await this.#readIfSetBack(state)
  }

  /**
   * Reads the log to its present end. Known lines come from before the last of them, so where that one does
   * not come although others do, or nothing comes at all, times do not tell what is new.
   */
  async #readWhole(state: ContainerState): Promise<void> {
    const cursor = this.#tracker.cursor()
    const isExact = cursor !== undefined && (cursor.streams[cursor.last]?.count ?? 0) > 0
    await this.#readResponse(state, { follow: false })
    const { isFound, known, taken } = this.#tracker.soFar()
    this.#newLines = taken
    this.#isDoubtful = false
    if (!isExact || this.#isBroken || !(await this.#isStill(state))) return
    if (isFound && taken === 0) await this.#readIfSetBack(state)
    else if (!isFound && (known > 0 || taken === 0)) await this.#readAgain(state)
  }

  /** After a change of clocks what is new is older than the last known line, and may have been left out. */
  async #readIfSetBack(state: ContainerState): Promise<void> {
    const newest = await this.#context.client.newestStamp(this.id, state.tty)
    const cursor = this.#tracker.cursor()
    const last = cursor?.streams[cursor.last]
    if (newest === undefined || last === undefined) return
    if (compareTimestamps(newest.tsMs, newest.tsNs, last.tsMs, last.tsNs) < 0) await this.#readAgain(state)
  }

  /** Reads all that there is: what follows the last known line, or everything where that one is gone. */
  async #readAgain(state: ContainerState): Promise<void> {
    await this.#readResponse(state, { follow: false, isAll: true }, 'exactly')
    const { isFound } = this.#tracker.soFar()
    if (!isFound && !this.#isBroken && (await this.#isStill(state))) {
      this.#logger.warn(
        {},
        'the log does not have the last line that was read; it is read from its beginning',
      )
      await this.#readResponse(state, { follow: false, isAll: true }, 'anew')
    }
    this.#newLines = this.#tracker.soFar().taken
  }

  async #readResponse(state: ContainerState, what: Wanted, seeking?: Seeking): Promise<void> {
    const { client, opening, counters, stallCheckMs } = this.#context
    this.#tracker.rewind(seeking)
    this.#isBroken = false
    const isPodman = client.server.startsWith('Libpod')
    const sink = makeTailSink(this.#tracker, this.#batcher, counters, this.#logger, isPodman)
    const freePlace = await opening.acquire()
    let decoder: LogDecoder | undefined
    let watch: StallWatch | undefined
    try {
      const { follow, tail, isAll = false } = what
      const sinceS = isAll ? 0 : sinceSeconds(this.#tracker.cursor(), marginSeconds(client.server))
      const request = { sinceS, isWhole: !state.running, follow, tail }
      const onBytes = (bytes: Uint8Array): void => {
        decoder?.push(bytes)
        // Nothing new in it: a log that is read again from an earlier place.
        if (this.#batcher.empty) this.#blocks.give(this.#blocks.take())
      }
      const stream = await client.logs(this.id, request, onBytes, this.#stopping.signal)
      this.#stream = stream
      this.#context.onProblem(this.id, '')
      decoder = makeLogDecoder(state, stream.server, this.#noting(sink), this.#blocks)
      setTimeout(freePlace, OPENING_MS)
      const newestStamp = (): Promise<Stamp | undefined> => client.newestStamp(this.id, state.tty)
      watch = watchForStall(stream, newestStamp, this.#tracker, this.#logger, stallCheckMs)
      while (await stream.read()) {
        freePlace()
        if (this.#batcher.full) {
          watch.holdBack()
          const fullMs = performance.now()
          await this.#batcher.flush()
          // What follows in this response may not be what follows in the log.
          const pausedMs = performance.now() - fullMs
          if (follow && state.running && pausedMs > longestPauseMs(state.rotatedBytes)) {
            stream.close()
            break
          }
        }
        watch.heard()
      }
      const failure = (await stream.ended) ?? this.#refused
      if (failure !== undefined) throw failure
      if (watch.hasStalled) {
        this.#isDoubtful = true
        if (!follow) throw new Error('the engine fell silent in the middle of the log')
      }
      if (!state.running && (await this.#isStill(state))) decoder.finish()
      await this.#batcher.flush()
    } finally {
      freePlace()
      watch?.stop()
      this.#stream?.close()
      this.#stream = undefined
    }
  }

  #noting(sink: LogSink): LogSink {
    const daemonError = (message: string): void => {
      this.#isBroken = true
      sink.daemonError(message)
    }
    return { ...sink, daemonError }
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
