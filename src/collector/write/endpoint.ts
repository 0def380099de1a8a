import { setTimeout as sleep } from 'node:timers/promises'
import { type Labels, labelsText, labelValue } from '#base/labels.ts'
import type { Logger } from '#base/logger.ts'
import type { LogBatch } from '../pipeline.ts'
import {
  DEFAULT_DRAIN_MS,
  DEFAULT_QUEUE,
  type EndpointArgs,
  endpointName,
  type QueueArgs,
} from './endpoint-args.ts'
import { hashText } from './hash-text.ts'
import { type HttpClient, makeHttpClient } from './http-client.ts'
import { entrySize, type PushBatch, publicLabels } from './push-batch.ts'
import { makeSender, type PreparedBatch, type Sender } from './sender.ts'
import { Shard } from './shard.ts'
import type { DropReason, WriteMetrics } from './write-metrics.ts'

/** What an endpoint needs beside its own arguments. */
export interface EndpointContext {
  readonly logger: Logger
  readonly metrics: WriteMetrics
  readonly externalLabels: Labels
  readonly maxStreams: number
  /** Whether another endpoint of the component works at the moment. */
  hasWorkingPeer(self: Endpoint): boolean
  /** The endpoint has begun to fail, or works again (`''`). */
  onChange(name: string, problem: string): void
}

const TENANT_LABEL = '__tenant_id__'

/** A place that log entries are sent to, with a bounded queue of its own. */
export class Endpoint {
  readonly name: string
  readonly #args: EndpointArgs
  readonly #queue: QueueArgs
  readonly #context: EndpointContext
  readonly #client: HttpClient
  readonly #sender: Sender
  readonly #shards: Shard[]
  readonly #giveUp = new AbortController()
  readonly #running: Promise<(PushBatch | PreparedBatch)[][]>
  readonly #host: string
  readonly #tenants = new Set<string>()
  readonly #labelTexts = new WeakMap<Labels, string>()
  #waiters: (() => void)[] = []
  #isClosed = false
  #lastDropLogMs = 0

  constructor(args: EndpointArgs, context: EndpointContext) {
    this.name = endpointName(args)
    this.#args = args
    this.#queue = { ...DEFAULT_QUEUE, ...args.queue_config }
    this.#context = context
    this.#host = new URL(args.url).host
    this.#client = makeHttpClient(args)
    const logger = context.logger.child({ endpoint: this.name })
    this.#sender = makeSender({
      ...{ args, client: this.#client, logger, metrics: context.metrics },
      onChange: (problem) => {
        context.onChange(this.name, problem)
        this.#wakeAll()
      },
    })
    const events = {
      changed: () => this.#wakeAll(),
      streamLimited: (tenant: string, entries: number, bytes: number) =>
        context.metrics.dropped(this.#host, tenant, 'stream_limited', entries, bytes),
    }
    const makeShard = (): Shard => new Shard(args, context.maxStreams, this.#sender, events)
    this.#shards = Array.from({ length: this.#queue.min_shards }, makeShard)
    this.#running = Promise.all(this.#shards.map((shard) => shard.run(this.#giveUp.signal)))
    this.#expectTenant(args.tenant_id)
  }

  /** Whether the server is believed to be away. */
  get isFailing(): boolean {
    return this.#sender.isFailing
  }

  /**
   * Takes a batch into the queue, waiting for room. Drops it, counted, where `block_on_overflow` says so.
   * Does not let go of the batch: the caller does. Resolves to false when the endpoint has been closed and
   * did not take it.
   */
  async push(batch: LogBatch): Promise<boolean> {
    const tenant = labelValue(batch.labels, TENANT_LABEL) || this.#args.tenant_id
    this.#expectTenant(tenant)
    const labels = this.#labelsText(batch.labels)
    const shard = this.#shards[this.#shards.length === 1 ? 0 : hashText(labels) % this.#shards.length]
    // Who has had to wait goes on when half of the queue is free: the log of a container that was held back
    // may have to be opened anew, which must be worth it.
    let limit = this.#queue.capacity
    while (!this.#isClosed && this.#queuedBytes() >= limit) {
      if (this.#dropsOverflow()) {
        if (this.#queuedBytes() < this.#queue.capacity) break
        this.#dropOverflow(batch, tenant)
        return true
      }
      limit = this.#queue.capacity / 2
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
    if (this.#isClosed) return false
    shard.add(tenant, labels, batch)
    return true
  }

  /** Counts entries that will never be handed to it. */
  countDropped(labels: Labels, reason: DropReason, entries: number, bytes: number): void {
    const tenant = labelValue(labels, TENANT_LABEL) || this.#args.tenant_id
    this.#expectTenant(tenant)
    this.#context.metrics.dropped(this.#host, tenant, reason, entries, bytes)
  }

  /** Puts the batches that a former endpoint could not send in front of the queue. */
  adopt(batches: readonly (PushBatch | PreparedBatch)[]): void {
    if (batches.length > 0) this.#shards[0].adopt(batches)
  }

  /**
   * Stops taking batches and sends what is there, for at most the drain time and only while sending succeeds.
   * Resolves to what could not be sent.
   */
  async close(): Promise<(PushBatch | PreparedBatch)[]> {
    this.#isClosed = true
    this.#wakeAll()
    for (const shard of this.#shards) shard.close()
    const timer = new AbortController()
    const drainMs = this.#queue.drain_timeout ?? DEFAULT_DRAIN_MS
    const deadline = sleep(drainMs, undefined, { signal: timer.signal }).catch(() => undefined)
    // Without a configured drain time, a server that is away is given one more attempt, not the whole time.
    const failed = this.#queue.drain_timeout === undefined ? this.#whenFailing() : deadline
    await Promise.race([this.#running, deadline, failed])
    timer.abort()
    this.#giveUp.abort()
    const left = (await this.#running).flat()
    this.#client.close()
    return left
  }

  #queuedBytes(): number {
    let bytes = 0
    for (const shard of this.#shards) bytes += shard.queuedBytes
    return bytes
  }

  #dropsOverflow(): boolean {
    return !(this.#queue.block_on_overflow ?? !(this.isFailing && this.#context.hasWorkingPeer(this)))
  }

  #dropOverflow(batch: LogBatch, tenant: string): void {
    let bytes = 0
    for (const entry of batch.entries) bytes += entrySize(entry)
    this.#context.metrics.dropped(this.#host, tenant, 'queue_is_full', batch.entries.length, bytes)
    if (Date.now() - this.#lastDropLogMs < 10_000) return
    this.#lastDropLogMs = Date.now()
    const hint =
      'see loki_write_dropped_entries_total{reason="queue_is_full"}; queue_config.block_on_overflow decides'
    this.#context.logger.error(
      { endpoint: this.name, host: this.#host, hint },
      'queue is full, dropping entries',
    )
  }

  async #whenFailing(): Promise<void> {
    while (!this.isFailing) await new Promise<void>((resolve) => this.#waiters.push(resolve))
    await sleep(Math.min(this.#args.remote_timeout, 1000))
  }

  #labelsText(labels: Labels): string {
    let text = this.#labelTexts.get(labels)
    if (text === undefined) {
      text = labelsText(publicLabels(labels, this.#context.externalLabels))
      this.#labelTexts.set(labels, text)
    }
    return text
  }

  #expectTenant(tenant: string): void {
    if (this.#tenants.has(tenant)) return
    this.#tenants.add(tenant)
    this.#context.metrics.expect(this.#host, tenant)
  }

  #wakeAll(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const resolve of waiters) resolve()
  }
}
