/** Names with values, sorted by name. */
export type Pairs = readonly (readonly [name: string, value: string])[]

/** One rule: `alert` or `record` is its name, the other one is empty. */
export interface Rule {
  readonly record: string
  readonly alert: string
  /** LogQL. */
  readonly expr: string
  /** How long the expression must hold before the alert fires. */
  readonly forMs: number
  /** How long the alert keeps firing after the expression has ceased to hold. */
  readonly keepFiringForMs: number
  readonly labels: Pairs
  readonly annotations: Pairs
}

/** Rules that are evaluated one after the other, at the same moment. */
export interface RuleGroup {
  readonly name: string
  /** Between two evaluations; 0 is `ruler.evaluation_interval`. */
  readonly intervalMs: number
  /** At most this many alerts or series of one rule; 0 is off. */
  readonly limit: number
  readonly rules: readonly Rule[]
}

/** Names of rules as Prometheus wants them. */
export const METRIC_NAME: RegExp = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
/** Names of labels and annotations as Prometheus wants them. */
export const LABEL_NAME: RegExp = /^[a-zA-Z_][a-zA-Z0-9_]*$/
