import { setTimeout as sleep } from 'node:timers/promises'
import { errorMessage } from '#base/errors.ts'
import { Counter } from '#base/metrics.ts'
import { fanOut } from '../fan-out.ts'
import { isDeepStrictEqual } from '../node-util.ts'
import type { LogBatch, LogsReceiver } from '../pipeline.ts'
import type { ComponentContext, ComponentDefinition, ComponentInstance } from '../runtime/component.ts'
import { StageEntry } from '../stages/entry.ts'
import { makeOutputBatches, type OutputBatches } from '../stages/output-batches.ts'
import { buildStages, type StageBlock, stageSchemas } from '../stages/registry.ts'
import { SeriesMetric, swapMetrics } from '../stages/series-metric.ts'
import type { Stage } from '../stages/stage.ts'
import { untilAborted } from './until_aborted.ts'

interface Args {
  readonly forward_to: readonly LogsReceiver[]
  readonly stages: readonly StageBlock[]
}

const RETRY_MS = 1000

/** `loki.process`: has entries pass through stages that change, join or drop them. */
export const lokiProcess: ComponentDefinition<Args> = {
  name: 'loki.process',
  stability: 'generally-available',
  role: 'transform',
  schema: {
    attributes: { forward_to: { type: { list: { capsule: 'LogsReceiver' } }, required: true } },
    ordered: { field: 'stages', blocks: stageSchemas },
  },
  build: (context, args) => new LokiProcess(context, args),
}

class LokiProcess implements ComponentInstance<Args> {
  readonly #context: ComponentContext
  readonly #dropped: Counter
  readonly #outputs: OutputBatches = makeOutputBatches()
  #args: Args
  #stages: Stage
  /** What `stage.metrics` counts in, by name. */
  #seriesMetrics: ReadonlyMap<string, SeriesMetric> = new Map()
  /** Batches go through one after the other, so that lines stay in order. */
  #queue: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(context: ComponentContext, args: Args) {
    this.#context = context
    this.#args = args
    this.#dropped = new Counter({
      name: 'loki_process_dropped_lines_total',
      help: 'Log lines dropped by a stage, by reason.',
      labelNames: ['reason'],
      registers: [context.metrics],
    })
    this.#stages = this.#build(args)
    const receiver: LogsReceiver = { push: (batch) => this.#enqueue(() => this.#process(batch)) }
    context.setExports({ receiver })
  }

  async run(signal: AbortSignal): Promise<void> {
    await untilAborted(signal)
    await this.#enqueue(async () => {
      this.#stages.close?.()
      await this.#flush()
    }).catch((error: unknown) => {
      this.#context.logger.warn(
        { error: errorMessage(error) },
        'what stages held back could not be passed on',
      )
    })
    this.#isStopped = true
  }

  update(args: Args): void {
    const isSame = isDeepStrictEqual(args.stages, this.#args.stages)
    const former = this.#stages
    if (!isSame) this.#stages = this.#build(args)
    this.#args = args
    // Not waited for: a batch may be held back by a server that this very change replaces.
    if (!isSame) this.#emitLater(() => former.close?.())
  }

  #build(args: Args): Stage {
    const seriesMetrics = new Map<string, SeriesMetric>()
    const stages = buildStages(args.stages, (entry) => this.#outputs.add(entry), {
      logger: this.#context.logger,
      counter: (name, help, labelNames) => {
        const { metrics } = this.#context
        const known = metrics.getSingleMetric(name) as Counter | undefined
        return known ?? new Counter({ name, help, labelNames: [...labelNames], registers: [metrics] })
      },
      seriesMetric: (options) => {
        const known = seriesMetrics.get(options.name)
        if (known !== undefined && known.options.kind !== options.kind) {
          throw new Error(`metrics stage: ${options.name} is a ${known.options.kind} already`)
        }
        const metric = known ?? new SeriesMetric(options)
        seriesMetrics.set(options.name, metric)
        return metric
      },
      dropped: (reason, lines = 1) => this.#dropped.inc({ reason }, lines),
      emitted: () => this.#emitLater(() => undefined),
    })
    swapMetrics(this.#context.metrics, this.#seriesMetrics.values(), seriesMetrics.values())
    this.#seriesMetrics = seriesMetrics
    return stages
  }

  /** Passes on what `emit` and timers release. No source waits for these entries, so it is tried again. */
  #emitLater(emit: () => void): void {
    this.#enqueue(async () => {
      emit()
      for (const batch of this.#outputs.take()) await this.#pushPatiently(batch)
    }).catch((error: unknown) => {
      this.#context.logger.error({ error: errorMessage(error) }, 'entries could not be passed on')
    })
  }

  async #pushPatiently(batch: LogBatch): Promise<void> {
    while (!this.#isStopped) {
      try {
        return await fanOut(this.#args.forward_to, batch)
      } catch (error) {
        this.#context.logger.warn({ error: errorMessage(error) }, 'entries cannot be passed on, will retry')
        await sleep(RETRY_MS)
      }
    }
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const worked = this.#queue.then(work)
    this.#queue = worked.catch(() => undefined)
    return worked
  }

  async #process({ labels, entries, delivery }: LogBatch): Promise<void> {
    if (this.#isStopped) throw new Error(`${this.#context.id} has been stopped`)
    const { push } = this.#stages
    for (const entry of entries) {
      delivery.hold()
      const waiting = push(new StageEntry(labels, entry, delivery))
      if (waiting !== undefined) await waiting
    }
    await this.#flush()
    delivery.done()
  }

  async #flush(): Promise<void> {
    for (const batch of this.#outputs.take()) await fanOut(this.#args.forward_to, batch)
  }
}
