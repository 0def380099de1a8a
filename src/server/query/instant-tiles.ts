import type { InstantQuery, QueryResult, RangeQuery, ResultSample } from '#logql/engine/types.ts'
import { makeBinary } from '#logql/metrics/binary.ts'
import { makeLabelReplace } from '#logql/metrics/label-replace.ts'
import { compareLabels, SeriesTable, type StepValue, type Vector } from '#logql/metrics/vector.ts'
import { makeVectorAgg } from '#logql/metrics/vector-agg.ts'
import type { MetricExpr, RangeAggExpr, VectorAggExpr } from '#logql/syntax/ast.ts'
import { printExpr } from '#logql/syntax/printer.ts'
import { isDivisible } from './divisible.ts'

/** How an instant query's parts are answered. */
export interface TileSource {
  /** Counts of every tile; answers of earlier queries are used again. */
  range(query: RangeQuery, rangeMs: number): Promise<QueryResult>
  /** A count of what is not a whole tile. */
  instant(query: InstantQuery): Promise<QueryResult>
}

/** A count in an instant query: what of it is asked for, and over how much time. */
interface CountedLeaf {
  readonly rangeAgg: RangeAggExpr
  /** The `sum by` directly around it, which is taken line by line. */
  readonly sum: VectorAggExpr | undefined
}

/** Windows are counted in tiles of one of these lengths, ms. */
const TILES_MS = [10_000, 60_000, 600_000, 3_600_000]
/** A window is at least so many tiles; shorter ones are counted afresh. */
const MIN_TILES = 12
/** And no more than so many, but of the largest tiles. */
const MAX_TILES = 1500

/**
 * Answers an instant query from counts of tiles of its windows, most of which the same query has needed
 * when it was asked before: a dashboard asks for the last hour every few seconds.
 * @returns undefined where that is not certain to give the same to the last bit, or would not pay
 */
export async function answerFromTiles(
  expr: MetricExpr,
  query: InstantQuery,
  source: TileSource,
): Promise<Extract<QueryResult, { type: 'vector' }> | undefined> {
  const leaves = countedLeaves(expr)
  if (leaves === undefined || leaves.length === 0 || query.timeNs !== 0 || !isDivisible(expr))
    return undefined
  if (leaves.some(({ rangeAgg }) => tileOf(rangeAgg) === undefined)) return undefined
  if (!leaves.some(({ rangeAgg }) => isReadLineByLine(rangeAgg))) return undefined
  const vectors = new Map<MetricExpr, Vector>()
  let last: QueryResult | undefined
  for (const leaf of leaves) {
    const { vector, result } = await countLeaf(leaf, query, source)
    vectors.set(leaf.sum ?? leaf.rangeAgg, vector)
    last = result
  }
  const value = evaluate(expr, vectors)
  if (last === undefined || typeof value === 'number') return undefined
  const samples = value.series.map(
    ({ labels }, i): ResultSample => ({ labels, timeMs: query.timeMs, value: value.values[i] }),
  )
  samples.sort((a, b) => compareLabels(a.labels, b.labels))
  return { type: 'vector', samples, stats: last.stats, warnings: [] }
}

/** Counts of lines without any stage are quick anyway: the store has them by the minute. */
function isReadLineByLine({ range }: RangeAggExpr): boolean {
  return range.log.stages.length > 0
}

/** The counts that an expression is made of; undefined where there is something else in it. */
function countedLeaves(expr: MetricExpr): CountedLeaf[] | undefined {
  switch (expr.kind) {
    case 'literal':
    case 'vector':
      return []
    case 'rangeAgg':
      return isCount(expr) ? [{ rangeAgg: expr, sum: undefined }] : undefined
    case 'vectorAgg': {
      const { expr: child, op, grouping } = expr
      if (child.kind !== 'rangeAgg') return countedLeaves(child)
      // Others than sums count all series against the limit of one query.
      if (op !== 'sum' || grouping?.without === true || !isCount(child)) return undefined
      return [{ rangeAgg: child, sum: expr }]
    }
    case 'labelReplace':
      return countedLeaves(expr.expr)
    case 'binary': {
      const left = countedLeaves(expr.left)
      const right = left && countedLeaves(expr.right)
      return right && left && [...left, ...right]
    }
  }
}

const COUNT_OF: Partial<Record<RangeAggExpr['op'], 'count_over_time' | 'bytes_over_time'>> = {
  count_over_time: 'count_over_time',
  rate: 'count_over_time',
  bytes_over_time: 'bytes_over_time',
  bytes_rate: 'bytes_over_time',
}

function isCount({ op, range, grouping }: RangeAggExpr): boolean {
  return (
    COUNT_OF[op] !== undefined &&
    range.unwrap === undefined &&
    grouping === undefined &&
    Number.isInteger(range.rangeMs) &&
    range.offsetMs === 0
  )
}

/** The length of the tiles of a window; undefined where it is too short for any. */
function tileOf({ range: { rangeMs } }: RangeAggExpr): number | undefined {
  if (rangeMs < TILES_MS[0] * MIN_TILES) return undefined
  return TILES_MS.find((tileMs) => rangeMs <= tileMs * MAX_TILES) ?? TILES_MS[TILES_MS.length - 1]
}

/** Counts a window as tiles, and what is left at its ends. */
async function countLeaf(
  leaf: CountedLeaf,
  query: InstantQuery,
  source: TileSource,
): Promise<{ vector: Vector; result: QueryResult }> {
  const { rangeAgg } = leaf
  const { rangeMs } = rangeAgg.range
  const tileMs = tileOf(rangeAgg) ?? rangeMs
  const fromMs = query.timeMs - rangeMs
  const firstMs = Math.ceil(fromMs / tileMs) * tileMs
  const lastMs = Math.floor(query.timeMs / tileMs) * tileMs
  const totals = new Totals()
  const { query: _, timeMs: __, timeNs: ___, ...settings } = query
  const ends = { startMs: firstMs + tileMs, startNs: 0, endMs: lastMs, endNs: 0 }
  const shape = { stepMs: tileMs, intervalMs: 0, limit: 0, direction: 'forward' } as const
  const text = leafText(leaf, tileMs)
  const result = await source.range({ query: text, ...ends, ...shape, ...settings }, tileMs)
  totals.add(result)
  const edges = [
    { timeMs: firstMs, lengthMs: firstMs - fromMs },
    { timeMs: query.timeMs, lengthMs: query.timeMs - lastMs },
  ]
  for (const { timeMs, lengthMs } of edges) {
    if (lengthMs === 0) continue
    totals.add(await source.instant({ query: leafText(leaf, lengthMs), timeMs, timeNs: 0, ...settings }))
  }
  const isRate = rangeAgg.op === 'rate' || rangeAgg.op === 'bytes_rate'
  return { vector: totals.vector(isRate ? rangeMs / 1000 : 1), result }
}

/** A leaf as a query that counts over a shorter time. */
function leafText({ rangeAgg, sum }: CountedLeaf, rangeMs: number): string {
  const { op, range } = rangeAgg
  const count: RangeAggExpr = { ...rangeAgg, op: COUNT_OF[op] ?? op, range: { ...range, rangeMs } }
  return printExpr(sum === undefined ? count : { ...sum, expr: count })
}

/** Adds up counts by series. */
class Totals {
  readonly #table = new SeriesTable()
  readonly #totals = new Map<ReturnType<SeriesTable['of']>, number>()

  add(result: QueryResult): void {
    if (result.type === 'matrix') {
      for (const { labels, values } of result.series) for (const value of values) this.#add(labels, value)
    } else if (result.type === 'vector') {
      for (const { labels, value } of result.samples) this.#add(labels, value)
    }
  }

  #add(labels: ResultSample['labels'], value: number): void {
    const id = this.#table.of(labels)
    this.#totals.set(id, (this.#totals.get(id) ?? 0) + value)
  }

  vector(seconds: number): Vector {
    return { series: [...this.#totals.keys()], values: [...this.#totals.values()].map((n) => n / seconds) }
  }
}

/** What an expression makes of its leaves. */
function evaluate(expr: MetricExpr, leaves: ReadonlyMap<MetricExpr, Vector>): StepValue {
  const known = leaves.get(expr)
  if (known !== undefined) return known
  const vectorOf = (child: MetricExpr): Vector => {
    const value = evaluate(child, leaves)
    return typeof value === 'number' ? { series: [], values: [] } : value
  }
  switch (expr.kind) {
    case 'literal':
      return expr.value
    case 'vector':
      return { series: [new SeriesTable().of([])], values: [expr.value] }
    case 'vectorAgg':
      return makeVectorAgg(expr)(vectorOf(expr.expr))
    case 'labelReplace':
      return makeLabelReplace(expr)(vectorOf(expr.expr))
    case 'binary':
      return makeBinary(expr)(evaluate(expr.left, leaves), evaluate(expr.right, leaves))
    case 'rangeAgg':
      return { series: [], values: [] }
  }
}
