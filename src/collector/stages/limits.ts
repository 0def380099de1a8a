import { setTimeout as sleep } from 'node:timers/promises'
import { filterStage, type StageDefinition } from './stage.ts'

interface LimitArgs {
  readonly rate: number
  readonly burst: number
  readonly drop: boolean
  readonly by_label_name?: string
  readonly max_distinct_labels: number
}

const DROP_REASON = 'ratelimit_drop_stage'

/** `stage.limit`: lets at most `rate` lines per second through; the others wait, or are dropped. */
export const limitStage: StageDefinition<LimitArgs> = {
  name: 'stage.limit',
  schema: {
    attributes: {
      rate: { type: 'number', required: true },
      burst: { type: 'number', required: true },
      drop: { type: 'bool', default: false },
      by_label_name: { type: 'string' },
      max_distinct_labels: { type: 'number', default: 10_000 },
    },
    validate: (decoded) => {
      const args = decoded as unknown as LimitArgs
      if (args.rate <= 0 || args.burst <= 0)
        throw new Error('limit stage: rate and burst must be greater than 0')
      if (args.by_label_name && !args.drop) throw new Error('limit stage: by_label_name requires drop = true')
    },
  },
  build(args, next, context) {
    const buckets = new Map<string, TokenBucket>()
    const maxBuckets = Math.max(args.max_distinct_labels, 10_000)
    const dropped = args.by_label_name
      ? context.counter(
          'loki_process_dropped_lines_by_label_total',
          'Log lines dropped by a rate limit, by the label it counts by.',
          ['label_name', 'label_value'],
        )
      : undefined
    return {
      async push(entry) {
        const labelValue = args.by_label_name ? entry.label(args.by_label_name) : ''
        if (args.by_label_name && labelValue === '') return next(entry)
        let bucket = buckets.get(labelValue)
        if (bucket === undefined) {
          if (buckets.size >= maxBuckets) buckets.clear()
          bucket = new TokenBucket(args.rate, args.burst)
          buckets.set(labelValue, bucket)
        }
        const waitMs = bucket.take(!args.drop)
        if (waitMs > 0 && args.drop) {
          context.dropped(DROP_REASON)
          dropped?.inc({ label_name: args.by_label_name ?? '', label_value: labelValue })
          entry.delivery.done()
          return
        }
        if (waitMs > 0) await sleep(waitMs)
        return next(entry)
      },
    }
  },
}

class TokenBucket {
  readonly #rate: number
  readonly #burst: number
  #tokens: number
  #atMs = performance.now()

  constructor(rate: number, burst: number) {
    this.#rate = rate
    this.#burst = burst
    this.#tokens = burst
  }

  /**
   * Takes a token and gives the milliseconds to wait for it; when it must be waited for, only if `canWait`.
   */
  take(canWait: boolean): number {
    const nowMs = performance.now()
    this.#tokens = Math.min(this.#burst, this.#tokens + ((nowMs - this.#atMs) / 1000) * this.#rate)
    this.#atMs = nowMs
    const waitMs = this.#tokens >= 1 ? 0 : ((1 - this.#tokens) / this.#rate) * 1000
    if (waitMs === 0 || canWait) this.#tokens--
    return waitMs
  }
}

interface SamplingArgs {
  readonly rate: number
  readonly drop_counter_reason: string
}

/** `stage.sampling`: keeps a random part of the lines. */
export const samplingStage: StageDefinition<SamplingArgs> = {
  name: 'stage.sampling',
  schema: {
    attributes: {
      rate: { type: 'number', required: true },
      drop_counter_reason: { type: 'string', default: 'sampling_stage' },
    },
    validate: ({ rate }) => {
      if ((rate as number) < 0 || (rate as number) > 1) {
        throw new Error('sampling stage failed to parse rate,Sampling Rate must be between 0.0 and 1.0')
      }
    },
  },
  build: (args, next, context) =>
    filterStage(next, context, args.drop_counter_reason, () => Math.random() < args.rate),
}
