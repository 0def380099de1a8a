import type { Logger } from '#base/logger.ts'
import type { Registry } from '#base/metrics.ts'

/**
 * The type of one argument. Decoded as: `string`, `secret` → string · `number` → number · `bool` → boolean ·
 * `duration` → milliseconds · `size` → bytes · `any` → plain value · `target` → Record<string, string> ·
 * list → array · map → Record · capsule → the host value · oneOf → string.
 */
export type ArgType =
  | 'string'
  | 'secret'
  | 'number'
  | 'bool'
  | 'duration'
  | 'size'
  | 'any'
  | 'target'
  | { readonly list: ArgType }
  | { readonly map: ArgType }
  | { readonly capsule: 'LogsReceiver' | 'RelabelRules' }
  | { readonly oneOf: readonly string[] }

/** What one `name = value` of a body may be. */
export interface AttributeSchema {
  readonly type: ArgType
  readonly required?: boolean
  /** Value when absent, already decoded (durations in ms). Absent and without default: `undefined`. */
  readonly default?: unknown
}

/** What one nested block may be, and how often. */
export interface BlockSchema {
  readonly body: BodySchema
  readonly required?: boolean
  /** Repeated blocks decode to an array (in source order), others to one value or `undefined`. */
  readonly repeated?: boolean
}

/** What a block may contain. Unknown attributes and blocks are errors with a position. */
export interface BodySchema {
  readonly attributes: Readonly<Record<string, AttributeSchema>>
  readonly blocks?: Readonly<Record<string, BlockSchema>>
  /**
   * Blocks whose order across kinds matters (`stage.*`): decoded together, in source order, into the field
   * `field` as `{ name: 'stage.json', args: … }[]`.
   */
  readonly ordered?: {
    readonly field: string
    readonly blocks: Readonly<Record<string, BodySchema>> | (() => Readonly<Record<string, BodySchema>>)
  }
  /** Runs after decoding; throws an Error with Alloy's text when the combination is wrong. */
  readonly validate?: (args: Record<string, unknown>) => void
}

/** How a component is. `exited`: its `run` has returned. */
export type HealthState = 'healthy' | 'unknown' | 'unhealthy' | 'exited'

/** What the runtime hands to a component. */
export interface ComponentContext {
  /** Full id, e.g. `loki.write.default`. */
  readonly id: string
  /** A folder of the component's own for durable state; created on first use by the component. */
  readonly dataDir: string
  readonly logger: Logger
  /**
   * Register metrics here; the runtime adds `component_id` and `component_path` and drops them at the end.
   */
  readonly metrics: Registry
  /** Replaces the component's exports; dependants are re-evaluated if they differ deeply. */
  setExports(exports: Record<string, unknown>): void
  reportHealth(state: 'healthy' | 'unhealthy', message: string): void
}

/** A running component. */
export interface ComponentInstance<Args> {
  /** Works until `signal` aborts, then drains what it can and resolves. */
  run(signal: AbortSignal): Promise<void>
  /** Takes changed arguments without losing what is under way. Throws if they cannot be used. */
  update(args: Args): void | Promise<void>
  /** What `debugInfo` of the components API shows. */
  debugInfo?(): unknown
}

/** A kind of component, by its name in the configuration. */
export interface ComponentDefinition<Args = Record<string, unknown>> {
  /** E.g. `loki.source.docker`. */
  readonly name: string
  readonly stability: 'generally-available' | 'public-preview' | 'experimental'
  readonly schema: BodySchema
  /** Data sinks start before and stop after everything else. */
  readonly role: 'source' | 'transform' | 'sink' | 'discovery'
  /** Makes the component; sets its first exports synchronously. Throws if the arguments cannot be used. */
  build(context: ComponentContext, args: Args): ComponentInstance<Args>
}
