import { isDeepStrictEqual } from 'node:util'
import { makeLabels } from '#base/labels.ts'
import type { LogBatch, LogsReceiver } from '../pipeline.ts'
import type { ComponentContext, ComponentDefinition, ComponentInstance } from '../runtime/component.ts'
import { Endpoint } from '../write/endpoint.ts'
import { type EndpointArgs, endpointBlock, endpointName } from '../write/endpoint-args.ts'
import { batchOf } from '../write/shard.ts'
import { walBlock } from '../write/wal-args.ts'
import { makeWriteMetrics, type WriteMetrics } from '../write/write-metrics.ts'
import { untilAborted } from './until_aborted.ts'

interface Args {
  readonly endpoint: readonly EndpointArgs[]
  readonly external_labels: Readonly<Record<string, string>>
  readonly max_streams: number
}

/**
 * `loki.write`: sends entries to servers that speak Loki's push API. Each endpoint has a bounded queue of its
 * own; a full one holds the sources back, so that a server's absence costs neither memory nor lines.
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

class LokiWrite implements ComponentInstance<Args> {
  readonly #context: ComponentContext
  readonly #metrics: WriteMetrics
  readonly #problems = new Map<string, string>()
  #args: Args
  #endpoints: Endpoint[]
  #isStopped = false
  /** While endpoints are being exchanged, pushes wait for it. */
  #ready: Promise<void> = Promise.resolve()

  constructor(context: ComponentContext, args: Args) {
    this.#context = context
    this.#args = args
    this.#metrics = makeWriteMetrics(context.metrics)
    this.#endpoints = args.endpoint.map((endpoint) => this.#makeEndpoint(endpoint, args))
    const receiver: LogsReceiver = { push: (batch) => this.#push(batch) }
    context.setExports({ receiver })
  }

  async run(signal: AbortSignal): Promise<void> {
    await untilAborted(signal)
    await this.#ready
    this.#isStopped = true
    await Promise.all(
      this.#endpoints.map(async (endpoint) => {
        const unsent = await endpoint.close()
        if (unsent.length === 0) return
        const entries = unsent.reduce((sum, batch) => sum + batchOf(batch).entries, 0)
        const bytes = unsent.reduce((sum, batch) => sum + batchOf(batch).sizeBytes, 0)
        const message =
          'entries could not be sent before the end; sources with positions will read them again'
        this.#context.logger.warn({ endpoint: endpoint.name, entries, bytes }, message)
      }),
    )
  }

  async update(args: Args): Promise<void> {
    if (isDeepStrictEqual(args, this.#args)) return
    const fresh = args.endpoint.map((endpoint) => this.#makeEndpoint(endpoint, args))
    const former = this.#endpoints
    this.#args = args
    this.#problems.clear()
    this.#ready = this.#exchange(former, fresh)
    await this.#ready
  }

  debugInfo(): unknown {
    return { endpoints: this.#endpoints.map(({ name, isFailing }) => ({ name, failing: isFailing })) }
  }

  /** What the former endpoints cannot send is handed to the ones that take their place. */
  async #exchange(former: readonly Endpoint[], fresh: Endpoint[]): Promise<void> {
    const left = await Promise.all(former.map((endpoint) => endpoint.close()))
    for (const [index, batches] of left.entries()) {
      heirOf(former[index], fresh, index).adopt(batches)
    }
    this.#endpoints = fresh
  }

  async #push(batch: LogBatch): Promise<void> {
    await this.#ready
    if (this.#endpoints.length === 1) await this.#pushTo(this.#endpoints[0], batch)
    else await Promise.all(this.#endpoints.map((endpoint) => this.#pushTo(endpoint, batch)))
    batch.delivery.done()
  }

  /** Pushes to an endpoint, or to the one that takes its place while the push waits for room. */
  async #pushTo(endpoint: Endpoint, batch: LogBatch): Promise<void> {
    while (!(await endpoint.push(batch))) {
      await this.#ready
      if (this.#isStopped) throw new Error(`${this.#context.id} has been stopped`)
      endpoint = heirOf(endpoint, this.#endpoints, 0)
    }
  }

  #makeEndpoint(endpoint: EndpointArgs, args: Args): Endpoint {
    return new Endpoint(endpoint, {
      logger: this.#context.logger,
      metrics: this.#metrics,
      externalLabels: makeLabels(args.external_labels),
      maxStreams: args.max_streams,
      hasWorkingPeer: (self) => this.#endpoints.some((other) => other !== self && !other.isFailing),
      onChange: (name, problem) => this.#report(name, problem),
    })
  }

  #report(name: string, problem: string): void {
    if (problem === '') this.#problems.delete(name)
    else this.#problems.set(name, problem)
    const [first] = this.#problems
    if (first === undefined) this.#context.reportHealth('healthy', 'entries are being sent')
    else this.#context.reportHealth('unhealthy', `endpoint ${first[0]}: ${first[1]}`)
  }
}

/** The endpoint that takes over from another one after a change: of the same name, else in the same place. */
function heirOf(former: Endpoint, fresh: readonly Endpoint[], index: number): Endpoint {
  return fresh.find(({ name }) => name === former.name) ?? fresh[Math.min(index, fresh.length - 1)]
}
