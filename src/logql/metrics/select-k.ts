import type { LabelOrder } from './label-order.ts'
import { compareLabels, type SeriesId, type Vector } from './vector.ts'
import type { GroupOf } from './vector-agg.ts'

/** A heap in the manner of Go's `container/heap`, whose order of equal values shows in Loki's answers. */
interface Candidates {
  readonly series: SeriesId[]
  readonly values: number[]
}

/**
 * `topk` and `bottomk`: per group the k greatest or least values, with their full labels. Sorted by labels.
 */
export function selectK(
  input: Vector,
  top: boolean,
  k: number,
  groupOf: GroupOf,
  labelOrder: LabelOrder,
): Vector {
  // `worse` tells which of two values leaves the heap first.
  const worse = (a: number, b: number): boolean => Number.isNaN(a) || (top ? a < b : a > b)
  const groups = new Map<SeriesId, Candidates>()
  for (const i of labelOrder.of(input.series)) {
    const group = groupOf(input.series[i])
    let heap = groups.get(group)
    if (heap === undefined) groups.set(group, (heap = { series: [], values: [] }))
    const value = input.values[i]
    if (heap.values.length < k) {
      heap.series.push(input.series[i])
      heap.values.push(value)
      up(heap, heap.values.length - 1, worse)
    } else if (Number.isNaN(heap.values[0]) || worse(heap.values[0], value)) {
      if (Number.isNaN(value)) continue
      replaceRoot(heap, input.series[i], value, worse)
    }
  }
  const series = [...groups.values()].flatMap((heap) => heap.series)
  const values = [...groups.values()].flatMap((heap) => heap.values)
  const sorted = [...series.keys()].sort((a, b) => compareLabels(series[a].labels, series[b].labels))
  return { series: sorted.map((i) => series[i]), values: sorted.map((i) => values[i]) }
}

/** Go pops the root (last item to the top, down) and pushes the new item (at the end, up). */
function replaceRoot(heap: Candidates, series: SeriesId, value: number, worse: Worse): void {
  const last = heap.values.length - 1
  swap(heap, 0, last)
  down(heap, last, worse)
  heap.series[last] = series
  heap.values[last] = value
  up(heap, last, worse)
}

type Worse = (a: number, b: number) => boolean

function up({ series, values }: Candidates, at: number, worse: Worse): void {
  while (at > 0) {
    const parent = Math.floor((at - 1) / 2)
    if (!worse(values[at], values[parent])) return
    swap({ series, values }, at, parent)
    at = parent
  }
}

function down(heap: Candidates, length: number, worse: Worse): void {
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= length) return
    if (child + 1 < length && worse(heap.values[child + 1], heap.values[child])) child++
    if (!worse(heap.values[child], heap.values[at])) return
    swap(heap, at, child)
    at = child
  }
}

function swap({ series, values }: Candidates, a: number, b: number): void {
  ;[series[a], series[b]] = [series[b], series[a]]
  ;[values[a], values[b]] = [values[b], values[a]]
}
