import type { Logger } from '#base/logger.ts'
import type { Counter } from '#base/metrics.ts'
import type { BodySchema } from '../runtime/component.ts'
import type { StageEntry } from './entry.ts'
import type { SeriesMetric, SeriesMetricOptions } from './series-metric.ts'

/** Takes an entry over. A promise means: wait before giving the next one. */
export type Next = (entry: StageEntry) => void | Promise<void>

/** A stage at work. */
export interface Stage {
  readonly push: Next
  /** Passes on what is held back and ends timers. Nothing is pushed afterwards. */
  close?(): void
}

/** What stages share. */
export interface StageContext {
  readonly logger: Logger
  /** A counter of the component; the same one when it is asked for again, as after a reload. */
  counter(name: string, help: string, labelNames: readonly string[]): Counter
  /**
   * A metric of the pipeline: the same one for the same name, a new one after the stages have changed.
   * @throws Error when the pipeline has another kind of metric by that name.
   */
  seriesMetric(options: SeriesMetricOptions): SeriesMetric
  /** Counts lines dropped on purpose, in `loki_process_dropped_lines_total`. */
  dropped(reason: string, lines?: number): void
  /** Told after entries were passed on outside of a push, by a timer. */
  emitted(): void
}

/** A kind of stage of loki.process. */
export interface StageDefinition<Args = Record<string, unknown>> {
  /** E.g. `stage.json`. */
  readonly name: string
  readonly schema: BodySchema
  /**
   * Makes the stage. Every entry goes to `next`, or is let go of with `entry.delivery.done()`.
   * @throws Error when the arguments cannot be used.
   */
  build(args: Args, next: Next, context: StageContext): Stage
}

/** A stage that looks at one entry at a time and never drops. */
export function simpleStage(next: Next, change: (entry: StageEntry) => void): Stage {
  return {
    push(entry) {
      change(entry)
      return next(entry)
    },
  }
}

/** A stage that passes on the entries for which `keep` is true, and counts the others under `reason`. */
export function filterStage(
  next: Next,
  context: StageContext,
  reason: string,
  keep: (entry: StageEntry) => boolean,
): Stage {
  return {
    push(entry) {
      if (keep(entry)) return next(entry)
      context.dropped(reason)
      entry.delivery.done()
    },
  }
}
