import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorMessage } from '#base/errors.ts'
import { makeLabels } from '#base/labels.ts'
import { isDeepStrictEqual } from '../node-util.ts'
import type { LogBatch, LogsReceiver } from '../pipeline.ts'
import type { ComponentContext, ComponentDefinition, ComponentInstance } from '../runtime/component.ts'
import { Endpoint } from '../write/endpoint.ts'
import { DEFAULT_QUEUE, type EndpointArgs, endpointBlock, endpointName } from '../write/endpoint-args.ts'
import { batchOf } from '../write/shard.ts'
import { listSegments } from '../write/wal/segment-files.ts'
import { DEFAULT_WAL_LIMITS, openWal, type Wal } from '../write/wal/wal.ts'
import { makeWalMetrics, type WalMetrics } from '../write/wal/wal-metrics.ts'
import { DEFAULT_WAL, type WalArgs, walBlock } from '../write/wal-args.ts'
import { makeWriteMetrics, type WriteMetrics } from '../write/write-metrics.ts'
import { untilAborted } from './until_aborted.ts'

interface Args {
  readonly endpoint: readonly EndpointArgs[]
  readonly external_labels: Readonly<Record<string, string>>
  readonly max_streams: number
  readonly wal?: WalArgs
}

/**
 * `loki.write`: sends entries to servers that speak Loki's push API. Each endpoint has a bounded queue of its
 * own; a full one holds the sources back, so that a server's absence costs neither memory nor lines. With
 * `wal` a buffer on disk stands before the queues, for sources that cannot be held back.
 */
export const lokiWrite: ComponentDefinition<Args> = {
  name: 'loki.write',
  stability: 'generally-available',
  role: 'sink',
  schema: {
    attributes: {
      external_labels: { type: { map: 'string' }, default: {} },
      max_streams: { type: 'number', default: 0 },
    },
    blocks: { endpoint: endpointBlock, wal: walBlock },
    validate: (decoded) => {
      const args = decoded as unknown as Args
      const names = (args.endpoint ?? []).map(endpointName)
      if (names.length === 0) throw new Error('at least one endpoint config must be provided')
      const twice = names.find((name, index) => names.indexOf(name) !== index)
      if (twice !== undefined)
        throw new Error(`endpoint names must be unique, but ${JSON.stringify(twice)} is not`)
    },
  },
  build: (context, args) => new LokiWrite(context, args),
}

/** The buffer on disk among the problems of endpoints. */
const WAL_PROBLEM = ''
const WAL_RETRY_MS = 5000

class LokiWrite implements ComponentInstance<Args> {
  readonly #context: ComponentContext
  readonly #metrics: WriteMetrics
  readonly #problems = new Map<string, string>()
  #args: Args
  #endpoints: Endpoint[]
  #isStopped = false
  #wal: Wal | undefined
  #walMetrics: WalMetrics | undefined
  /** While the buffer is being opened or endpoints are being exchanged, pushes wait for it. */
  #ready: Promise<void>
  readonly #opened: () => void

  constructor(context: ComponentContext, args: Args) {
    this.#context = context
    this.#args = args
    this.#metrics = makeWriteMetrics(context.metrics)
    this.#endpoints = args.endpoint.map((endpoint) => this.#makeEndpoint(endpoint, args))
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#ready = args.wal?.enabled === true ? promise : Promise.resolve()
    this.#opened = resolve
    const receiver: LogsReceiver = { push: (batch) => this.#push(batch) }
    context.setExports({ receiver })
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#openWal(this.#args, signal)
    this.#opened()
    await untilAborted(signal)
    await this.#ready
    this.#isStopped = true
    await this.#wal?.drain(this.#walArgs.drain_timeout)
    await this.#wal?.stopReading()
    await Promise.all(
      this.#endpoints.map(async (endpoint) => {
        const unsent = await endpoint.close()
        if (unsent.length === 0 || this.#wal !== undefined) return
        const entries = unsent.reduce((sum, batch) => sum + batchOf(batch).entries, 0)
        const bytes = unsent.reduce((sum, batch) => sum + batchOf(batch).sizeBytes, 0)
        const message =
          'entries could not be sent before the end; sources with positions will read them again'
        this.#context.logger.warn({ endpoint: endpoint.name, entries, bytes }, message)
      }),
    )
    await this.#wal?.close()
  }

  async update(args: Args): Promise<void> {
    if (isDeepStrictEqual(args, this.#args)) return
    const fresh = args.endpoint.map((endpoint) => this.#makeEndpoint(endpoint, args))
    const former = this.#endpoints
    const isOpened = this.#ready
    this.#problems.clear()
    this.#ready = isOpened.then(() => this.#exchange(former, fresh, args))
    await this.#ready
  }

  debugInfo(): unknown {
    return { endpoints: this.#endpoints.map(({ name, isFailing }) => ({ name, failing: isFailing })) }
  }

  /** What the former endpoints cannot send is handed to the ones that take their place. */
  async #exchange(former: readonly Endpoint[], fresh: Endpoint[], args: Args): Promise<void> {
    const wal = this.#wal
    await wal?.stopReading()
    const left = await Promise.all(former.map((endpoint) => endpoint.close()))
    await wal?.close()
    this.#args = args
    this.#endpoints = fresh
    // What came from the buffer on disk is still there.
    if (wal === undefined) {
      for (const [index, batches] of left.entries()) {
        heirOf(former[index], fresh, index).adopt(batches)
      }
    }
    await this.#openWal(args)
  }

  get #walArgs(): WalArgs {
    return this.#args.wal ?? DEFAULT_WAL
  }

  /**
   * Opens the buffer on disk where the arguments ask for it, or where there is one from when they did: what
   * is left in it is still sent.
   */
  async #openWal(args: Args, signal?: AbortSignal): Promise<void> {
    const folder = join(this.#context.dataDir, 'wal')
    this.#wal = undefined
    const walArgs = args.wal ?? DEFAULT_WAL
    if (!walArgs.enabled && (await listSegments(folder)).length === 0) {
      await rm(folder, { recursive: true, force: true })
      return
    }
    this.#walMetrics ??= makeWalMetrics(this.#context.metrics)
    const options = {
      ...{ folder, args: walArgs, limits: DEFAULT_WAL_LIMITS, endpoints: this.#endpoints },
      ...{ metrics: this.#walMetrics, logger: this.#context.logger },
      problem: (text: string) => this.#report(WAL_PROBLEM, text),
    }
    while (this.#wal === undefined && signal?.aborted !== true) {
      try {
        this.#wal = await openWal(options)
      } catch (error) {
        this.#report(WAL_PROBLEM, `cannot open ${folder}: ${errorMessage(error)}`)
        await sleep(WAL_RETRY_MS, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  async #push(batch: LogBatch): Promise<void> {
    await this.#ready
    if (this.#walArgs.enabled) await this.#append(batch)
    else if (this.#endpoints.length === 1) await this.#pushTo(this.#endpoints[0], batch)
    else await Promise.all(this.#endpoints.map((endpoint) => this.#pushTo(endpoint, batch)))
    batch.delivery.done()
  }

  /** Writes to the buffer on disk, or to the one that is opened in its place. */
  async #append(batch: LogBatch): Promise<void> {
    for (;;) {
      const wal = this.#wal
      if (this.#isStopped || wal === undefined) throw new Error(`${this.#context.id} has been stopped`)
      try {
        return await wal.append(batch)
      } catch (error) {
        await this.#ready
        if (this.#wal === wal) throw error
      }
    }
  }

  /** Pushes to an endpoint, or to the one that takes its place while the push waits for room. */
  async #pushTo(endpoint: Endpoint, batch: LogBatch): Promise<void> {
    while (!(await endpoint.push(batch))) {
      await this.#ready
      if (this.#isStopped) throw new Error(`${this.#context.id} has been stopped`)
      endpoint = heirOf(endpoint, this.#endpoints, 0)
    }
  }

  #makeEndpoint(own: EndpointArgs, args: Args): Endpoint {
    return new Endpoint(args.wal?.enabled === true ? patientEndpoint(own) : own, {
      logger: this.#context.logger,
      metrics: this.#metrics,
      externalLabels: makeLabels(args.external_labels),
      maxStreams: args.max_streams,
      hasWorkingPeer: (self) => this.#endpoints.some((other) => other !== self && !other.isFailing),
      onChange: (name, problem) => this.#report(name, problem),
    })
  }

  #report(name: string, problem: string): void {
    if (problem === '' && !this.#problems.delete(name) && name === WAL_PROBLEM) return
    if (problem !== '') this.#problems.set(name, problem)
    // What holds the sources back comes first.
    const wal = this.#problems.get(WAL_PROBLEM)
    const [first] = this.#problems
    if (first === undefined) this.#context.reportHealth('healthy', 'entries are being sent')
    else if (wal !== undefined) this.#context.reportHealth('unhealthy', wal)
    else this.#context.reportHealth('unhealthy', `endpoint ${first[0]}: ${first[1]}`)
  }
}

/**
 * An endpoint behind the buffer on disk: it waits for its server for as long as the buffer keeps entries, and
 * holds nobody back but its own reader.
 */
function patientEndpoint(args: EndpointArgs): EndpointArgs {
  const queue = { ...DEFAULT_QUEUE, ...args.queue_config, block_on_overflow: true }
  return { ...args, max_backoff_retries: 0, queue_config: queue }
}

/** The endpoint that takes over from another one after a change: of the same name, else in the same place. */
function heirOf(former: Endpoint, fresh: readonly Endpoint[], index: number): Endpoint {
  return fresh.find(({ name }) => name === former.name) ?? fresh[Math.min(index, fresh.length - 1)]
}
