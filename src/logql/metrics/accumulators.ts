import type { RangeOp } from '../syntax/ast.ts'
import { addValue, makeValues, quantileOfSlices, trimValues, type Values } from './quantile.ts'

/**
 * How the samples of one window become a value. Samples are added to the accumulator of a slice of the
 * window, in no particular order within it; slices are then merged from older to newer.
 */
export interface Accumulation<A> {
  make(): A
  add(acc: A, value: number, tsMs: number, tsNs: number): void
  /** A fresh accumulator of both; the arguments stay as they are. */
  merge(older: A, newer: A): A
  /**
   * A fresh accumulator of several, older ones first; where that is cheaper than merging one after another.
   */
  mergeAll?(accs: readonly A[]): A
  /** About how much memory an accumulator takes beyond a few numbers, bytes. */
  sizeBytes?(acc: A): number
  /** Gives back what an accumulator has room for and does not hold. */
  trim?(acc: A): void
  /** The window's value. `rangeMs` is its length, `endMs` its end, on the clock of the added times. */
  result(acc: A, rangeMs: number, endMs: number): number
}

interface Total {
  total: number
}

const sum: Accumulation<Total> = {
  make: () => ({ total: 0 }),
  add: (acc, value) => {
    acc.total += value
  },
  merge: (older, newer) => ({ total: older.total + newer.total }),
  result: (acc) => acc.total,
}

const perSecond: Accumulation<Total> = { ...sum, result: (acc, rangeMs) => acc.total / (rangeMs / 1000) }

interface Extreme {
  value: number
}

function extreme(better: (value: number, than: number) => boolean): Accumulation<Extreme> {
  // NaN counts only where there is nothing else.
  const best = (a: number, b: number): number => (Number.isNaN(a) || better(b, a) ? b : a)
  return {
    make: () => ({ value: Number.NaN }),
    add: (acc, value) => {
      acc.value = best(acc.value, value)
    },
    merge: (older, newer) => ({ value: best(older.value, newer.value) }),
    result: (acc) => acc.value,
  }
}

interface Moments {
  count: number
  mean: number
  /** Sum of squared distances from the mean. */
  m2: number
}

/** Count, mean and variance by Welford's method; slices are joined by Chan's. */
function moments(result: (acc: Moments) => number): Accumulation<Moments> {
  return {
    make: () => ({ count: 0, mean: 0, m2: 0 }),
    add: (acc, value) => {
      acc.count++
      const delta = value - acc.mean
      acc.mean = Number.isFinite(delta) ? acc.mean + delta / acc.count : joinInfinite(acc.mean, value)
      acc.m2 += delta * (value - acc.mean)
    },
    merge: (older, newer) => {
      const count = older.count + newer.count
      const delta = newer.mean - older.mean
      const mean = Number.isFinite(delta)
        ? older.mean + (delta * newer.count) / count
        : joinInfinite(older.mean, newer.mean)
      return { count, mean, m2: older.m2 + newer.m2 + (delta * delta * older.count * newer.count) / count }
    },
    result,
  }
}

/**
 * The mean of two values of which at least one is not finite: infinity stays, opposite infinities are NaN.
 */
function joinInfinite(a: number, b: number): number {
  return a + b
}

interface Edge {
  value: number
  tsMs: number
  tsNs: number
}

function edge(wins: (later: boolean, same: boolean) => boolean): Accumulation<Edge> {
  return {
    make: () => ({ value: Number.NaN, tsMs: Number.NaN, tsNs: 0 }),
    add: (acc, value, tsMs, tsNs) => {
      const order = tsMs - acc.tsMs || tsNs - acc.tsNs
      if (!Number.isNaN(acc.tsMs) && !wins(order > 0, order === 0)) return
      acc.value = value
      acc.tsMs = tsMs
      acc.tsNs = tsNs
    },
    merge: (older, newer) => (wins(true, false) ? newer : older),
    result: (acc) => acc.value,
  }
}

/** All samples of a slice; for functions that need every one of them. */
interface Samples {
  readonly values: number[]
  readonly timesMs: number[]
}

function samples(result: (acc: Samples, rangeMs: number, endMs: number) => number): Accumulation<Samples> {
  return {
    make: () => ({ values: [], timesMs: [] }),
    add: (acc, value, tsMs, tsNs) => {
      acc.values.push(value)
      acc.timesMs.push(tsMs + tsNs / 1e6)
    },
    merge: (older, newer) => ({
      values: older.values.concat(newer.values),
      timesMs: older.timesMs.concat(newer.timesMs),
    }),
    sizeBytes: (acc) => acc.values.length * 16,
    result,
  }
}

/** The q-quantile of a window. */
function quantiles(q: number): Accumulation<Slices> {
  return {
    make: () => [makeValues()],
    add: ([slice], value) => addValue(slice, value),
    merge: (older, newer) => [...older, ...newer],
    mergeAll: (all) => all.flat(),
    result: (slices) => quantileOfSlices(q, slices),
    sizeBytes: (slices) => slices.reduce((sum, { values }) => sum + values.byteLength, 0),
    trim: (slices) => slices.forEach(trimValues),
  }
}

/** Slices of a window; one while it fills up. */
type Slices = readonly Values[]

/** Prometheus' extrapolated rate of a counter, with true window bounds; fewer than two samples give 0. */
function counterRate({ values, timesMs }: Samples, rangeMs: number, endMs: number): number {
  const order = [...values.keys()].sort((a, b) => timesMs[a] - timesMs[b] || a - b)
  if (order.length < 2) return 0
  const first = order[0]
  const last = order[order.length - 1]
  let delta = values[last] - values[first]
  for (let i = 1; i < order.length; i++) {
    const before = values[order[i - 1]]
    if (values[order[i]] < before) delta += before
  }
  const sampled = timesMs[last] - timesMs[first]
  const averageGap = sampled / (order.length - 1)
  const near = (distance: number): number => (distance >= averageGap * 1.1 ? averageGap / 2 : distance)
  let toStart = near(timesMs[first] - (endMs - rangeMs))
  const toEnd = near(endMs - timesMs[last])
  if (delta > 0 && values[first] >= 0) toStart = Math.min(toStart, sampled * (values[first] / delta))
  return (delta * ((sampled + toStart + toEnd) / sampled)) / (rangeMs / 1000)
}

/** An accumulation whose slices are joined only when a value is asked for, since each join copies. */
export interface RangeFunction {
  // The accumulator's type is the accumulation's own business.
  readonly accumulation: Accumulation<unknown>
  readonly collects: boolean
}

function merging<A>(accumulation: Accumulation<A>): RangeFunction {
  return { accumulation: accumulation as Accumulation<unknown>, collects: false }
}

function collecting<A>(accumulation: Accumulation<A>): RangeFunction {
  return { accumulation: accumulation as Accumulation<unknown>, collects: true }
}

/**
 * The accumulation of a range function. Plain functions are fed 1 per line, byte functions the line's size,
 * functions with `unwrap` its value.
 */
export function rangeFunction(op: RangeOp, param: number | undefined): RangeFunction {
  switch (op) {
    case 'count_over_time':
    case 'bytes_over_time':
    case 'sum_over_time':
    case 'absent_over_time':
      return merging(sum)
    case 'rate':
    case 'bytes_rate':
      return merging(perSecond)
    case 'min_over_time':
      return merging(extreme((value, than) => value < than))
    case 'max_over_time':
      return merging(extreme((value, than) => value > than))
    case 'avg_over_time':
      return merging(moments((acc) => acc.mean))
    case 'stdvar_over_time':
      return merging(moments((acc) => acc.m2 / acc.count))
    case 'stddev_over_time':
      return merging(moments((acc) => Math.sqrt(acc.m2 / acc.count)))
    case 'first_over_time':
      return merging(edge((later, same) => !later && !same))
    case 'last_over_time':
      return merging(edge((later, same) => later || same))
    case 'quantile_over_time':
      return collecting(quantiles(param ?? Number.NaN))
    case 'rate_counter':
      return collecting(samples(counterRate))
  }
}
