import { Registry } from 'prom-client'
import { type Logger, silentLogger } from '#base/logger.ts'
import type {
  AttributeSchema,
  BodySchema,
  ComponentContext,
  ComponentDefinition,
  ComponentInstance,
} from '../runtime/component.ts'

/** A component that runs alone, without a configuration file around it. */
export interface RunningComponent<Args> {
  readonly instance: ComponentInstance<Args>
  /** Its latest exports. */
  readonly exports: Record<string, unknown>
  readonly health: { state: string; message: string }
  readonly metrics: Registry
  /** Calls `listener` with every later export. */
  onExports(listener: (exports: Record<string, unknown>) => void): void
  stop(): Promise<void>
}

/** Builds and runs a component with decoded arguments; absent ones take their schema's defaults. */
export function runComponent<Args>(
  definition: ComponentDefinition<Args>,
  args: Record<string, unknown>,
  options: { dataDir?: string; logger?: Logger } = {},
): RunningComponent<Args> {
  const metrics = new Registry()
  const health = { state: 'unknown', message: '' }
  const listeners: ((exports: Record<string, unknown>) => void)[] = []
  let current: Record<string, unknown> = {}
  const context: ComponentContext = {
    id: `${definition.name}.test`,
    dataDir: options.dataDir ?? '/nonexistent',
    logger: options.logger ?? silentLogger,
    metrics,
    setExports(exports) {
      current = exports
      for (const listener of listeners) listener(exports)
    },
    reportHealth(state, message) {
      Object.assign(health, { state, message })
    },
  }
  const instance = definition.build(context, withDefaults(definition.schema, args) as Args)
  const stopping = new AbortController()
  const finished = instance.run(stopping.signal)
  return {
    instance,
    get exports() {
      return current
    },
    health,
    metrics,
    onExports: (listener) => void listeners.push(listener),
    async stop() {
      stopping.abort()
      await finished
    },
  }
}

/** Fills in a schema's defaults, runs its checks, and does the same for the blocks that are there. */
export function withDefaults(schema: BodySchema, args: Record<string, unknown>): Record<string, unknown> {
  const decoded: Record<string, unknown> = {}
  for (const [name, attribute] of Object.entries<AttributeSchema>(schema.attributes)) {
    decoded[name] = name in args ? args[name] : attribute.default
    if (attribute.required === true && decoded[name] === undefined) {
      throw new Error(`missing required attribute "${name}"`)
    }
  }
  for (const [name, block] of Object.entries(schema.blocks ?? {})) {
    const given = args[name]
    const fill = (value: unknown): unknown => withDefaults(block.body, value as Record<string, unknown>)
    if (block.repeated === true) decoded[name] = ((given ?? []) as unknown[]).map(fill)
    else decoded[name] = given === undefined ? undefined : fill(given)
  }
  if (schema.ordered !== undefined) {
    const { field, blocks } = schema.ordered
    const known = typeof blocks === 'function' ? blocks() : blocks
    decoded[field] = ((args[field] ?? []) as { name: string; args: Record<string, unknown> }[]).map(
      (block) => {
        const body = known[block.name]
        if (body === undefined) throw new Error(`unrecognized block name "${block.name}"`)
        return { name: block.name, args: withDefaults(body, block.args) }
      },
    )
  }
  schema.validate?.(decoded)
  return decoded
}
