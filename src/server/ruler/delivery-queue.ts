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
  const { keyOf, capacity } = options
  const items = new Map<string, Item>()
  const abort = new AbortController()
  let running: Promise<void> | undefined
  const start = (): void => {
    running = runQueue(items, options, abort.signal).finally(() => {
      running = undefined
      // What was added while the last round was ending.
      if (items.size > 0 && !abort.signal.aborted) start()
    })
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
      const excess = [...items.keys()].slice(0, Math.max(items.size - capacity, 0))
      drop(items, options, excess, `more than ${capacity} wait`)
      if (items.size > 0 && running === undefined && !abort.signal.aborted) start()
    },
    async close() {
      abort.abort()
      await running
    },
  }
}

/** Sends until nothing waits any more, or `signal` ends it. */
async function runQueue<Item>(
  items: Map<string, Item>,
  options: DeliveryOptions<Item>,
  signal: AbortSignal,
): Promise<void> {
  const { batchSize, gatherMs, minBackoffMs, maxBackoffMs } = options
  let failures = 0
  if (gatherMs > 0 && items.size < batchSize) await pause(gatherMs, signal)
  while (items.size > 0 && !signal.aborted) {
    const nowMs = Date.now()
    const late = [...items].filter(([, item]) => options.isLate(item, nowMs)).map(([key]) => key)
    drop(items, options, late, 'it is too old')
    const batch = [...items].slice(0, batchSize)
    if (batch.length === 0) break
    const outcome = await attempt(batch, options, signal)
    if (signal.aborted) return
    if (outcome.again) {
      const backoffMs = Math.min(minBackoffMs * 2 ** failures++, maxBackoffMs)
      const retryInMs = Math.max(outcome.waitMs, backoffMs)
      const fields = { err: outcome.problem, retryInMs, waiting: items.size }
      options.logger.warn(fields, 'delivery failed, trying again')
      await pause(retryInMs, signal)
      continue
    }
    failures = 0
    // What has been replaced while it was on its way stays.
    const done = batch.filter(([key, item]) => items.get(key) === item).map(([key]) => key)
    if (outcome.problem === '') for (const key of done) items.delete(key)
    else drop(items, options, done, outcome.problem)
    options.onChange()
  }
}

function drop<Item>(
  items: Map<string, Item>,
  { onDropped, logger }: DeliveryOptions<Item>,
  keys: readonly string[],
  why: string,
): void {
  if (keys.length === 0) return
  for (const key of keys) items.delete(key)
  onDropped(keys.length)
  logger.warn({ count: keys.length, why }, 'given up, it will not be delivered')
}

interface Outcome {
  /** Empty where the batch was taken. */
  readonly problem: string
  /** Whether trying again may help. */
  readonly again: boolean
  /** How long the receiver asks to wait, ms. */
  readonly waitMs: number
}

async function attempt<Item>(
  batch: readonly (readonly [string, Item])[],
  options: DeliveryOptions<Item>,
  signal: AbortSignal,
): Promise<Outcome> {
  const begun = performance.now()
  const outcome = await outcomeOf(batch, options, signal)
  if (!signal.aborted) {
    options.onAttempt(batch.length, (performance.now() - begun) / 1000, outcome.problem === '')
  }
  return outcome
}

async function outcomeOf<Item>(
  batch: readonly (readonly [string, Item])[],
  { send, retries429, maxBackoffMs }: DeliveryOptions<Item>,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    const items = batch.map(([, item]) => item)
    const { status, text, retryAfterMs = 0 } = await send(items, signal)
    if (status >= 200 && status < 300) return { problem: '', again: false, waitMs: 0 }
    const again = status >= 500 || (status === 429 && retries429)
    const problem = `answered ${status} ${text}`.trim()
    return { problem, again, waitMs: Math.min(retryAfterMs, maxBackoffMs) }
  } catch (error) {
    return { problem: errorMessage(error) || 'no answer', again: true, waitMs: 0 }
  }
}

async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  // An aborted sleep rejects; who waits looks at the signal.
  await sleep(delayMs, undefined, { signal, ref: false }).catch(() => undefined)
}
