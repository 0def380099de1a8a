import type { Lines, Metadata } from '../types.ts'
import type { SourceRows } from './sources.ts'

/**
 * Takes rows out that an earlier source has too: same time, line and metadata. `sources` are of one stream
 * and window, in order of arrival; each has no repeats in itself. A push that was repeated after a crash or a
 * timeout is found here when its first copy had left memory.
 */
export function withoutRepeats(sources: readonly SourceRows[]): SourceRows[] {
  const kept: SourceRows[] = []
  for (const source of sources) {
    let rest = source
    for (const earlier of kept) rest = subtract(rest, earlier)
    if (rest.positions.length > 0) kept.push(rest)
  }
  return kept
}

/** `source` without the rows that `earlier` has too; positions of both ascend in time. */
export function subtract(source: SourceRows, earlier: SourceRows): SourceRows {
  const { positions } = source
  if (positions.length === 0 || !overlap(source, earlier)) return source
  const ties = findTies(source, earlier)
  if (ties.length === 0) return source
  const isSame = makeComparison(source, earlier, ties)
  const repeated = new Uint8Array(positions.length)
  for (const { at, from, to } of ties) {
    for (let j = from; j < to && repeated[at] === 0; j++) {
      if (isSame(positions[at], earlier.positions[j])) repeated[at] = 1
    }
  }
  if (!repeated.includes(1)) return source
  return { ...source, positions: positions.filter((_, i) => repeated[i] === 0) }
}

/** A row of one source, by its place among the positions, and the other's places with the same time. */
interface Tie {
  readonly at: number
  readonly from: number
  readonly to: number
}

function findTies(source: SourceRows, earlier: SourceRows): Tie[] {
  const [a, b] = [source.positions, earlier.positions]
  const ties: Tie[] = []
  let from = 0
  for (let at = 0; at < a.length; at++) {
    while (from < b.length && compareTimes(earlier, b[from], source, a[at]) < 0) from++
    let to = from
    while (to < b.length && compareTimes(earlier, b[to], source, a[at]) === 0) to++
    if (to > from) ties.push({ at, from, to })
  }
  return ties
}

function overlap(x: SourceRows, y: SourceRows): boolean {
  const [a, b] = [x.positions, y.positions]
  return compareTimes(x, a[0], y, b[b.length - 1]) <= 0 && compareTimes(y, b[0], x, a[a.length - 1]) <= 0
}

function compareTimes(x: SourceRows, a: number, y: SourceRows, b: number): number {
  return x.tsMs[a] - y.tsMs[b] || x.tsNs[a] - y.tsNs[b]
}

/** Compares line and metadata of rows that tie. */
function makeComparison(
  x: SourceRows,
  y: SourceRows,
  ties: readonly Tie[],
): (a: number, b: number) => boolean {
  const xLines = x.lines(Uint32Array.from(ties, ({ at }) => x.positions[at]))
  const yLines = y.lines(y.positions.subarray(ties[0].from, ties[ties.length - 1].to))
  const [xSets, ySets] = [x.metadata(), y.metadata()]
  return (a, b) =>
    sameLine(xLines, a, yLines, b) && sameSet(xSets.sets[xSets.ids[a]], ySets.sets[ySets.ids[b]])
}

function sameLine(x: Lines, a: number, y: Lines, b: number): boolean {
  const length = x.lineTo[a] - x.lineFrom[a]
  if (y.lineTo[b] - y.lineFrom[b] !== length) return false
  for (let i = 0; i < length; i++) {
    if (x.bytes[x.lineFrom[a] + i] !== y.bytes[y.lineFrom[b] + i]) return false
  }
  return true
}

function sameSet(x: Metadata, y: Metadata): boolean {
  return (
    x === y || (x.length === y.length && x.every(([name, value], i) => name === y[i][0] && value === y[i][1]))
  )
}
