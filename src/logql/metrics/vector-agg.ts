import type { Labels } from '#base/labels.ts'
import { LogqlError } from '../error.ts'
import type { Grouping, VectorAggExpr, VectorOp } from '../syntax/ast.ts'
import { LabelOrder } from './label-order.ts'
import { selectK } from './select-k.ts'
import { type SeriesId, SeriesTable, type Vector } from './vector.ts'

/** An aggregation over the vector of one step. */
export type VectorStep = (input: Vector) => Vector

/** @throws LogqlError 500 for `approx_topk`, which is off, as in Loki's default configuration */
export function makeVectorAgg(expr: VectorAggExpr): VectorStep {
  const groupOf = makeGroupOf(expr.grouping)
  switch (expr.op) {
    case 'approx_topk':
      throw new LogqlError('approx_topk is not enabled. See -limits.shard_aggregations', 500)
    case 'topk':
    case 'bottomk': {
      const order = new LabelOrder()
      return (input) => selectK(input, expr.op === 'topk', expr.param ?? 1, groupOf, order)
    }
    case 'sort':
    case 'sort_desc':
      return (input) => sortVector(input, expr.op === 'sort_desc')
    default:
      return makeReducer(expr.op, groupOf)
  }
}

/** The series that stands for a group: its labels by the aggregation's grouping. */
export type GroupOf = (id: SeriesId) => SeriesId

/** Finds groups by an aggregation's labels. */
export function makeGroupOf(grouping: Grouping | undefined): GroupOf {
  const table = new SeriesTable()
  const known = new Map<SeriesId, SeriesId>()
  const names = new Set(grouping?.labels)
  const keep =
    grouping?.without === true
      ? ([name, value]: Labels[number]): boolean => !names.has(name) && name !== '__name__' && value !== ''
      : ([name]: Labels[number]): boolean => names.has(name)
  return (id) => {
    let group = known.get(id)
    if (group === undefined) known.set(id, (group = table.of(id.labels.filter(keep))))
    return group
  }
}

function sortVector({ series, values }: Vector, descending: boolean): Vector {
  const order = [...values.keys()].sort((a, b) => {
    // NaN goes last either way.
    if (Number.isNaN(values[a])) return Number.isNaN(values[b]) ? a - b : 1
    if (Number.isNaN(values[b])) return -1
    return (descending ? values[b] - values[a] : values[a] - values[b]) || a - b
  })
  return { series: order.map((i) => series[i]), values: order.map((i) => values[i]) }
}

/** Running numbers of one group. */
interface GroupState {
  count: number
  value: number
  mean: number
  m2: number
}

type ReduceOp = Exclude<VectorOp, 'topk' | 'bottomk' | 'approx_topk' | 'sort' | 'sort_desc'>

function makeReducer(op: ReduceOp, groupOf: GroupOf): VectorStep {
  return ({ series, values }) => {
    const groups = new Map<SeriesId, GroupState>()
    for (let i = 0; i < series.length; i++) {
      const group = groupOf(series[i])
      const state = groups.get(group)
      if (state === undefined) groups.set(group, { count: 1, value: values[i], mean: values[i], m2: 0 })
      else reduce(op, state, values[i])
    }
    return { series: [...groups.keys()], values: [...groups.values()].map((state) => reduced(op, state)) }
  }
}

function reduce(op: ReduceOp, state: GroupState, value: number): void {
  state.count++
  switch (op) {
    case 'sum':
      state.value += value
      break
    case 'max':
      if (value > state.value || Number.isNaN(state.value)) state.value = value
      break
    case 'min':
      if (value < state.value || Number.isNaN(state.value)) state.value = value
      break
    case 'avg':
    case 'stddev':
    case 'stdvar': {
      const delta = value - state.mean
      // Infinity stays, opposite infinities are NaN.
      state.mean = Number.isFinite(delta) ? state.mean + delta / state.count : state.mean + value
      state.m2 += delta * (value - state.mean)
      break
    }
  }
}

function reduced(op: ReduceOp, { count, value, mean, m2 }: GroupState): number {
  switch (op) {
    case 'count':
      return count
    case 'avg':
      return mean
    case 'stdvar':
      return m2 / count
    case 'stddev':
      return Math.sqrt(m2 / count)
    default:
      return value
  }
}
