import type { LogBatch } from '../pipeline.ts'
import type { EndpointArgs } from './endpoint-args.ts'
import { entrySize, PushBatch } from './push-batch.ts'
import type { PreparedBatch, Sender } from './sender.ts'

/** What a shard tells its endpoint. */
export interface ShardEvents {
  /** Room has come in the queue, or the sender's state has changed. */
  changed(): void
  streamLimited(tenant: string, entries: number, bytes: number): void
}

/**
 * The batches of an endpoint that are sent one after the other, so that the lines of a stream stay in order.
 * One open batch per tenant takes entries until it is full or due; a batch that is due but cannot be sent yet
 * goes on filling.
 */
export class Shard {
  /** Bytes of lines waiting or under way. */
  queuedBytes = 0
  readonly #args: EndpointArgs
  readonly #maxStreams: number
  readonly #sender: Sender
  readonly #events: ShardEvents
  readonly #open = new Map<string, PushBatch>()
  /** Full batches, and those an earlier endpoint has left, in the order in which they must be sent. */
  readonly #waiting: (PushBatch | PreparedBatch)[] = []
  #wake: () => void = () => undefined
  #isClosing = false

  constructor(args: EndpointArgs, maxStreams: number, sender: Sender, events: ShardEvents) {
    this.#args = args
    this.#maxStreams = maxStreams
    this.#sender = sender
    this.#events = events
  }

  /** Takes the entries of a batch; the caller has made sure that there is room. */
  add(tenant: string, labels: string, { entries, delivery }: LogBatch): void {
    let batch = this.#openBatch(tenant)
    let attached: PushBatch | undefined
    let limitedEntries = 0
    let limitedBytes = 0
    for (const entry of entries) {
      const size = entrySize(entry)
      if (batch.entries > 0 && batch.sizeBytes + size > this.#args.batch_size) {
        this.#open.delete(tenant)
        // Compressed at once: a full queue then takes a fraction of what it holds.
        this.#waiting.push(this.#sender.prepare(batch))
        batch = this.#openBatch(tenant)
      }
      if (this.#maxStreams > 0 && batch.streams >= this.#maxStreams && !batch.hasStream(labels)) {
        limitedEntries++
        limitedBytes += size
        continue
      }
      batch.add(labels, entry)
      this.queuedBytes += size
      if (attached !== batch) batch.attach(delivery)
      attached = batch
    }
    if (limitedEntries > 0) this.#events.streamLimited(tenant, limitedEntries, limitedBytes)
    this.#wake()
  }

  /** Puts batches that another endpoint could not send in front. */
  adopt(batches: readonly (PushBatch | PreparedBatch)[]): void {
    this.#waiting.unshift(...batches)
    for (const batch of batches) this.queuedBytes += batchOf(batch).sizeBytes
    this.#wake()
  }

  /**
   * Sends until `close` is called and everything has been sent, or `giveUp` aborts. Resolves to what is left.
   */
  async run(giveUp: AbortSignal): Promise<(PushBatch | PreparedBatch)[]> {
    giveUp.addEventListener('abort', () => this.#wake(), { once: true })
    while (!giveUp.aborted) {
      const next = await this.#next(giveUp)
      if (next === undefined) break
      const prepared = next instanceof PushBatch ? this.#sender.prepare(next) : next
      const result = await this.#sender.send(prepared, giveUp)
      if (result === 'unsent') {
        this.#waiting.unshift(prepared)
        break
      }
      prepared.release()
      prepared.batch.done()
      this.queuedBytes -= prepared.batch.sizeBytes
      this.#events.changed()
    }
    const left = [...this.#waiting.splice(0), ...this.#open.values()]
    this.#open.clear()
    this.queuedBytes = 0
    return left
  }

  /** Nothing more will be added: what is there is sent without waiting for more. */
  close(): void {
    this.#isClosing = true
    this.#wake()
  }

  #openBatch(tenant: string): PushBatch {
    let batch = this.#open.get(tenant)
    if (batch === undefined) {
      batch = new PushBatch(tenant, Date.now())
      this.#open.set(tenant, batch)
    }
    return batch
  }

  async #next(giveUp: AbortSignal): Promise<PushBatch | PreparedBatch | undefined> {
    while (!giveUp.aborted) {
      const full = this.#waiting.shift()
      if (full !== undefined) return full
      const [oldest] = [...this.#open.values()].sort((a, b) => a.createdMs - b.createdMs)
      if (oldest === undefined && this.#isClosing) return undefined
      const dueInMs = oldest === undefined ? undefined : oldest.createdMs + this.#args.batch_wait - Date.now()
      if (oldest !== undefined && dueInMs !== undefined && (this.#isClosing || dueInMs <= 0)) {
        this.#open.delete(oldest.tenant)
        return oldest
      }
      await this.#waitForWake(dueInMs)
    }
    return undefined
  }

  #waitForWake(timeoutMs: number | undefined): Promise<void> {
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

/** The batch itself, of a batch that may have been made ready for sending. */
export function batchOf(batch: PushBatch | PreparedBatch): PushBatch {
  return batch instanceof PushBatch ? batch : batch.batch
}
