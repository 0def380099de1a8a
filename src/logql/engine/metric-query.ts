import type { LogStore } from '#store/types.ts'
import { type Evaluator, makeEvaluator } from '../metrics/evaluator.ts'
import type { ReadContext } from '../metrics/range-reader.ts'
import type { StepBlock } from '../metrics/step-block.ts'
import { type StepGrid, stepTime } from '../metrics/step-grid.ts'
import { tooManySeries } from '../metrics/too-many-series.ts'
import { compareLabels, type SeriesId, type StepValue } from '../metrics/vector.ts'
import type { MetricExpr } from '../syntax/ast.ts'
import { Pace } from './pace.ts'
import { StatsCollector } from './stats.ts'
import type {
  InstantQuery,
  QueryLimits,
  QueryResult,
  QuerySettings,
  RangeQuery,
  ResultSeries,
} from './types.ts'

/** Where and under which limits a metric query runs. */
export interface MetricRun {
  readonly store: LogStore
  readonly tenant: string
  readonly limits: QueryLimits
  readonly signal: AbortSignal
  readonly settings: QuerySettings
}

/** A point of a series of the result, as it is gathered. */
interface GatheredSeries {
  readonly id: SeriesId
  readonly timesMs: number[]
  readonly values: number[]
}

/** Evaluates a metric expression at every step of [start, end], widened to multiples of the step. */
export async function runRangeQuery(
  run: MetricRun,
  expr: MetricExpr,
  query: RangeQuery,
): Promise<QueryResult> {
  const { stepMs } = query
  const firstMs = Math.floor(query.startMs / stepMs) * stepMs
  const endUpMs = query.endNs > 0 ? query.endMs + 1 : query.endMs
  const lastMs = Math.ceil(endUpMs / stepMs) * stepMs
  const grid = { firstMs, stepMs, count: Math.round((lastMs - firstMs) / stepMs) + 1 }
  const gathered = new Map<string, GatheredSeries>()
  const context = makeContext(run, grid, 0)
  const limit = run.limits.max_query_series
  await evaluateSteps(run, expr, context, {
    onStep: (timeMs, value) => gather(gathered, timeMs, value, limit),
    onBlock: (block) => gatherBlock(gathered, grid, block, limit),
  })
  const series: ResultSeries[] = [...gathered.values()]
    .sort((a, b) => compareLabels(a.id.labels, b.id.labels))
    .map(({ id, timesMs, values }) => ({ labels: id.labels, timesMs, values }))
  return { type: 'matrix', series, ...common(run, context) }
}

/** Evaluates a metric expression at one moment. */
export async function runInstantMetric(
  run: MetricRun,
  expr: MetricExpr,
  query: InstantQuery,
): Promise<QueryResult> {
  const context = makeContext(run, { firstMs: query.timeMs, stepMs: 1, count: 1 }, query.timeNs)
  let result: StepValue = { series: [], values: [] }
  await evaluateSteps(run, expr, context, {
    onStep: (_, value) => {
      result = value
    },
  })
  return instantResult(run, expr, query.timeMs, result, context)
}

function instantResult(
  run: MetricRun,
  expr: MetricExpr,
  timeMs: number,
  result: StepValue,
  context: ReadContext,
): QueryResult {
  if (typeof result === 'number') {
    return { type: 'scalar', timeMs, value: result, ...common(run, context) }
  }
  const { series, values } = result
  const limit = run.limits.max_query_series
  if (limit > 0 && series.length > limit) throw tooManySeries(limit)
  const order = [...series.keys()]
  if (!containsSort(expr)) order.sort((a, b) => compareLabels(series[a].labels, series[b].labels))
  const samples = order.map((i) => ({ labels: series[i].labels, timeMs, value: values[i] }))
  return { type: 'vector', samples, ...common(run, context) }
}

function common({ settings }: MetricRun, { stats }: ReadContext) {
  return { stats: stats.total(0), warnings: [], ...stats.explain(settings) }
}

function makeContext(run: MetricRun, grid: StepGrid, instantNs: number): ReadContext {
  const { store, tenant, signal, limits, settings } = run
  return {
    store,
    tenant,
    grid,
    instantNs,
    signal,
    maxHeldBytes: limits.max_query_memory,
    shortcuts: settings.shortcuts !== false,
    parts: settings.parts,
    memory: settings.memory,
    pace: new Pace(signal),
    stats: new StatsCollector(),
  }
}

/** Takes the values of steps, in their order. */
interface StepSink {
  onStep(timeMs: number, value: StepValue): void
  /** Undefined where steps come one by one. */
  onBlock?(block: StepBlock): void
}

async function evaluateSteps(
  run: MetricRun,
  expr: MetricExpr,
  context: ReadContext,
  sink: StepSink,
): Promise<void> {
  const evaluator = makeEvaluator(expr, context, run.limits.max_query_series)
  const { readers, evaluate } = evaluator
  try {
    const first = sink.onBlock === undefined ? 0 : await evaluateBlocks(evaluator, context, sink.onBlock)
    for (let step = first; step < context.grid.count; step++) {
      for (const reader of readers) await reader.prepare(step)
      sink.onStep(stepTime(context.grid, step), evaluate(step))
      if (context.pace.due) await context.pace.rest()
    }
  } finally {
    for (const reader of readers) await reader.close()
  }
}

/** Evaluates as many steps as can be in blocks. Returns the first that is left. */
async function evaluateBlocks(
  { readers, evaluateBlock }: Evaluator,
  { grid, pace }: ReadContext,
  onBlock: (block: StepBlock) => void,
): Promise<number> {
  if (evaluateBlock === undefined || readers.length === 0) return 0
  let most = grid.count
  for (const reader of readers) {
    most = Math.min(most, await reader.blockSteps())
    if (most === 0) return 0
  }
  let step = 0
  while (step < grid.count) {
    const block = await evaluateBlock(step, Math.min(most, grid.count - step))
    if (block === undefined || typeof block === 'number') break
    onBlock(block)
    step += block.steps
    if (pace.due) await pace.rest()
  }
  return step
}

const SCALAR_SERIES: SeriesId = { labels: [], key: '{}' }

function gather(
  gathered: Map<string, GatheredSeries>,
  timeMs: number,
  value: StepValue,
  limit: number,
): void {
  const { series, values } = typeof value === 'number' ? { series: [SCALAR_SERIES], values: [value] } : value
  for (let i = 0; i < series.length; i++) {
    const id = series[i]
    let one = gathered.get(id.key)
    if (one === undefined) {
      one = { id, timesMs: [], values: [] }
      gathered.set(id.key, one)
      if (limit > 0 && gathered.size > limit) throw tooManySeries(limit)
    }
    one.timesMs.push(timeMs)
    one.values.push(values[i])
  }
}

function gatherBlock(
  gathered: Map<string, GatheredSeries>,
  grid: StepGrid,
  { firstStep, steps, rows }: StepBlock,
  limit: number,
): void {
  const times = Array.from({ length: steps }, (_, k) => stepTime(grid, firstStep + k))
  for (const { series: id, values, has } of rows) {
    let one = gathered.get(id.key)
    for (let k = 0; k < steps; k++) {
      if (has[k] === 0) continue
      if (one === undefined) {
        one = { id, timesMs: [], values: [] }
        gathered.set(id.key, one)
        if (limit > 0 && gathered.size > limit) throw tooManySeries(limit)
      }
      one.timesMs.push(times[k])
      one.values.push(values[k])
    }
  }
}

/**
 * Whether `sort` or `sort_desc` is anywhere in the expression: then the order of evaluation is the answer's.
 */
function containsSort(expr: MetricExpr): boolean {
  switch (expr.kind) {
    case 'vectorAgg':
      return expr.op === 'sort' || expr.op === 'sort_desc' || containsSort(expr.expr)
    case 'labelReplace':
      return containsSort(expr.expr)
    case 'binary':
      return containsSort(expr.left) || containsSort(expr.right)
    default:
      return false
  }
}
