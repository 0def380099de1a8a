import { fanOut } from '../fan-out.ts'
import type { LogBatch, LogsReceiver } from '../pipeline.ts'
import type { ComponentContext, ComponentDefinition, ComponentInstance } from '../runtime/component.ts'
import { CONTAINER_LABELS } from '../stages/container-labels.ts'
import { lokiProcess } from './loki_process.ts'

interface Args {
  readonly forward_to: readonly LogsReceiver[]
}

const NAMES: ReadonlySet<string> = new Set(CONTAINER_LABELS)
const STAGES = [{ name: 'stage.container_labels', args: {} }]

/**
 * `logboom.container_labels`: processes the entries of those containers whose labels ask for it, and passes
 * all others on untouched. Not of Alloy; `logboom up` uses it.
 */
export const logboomContainerLabels: ComponentDefinition<Args> = {
  name: 'logboom.container_labels',
  stability: 'generally-available',
  role: 'transform',
  schema: { attributes: { forward_to: { type: { list: { capsule: 'LogsReceiver' } }, required: true } } },
  build: (context, args) => new ContainerLabels(context, args),
}

class ContainerLabels implements ComponentInstance<Args> {
  readonly #process: ReturnType<typeof lokiProcess.build>
  #processing: LogsReceiver | undefined
  #args: Args

  constructor(context: ComponentContext, args: Args) {
    this.#args = args
    const inner: ComponentContext = {
      ...context,
      setExports: ({ receiver }) => {
        this.#processing = receiver as LogsReceiver
      },
    }
    this.#process = lokiProcess.build(inner, { ...args, stages: STAGES })
    const receiver: LogsReceiver = { push: (batch) => this.#push(batch) }
    context.setExports({ receiver })
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#process.run(signal)
  }

  update(args: Args): void | Promise<void> {
    this.#args = args
    return this.#process.update({ ...args, stages: STAGES })
  }

  async #push(batch: LogBatch): Promise<void> {
    const isAsked = batch.labels.some(([name]) => NAMES.has(name))
    if (isAsked && this.#processing !== undefined) return this.#processing.push(batch)
    return fanOut(this.#args.forward_to, batch)
  }
}
