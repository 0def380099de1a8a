import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import { Registry } from '#base/metrics.ts'
import type { ComponentContext, ComponentDefinition, ComponentInstance } from './component.ts'
import type { DecodedBody, ShownStatement } from './decode-body.ts'
import { deepEqual } from './deep-equal.ts'
import { type Flow, isReceiver } from './flow.ts'
import { type Health, healthNow, worstHealth } from './health.ts'
import { type ObjectValue, objectFromHost } from './value.ts'

/** What a unit needs from the collector. */
export interface UnitOptions {
  readonly id: string
  readonly definition: ComponentDefinition
  readonly dataDir: string
  readonly logger: Logger
  /** Called when the exports have changed in depth, not for the first ones. */
  readonly onExports: () => void
  /** Where what the component forwards is counted; a component that is only tried has none. */
  readonly flow?: Flow
}

/** One component of the running configuration, from its building to its end. */
export interface ComponentUnit {
  readonly definition: ComponentDefinition
  readonly metrics: Registry
  exports(): ObjectValue
  /** The arguments in use, for comparing and for the API. */
  decoded(): DecodedBody | undefined
  shown(): readonly ShownStatement[]
  /**
   * Builds the component, or hands changed arguments to it; equal arguments change nothing.
   * Rejects with the component's own error; it then keeps what it had.
   */
  apply(decoded: DecodedBody): Promise<void>
  /** The result of the latest evaluation, shown in the health. */
  setEvaluation(error: string | undefined): void
  /** Runs the component, unless it is running. */
  start(): void
  /** Asks the component to end and waits until it has. */
  stop(): Promise<void>
  health(): Health
  debugInfo(): unknown
}

/** A unit that has yet to be built. */
export function makeUnit(options: UnitOptions): ComponentUnit {
  const { id, definition, logger } = options
  const metrics = new Registry()
  let exports: ObjectValue = new Map()
  let decoded: DecodedBody | undefined
  let instance: ComponentInstance<Record<string, unknown>> | undefined
  let running: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined
  let isBuilding = false
  let run: Health = healthNow('unknown', 'component created')
  let evaluation: Health = healthNow('unknown', 'component created')
  let reported: Health | undefined

  const context: ComponentContext = {
    id,
    dataDir: options.dataDir,
    logger,
    metrics,
    setExports: (made) => {
      for (const value of Object.values(made)) if (isReceiver(value)) options.flow?.own(id, value)
      const next = objectFromHost(made)
      if (deepEqual(next, exports)) return
      exports = next
      if (!isBuilding) options.onExports()
    },
    reportHealth: (state, message) => {
      reported = healthNow(state, message)
    },
  }

  const start = (): void => {
    if (running !== undefined || instance === undefined) return
    const controller = new AbortController()
    run = healthNow('healthy', 'started component')
    const ended = runToEnd(instance, controller.signal, logger).then((health) => {
      running = undefined
      run = health
    })
    running = { controller, ended }
  }

  return {
    definition,
    metrics,
    exports: () => exports,
    decoded: () => decoded,
    shown: () => decoded?.shown ?? [],
    apply: async (next) => {
      if (instance === undefined) {
        isBuilding = true
        try {
          instance = definition.build(context, metered(next.args, options))
        } finally {
          isBuilding = false
        }
      } else if (decoded === undefined || !deepEqual(next.args, decoded.args))
        await instance.update(metered(next.args, options))
      decoded = next
    },
    setEvaluation: (error) => {
      evaluation = evaluationHealth(error)
    },
    start,
    stop: async () => {
      running?.controller.abort()
      await running?.ended
    },
    health: () => worstHealth(reported === undefined ? [evaluation, run] : [evaluation, run, reported]),
    debugInfo: () => instance?.debugInfo?.(),
  }
}

function evaluationHealth(error: string | undefined): Health {
  return error === undefined ? healthNow('healthy', 'component evaluated') : healthNow('unhealthy', error)
}

/** The arguments with receivers that count. Compared is always what the configuration gave. */
function metered(args: Record<string, unknown>, { id, flow }: UnitOptions): Record<string, unknown> {
  const { forward_to: receivers } = args
  if (flow === undefined || !Array.isArray(receivers)) return args
  const counted = receivers.map((receiver) => (isReceiver(receiver) ? flow.metered(id, receiver) : receiver))
  return { ...args, forward_to: counted }
}

/** Resolves when the component has ended, with the health that this leaves. */
async function runToEnd(
  instance: ComponentInstance<Record<string, unknown>>,
  signal: AbortSignal,
  logger: Logger,
): Promise<Health> {
  try {
    await instance.run(signal)
    return healthNow('exited', 'component shut down normally')
  } catch (thrown) {
    const error = errorMessage(thrown)
    logger.error({ error }, 'component exited with an error')
    return healthNow('exited', `component shut down with error: ${error}`)
  }
}
