import { type Labels, labelsText } from '#base/labels.ts'
import type { Registry } from '#base/metrics.ts'

/** The kinds of metric that lines can be counted in. */
export type SeriesMetricKind = 'counter' | 'gauge' | 'histogram'

/** What makes up a metric. */
export interface SeriesMetricOptions {
  readonly kind: SeriesMetricKind
  /** The whole name, prefix included. */
  readonly name: string
  readonly help: string
  /** Series that nothing has touched for this long are gone at the next scrape. */
  readonly maxIdleMs: number
  /** Upper bounds of a histogram's buckets, rising, without `+Inf`. */
  readonly buckets: readonly number[]
}

/** One series: its labels, its value, and for a histogram what fell into each bucket. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>
  value: number
  count: number
  readonly bucketCounts: number[]
  touchedMs: number
}

/**
 * A metric with a series for each label set that lines have, whatever labels these are: the metrics library
 * wants to know the names of labels beforehand.
 */
export class SeriesMetric {
  readonly options: SeriesMetricOptions
  readonly #series = new Map<string, Series>()
  /** Lines of one stream share one labels object, so its text is made once. */
  readonly #keys = new WeakMap<Labels, string>()
  readonly #nowMs: () => number

  constructor(options: SeriesMetricOptions, nowMs: () => number = Date.now) {
    this.options = options
    this.#nowMs = nowMs
  }

  /** The series of a label set, made if there is none. Labels that begin with `__` do not count. */
  of(labels: Labels): Series {
    let key = this.#keys.get(labels)
    if (key === undefined) {
      key = labelsText(labels.filter(([name]) => !name.startsWith('__')))
      this.#keys.set(labels, key)
    }
    let series = this.#series.get(key)
    if (series === undefined) {
      const shown = Object.fromEntries(labels.filter(([name]) => !name.startsWith('__')))
      const bucketCounts = this.options.buckets.map(() => 0)
      series = { labels: shown, value: 0, count: 0, bucketCounts, touchedMs: 0 }
      this.#series.set(key, series)
    }
    series.touchedMs = this.#nowMs()
    return series
  }

  /** Adds a value to a histogram's series. */
  observe(labels: Labels, value: number): void {
    const series = this.of(labels)
    series.value += value
    series.count++
    for (const [i, bound] of this.options.buckets.entries()) if (value <= bound) series.bucketCounts[i]++
  }

  /** What a scrape shows, in the form of the metrics library. Forgets idle series. */
  get(): Promise<unknown> {
    const { kind, name, help, maxIdleMs } = this.options
    const oldestMs = this.#nowMs() - maxIdleMs
    for (const [key, { touchedMs }] of this.#series) if (touchedMs < oldestMs) this.#series.delete(key)
    const values = [...this.#series.values()].flatMap((series) => this.#samples(series))
    return Promise.resolve({ name, help, type: kind, values, aggregator: 'sum' })
  }

  #samples({ labels, value, count, bucketCounts }: Series): unknown[] {
    const { kind, name, buckets } = this.options
    if (kind !== 'histogram') return [{ labels, value }]
    const bucket = (le: number | string, of: number): unknown => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le },
      value: of,
    })
    return [
      ...buckets.map((bound, i) => bucket(bound, bucketCounts[i])),
      bucket('+Inf', count),
      { metricName: `${name}_sum`, labels, value },
      { metricName: `${name}_count`, labels, value: count },
    ]
  }
}

/**
 * Shows metrics at a registry in place of others.
 * @throws Error when the registry has another metric of such a name; it then is as it was.
 */
export function swapMetrics(
  registry: Registry,
  former: Iterable<SeriesMetric>,
  next: Iterable<SeriesMetric>,
): void {
  const before = new Set([...former].map(({ options }) => options.name))
  const made = [...next]
  for (const { options } of made) {
    if (!before.has(options.name) && registry.getSingleMetric(options.name) !== undefined) {
      throw new Error(`metrics stage: the name ${options.name} is taken by a metric of the component itself`)
    }
  }
  for (const name of before) registry.removeSingleMetric(name)
  for (const metric of made) {
    // The registry asks a metric for its name and its `get()` alone.
    const shown = { name: metric.options.name, get: () => metric.get() }
    registry.registerMetric(shown as unknown as Parameters<Registry['registerMetric']>[0])
  }
}
