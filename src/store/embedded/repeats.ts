import type { Metadata } from '../types.ts'
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
  const [a, b] = [source.positions, earlier.positions]
  if (a.length === 0 || !overlap(source, earlier)) return source
  let repeated: Uint8Array | undefined
  let start = 0
  for (let i = 0; i < a.length; i++) {
    while (start < b.length && compareTimes(earlier, b[start], source, a[i]) < 0) start++
    for (let j = start; j < b.length && compareTimes(earlier, b[j], source, a[i]) === 0; j++) {
      if (!sameContent(source, a[i], earlier, b[j])) continue
      repeated ??= new Uint8Array(a.length)
      repeated[i] = 1
      break
    }
  }
  if (repeated === undefined) return source
  return { ...source, positions: a.filter((_, i) => repeated[i] === 0) }
}

function overlap(x: SourceRows, y: SourceRows): boolean {
  const [a, b] = [x.positions, y.positions]
  return compareTimes(x, a[0], y, b[b.length - 1]) <= 0 && compareTimes(y, b[0], x, a[a.length - 1]) <= 0
}

function compareTimes(x: SourceRows, a: number, y: SourceRows, b: number): number {
  return x.tsMs[a] - y.tsMs[b] || x.tsNs[a] - y.tsNs[b]
}

function sameContent(x: SourceRows, a: number, y: SourceRows, b: number): boolean {
  const [aFrom, bFrom] = [x.lineFrom[a], y.lineFrom[b]]
  const length = x.lineTo[a] - aFrom
  if (y.lineTo[b] - bFrom !== length) return false
  for (let i = 0; i < length; i++) if (x.bytes[aFrom + i] !== y.bytes[bFrom + i]) return false
  return sameSet(x.metadata[x.rowMetadata[a]], y.metadata[y.rowMetadata[b]])
}

function sameSet(x: Metadata, y: Metadata): boolean {
  return (
    x === y || (x.length === y.length && x.every(([name, value], i) => name === y[i][0] && value === y[i][1]))
  )
}
