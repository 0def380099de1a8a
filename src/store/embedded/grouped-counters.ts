import type { CountColumns, CountNumbers, CountRun } from '../types.ts'
import { FormatError } from './bytes.ts'
import type { Counters } from './segment-format.ts'
import type { Stream } from './stream.ts'

/** Counters whose cells lie stream by stream, level by level, and by minute within. */
export interface GroupedCounters {
  readonly levels: Counters['levels']
  readonly columns: CountColumns
  /** Cells [from[r], from[r + 1]) are those of run r. */
  readonly from: Uint32Array
  /** Per run: the number of its stream, as in the counters. Ascends. */
  readonly stream: Uint32Array
  /** Per run: an index into `levels`. */
  readonly level: Uint32Array
}

/**
 * Groups the cells of counters.
 * @param streams how many streams their numbers may name
 * @param cells the cells that are wanted, as positions
 * @throws FormatError where a cell names a stream or a level that is not there
 */
export function groupCounters(counters: Counters, streams: number, cells: Uint32Array): GroupedCounters {
  const { levels, stream, level } = counters
  // Two passes that keep the order of equals; cells nearly always come by minute.
  const byLevel = sortedBy(cells, level, levels.length)
  const order = sortedBy(byLevel, stream, streams)
  const runs = findRuns(order, stream, level)
  for (let run = 0; run + 1 < runs.length; run++) {
    sortByMinute(order.subarray(runs[run], runs[run + 1]), counters.minute)
  }
  const columns = {
    minute: gather(counters.minute, order, new Int32Array(order.length)),
    lines: gatherNarrow(counters.lines, order),
    bytes: gatherNarrow(counters.bytes, order),
    metadataBytes: gatherNarrow(counters.metadataBytes, order),
  }
  const firsts = runs.subarray(0, -1)
  return {
    levels,
    columns,
    from: runs,
    stream: firsts.map((first) => stream[order[first]]),
    level: firsts.map((first) => level[order[first]]),
  }
}

/** The positions of all of so many cells. */
export function allCells(count: number): Uint32Array {
  const cells = new Uint32Array(count)
  for (let i = 0; i < count; i++) cells[i] = i
  return cells
}

/** The positions by the keys found there, below `keys`. */
function sortedBy(positions: Uint32Array, key: Uint32Array, keys: number): Uint32Array {
  const next = new Uint32Array(keys + 1)
  for (let i = 0; i < positions.length; i++) {
    const found = key[positions[i]]
    if (found >= keys) throw new FormatError('the counters name a stream or level that is unknown')
    next[found + 1]++
  }
  for (let i = 0; i < keys; i++) next[i + 1] += next[i]
  const sorted = new Uint32Array(positions.length)
  for (let i = 0; i < positions.length; i++) sorted[next[key[positions[i]]]++] = positions[i]
  return sorted
}

/** Where runs of equal stream and level begin, and the end. */
function findRuns(order: Uint32Array, stream: Uint32Array, level: Uint32Array): Uint32Array {
  const firsts: number[] = []
  for (let i = 0; i < order.length; i++) {
    const cell = order[i]
    const before = order[i - 1]
    if (i === 0 || stream[cell] !== stream[before] || level[cell] !== level[before]) firsts.push(i)
  }
  firsts.push(order.length)
  return Uint32Array.from(firsts)
}

function sortByMinute(cells: Uint32Array, minute: Float64Array): void {
  for (let i = 1; i < cells.length; i++) {
    if (minute[cells[i]] >= minute[cells[i - 1]]) continue
    cells.sort((a, b) => minute[a] - minute[b])
    return
  }
}

/** The numbers at these positions. */
function gather<T extends Int32Array | CountNumbers>(
  numbers: Uint32Array | Float64Array,
  positions: Uint32Array,
  into: T,
): T {
  for (let i = 0; i < positions.length; i++) into[i] = numbers[positions[i]]
  return into
}

/** The numbers at these positions, in as little memory as they fit. */
function gatherNarrow(numbers: Uint32Array | Float64Array, positions: Uint32Array): CountNumbers {
  let most = 0
  for (let i = 0; i < positions.length; i++) most = Math.max(most, numbers[positions[i]])
  const { length } = positions
  return gather(numbers, positions, most <= 0xffff ? new Uint16Array(length) : new Float64Array(length))
}

/** About how much memory grouped counters take, bytes. */
export function groupedBytes({ columns, stream }: GroupedCounters): number {
  const { minute, lines, bytes, metadataBytes } = columns
  const cells = minute.byteLength + lines.byteLength + bytes.byteLength + metadataBytes.byteLength
  return cells + stream.length * 12 + 256
}

/** Minutes [first, end). */
export interface MinuteRange {
  readonly first: number
  readonly end: number
}

/** Adds the runs of streams as far as they lie in the minutes meant of each: undefined for none. */
export function addRuns(
  into: CountRun[],
  grouped: GroupedCounters,
  streams: readonly Stream[],
  minutesOf: (number: number) => MinuteRange | undefined,
): void {
  const { levels, columns } = grouped
  let number = -1
  let minutes: MinuteRange | undefined
  for (let run = 0; run < grouped.stream.length; run++) {
    if (grouped.stream[run] !== number) {
      number = grouped.stream[run]
      minutes = minutesOf(number)
    }
    if (minutes === undefined) continue
    const from = lowerBound(columns.minute, grouped.from[run], grouped.from[run + 1], minutes.first)
    const to = lowerBound(columns.minute, from, grouped.from[run + 1], minutes.end)
    if (from === to) continue
    const { level, metadata } = levels[grouped.level[run]]
    into.push({ stream: streams[number], level, metadata, columns, from, to })
  }
}

/** The first position in [low, high) whose minute is not below the wanted one; `high` where there is none. */
function lowerBound(minutes: Int32Array, low: number, high: number, wanted: number): number {
  // Nearly always all of a run is wanted.
  if (low === high || minutes[low] >= wanted) return low
  if (minutes[high - 1] < wanted) return high
  while (low < high) {
    const middle = (low + high) >>> 1
    if (minutes[middle] < wanted) low = middle + 1
    else high = middle
  }
  return low
}
