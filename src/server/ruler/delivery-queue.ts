import { setTimeout as sleep } from 'node:timers/promises'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import type { PostAnswer } from './http-post.ts'

/** What a queue delivers, and how. */
export interface DeliveryOptions<Item> {
  /** How its items are told apart: a new one takes the place of one that still waits under the same key. */
  keyOf(item: Item): string
  /** At most this many items wait; beyond that the oldest is given up. */
  readonly capacity: number
  readonly batchSize: number
  /** How long to wait for a batch to fill, ms. */
  readonly gatherMs: number
  readonly minBackoffMs: number
  readonly maxBackoffMs: number
  /** Whether 429 is tried again like 5xx. */
  readonly retries429: boolean
  /** Whether it is too late for an item to be of use. */
  isLate(item: Item, nowMs: number): boolean
  send(items: readonly Item[], signal: AbortSignal): Promise<PostAnswer>
  /** Told of every attempt: how many items it held, how long it took, and whether they arrived. */
  onAttempt(count: number, seconds: number, delivered: boolean): void
  /** Told of items that are given up. */
  onDropped(count: number): void
  /** Told when what waits has changed. */
  onChange(): void
  readonly logger: Logger
}

/** Delivers items to one receiver in order, again and again until it takes or refuses them. */
export interface DeliveryQueue<Item> {
  add(items: readonly Item[]): void
  /** What has not been delivered yet, oldest first. */
  waiting(): Item[]
  readonly size: number
  /** Ends the attempt that is under way; what waits stays in {@link waiting}. */
  close(): Promise<void>
}

/** Makes a queue. It sends as soon as there is something to send. */
export function makeDeliveryQueue<Item>(options: DeliveryOptions<Item>): DeliveryQueue<Item> {
  const { keyOf, capacity, batchSize, logger } = options
  const items = new Map<string, Item>()
  const abort = new AbortController()
  let running: Promise<void> | undefined
  let failures = 0

  const drop = (keys: readonly string[], why: string): void => {
    if (keys.length === 0) return
    for (const key of keys) items.delete(key)
    options.onDropped(keys.length)
    logger.warn({ count: keys.length, why }, 'given up, it will not be delivered')
  }

  const attempt = async (): Promise<number> => {
    const nowMs = Date.now()
    const late = [...items].filter(([, item]) => options.isLate(item, nowMs)).map(([key]) => key)
    drop(late, 'it is too old')
    const batch = [...items].slice(0, batchSize)
    if (batch.length === 0) return 0
    const { problem, retryable, waitMs } = await sendBatch(batch.map(([, item]) => item))
    if (abort.signal.aborted) return 0
    if (problem === undefined || !retryable) {
      failures = 0
      // What has been replaced while it was on its way stays.
      const done = batch.filter(([key, item]) => items.get(key) === item).map(([key]) => key)
      if (problem === undefined) for (const key of done) items.delete(key)
      else drop(done, problem)
      options.onChange()
      return 0
    }
    const backoff = Math.min(options.minBackoffMs * 2 ** failures++, options.maxBackoffMs)
    const delayMs = Math.max(waitMs ?? 0, backoff)
    logger.warn({ err: problem, retryInMs: delayMs, waiting: items.size }, 'delivery failed, trying again')
    return delayMs
  }

  const sendBatch = async (
    batch: readonly Item[],
  ): Promise<{ problem?: string; retryable?: boolean; waitMs?: number }> => {
    const begun = performance.now()
    let result: { problem?: string; retryable?: boolean; waitMs?: number } = {}
    try {
      const { status, text, retryAfterMs } = await options.send(batch, abort.signal)
      if (status < 200 || status > 299) {
        const retryable = status >= 500 || (status === 429 && options.retries429)
        result = { problem: `answered ${status} ${text}`.trim(), retryable }
        if (retryAfterMs !== undefined) result.waitMs = Math.min(retryAfterMs, options.maxBackoffMs)
      }
    } catch (error) {
      result = { problem: errorMessage(error), retryable: true }
    }
    if (!abort.signal.aborted) {
      options.onAttempt(batch.length, (performance.now() - begun) / 1000, result.problem === undefined)
    }
    return result
  }

  const run = async (): Promise<void> => {
    if (options.gatherMs > 0 && items.size < batchSize) await pause(options.gatherMs)
    while (items.size > 0 && !abort.signal.aborted) {
      const delayMs = await attempt()
      if (delayMs > 0) await pause(delayMs)
    }
  }

  const start = (): void => {
    running = run().finally(() => {
      running = undefined
      // What was added while the last round was ending.
      if (items.size > 0 && !abort.signal.aborted) start()
    })
  }

  const pause = async (delayMs: number): Promise<void> => {
    // An aborted sleep rejects; the loop then sees the signal itself.
    await sleep(delayMs, undefined, { signal: abort.signal, ref: false }).catch(() => undefined)
  }

  return {
    get size() {
      return items.size
    },
    waiting: () => [...items.values()],
    add(added) {
      for (const item of added) {
        const key = keyOf(item)
        items.delete(key)
        items.set(key, item)
      }
      if (items.size > capacity) {
        drop([...items.keys()].slice(0, items.size - capacity), `more than ${capacity} wait`)
      }
      if (items.size === 0 || abort.signal.aborted) return
      if (running === undefined) start()
    },
    async close() {
      abort.abort()
      await running
    },
  }
}
